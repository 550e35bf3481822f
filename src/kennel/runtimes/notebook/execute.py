"""`python -m kennel.runtimes.notebook.execute FILE`: runs a notebook, first cell to last.

It runs in whatever environment it is started in; `kennel notebook` starts it in the one that
`kennel run` gives. Exit status: 0, 1 if a cell failed, 2 if it was asked wrongly.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import os
import re
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from kennel.runtimes import SITE_FOLDER
from kennel.runtimes.notebook.parameters import BadParameter, inject, parse

__all__ = ["add_arguments", "main"]

FAILED, WRONG, INTERRUPTED = 1, 2, 130
_COLOURS = re.compile(r"\x1b\[[0-9;]*m")


class _Refused(Exception):
    """Asked wrongly; the message is a sentence."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments of the command, wherever it is started from."""
    parser.add_argument("file", metavar="FILE", help="the notebook, an .ipynb file")
    parser.add_argument(
        "-o",
        "--output",
        metavar="OUT",
        help="where the executed copy goes (default: FILE with .executed before its suffix)",
    )
    parser.add_argument(
        "--kernel", metavar="NAME", default="", help="an installed kernel (default: the notebook's)"
    )
    parser.add_argument(
        "--python",
        metavar="PROGRAM",
        default="",
        help="a Python with ipykernel in it that runs the cells (default: Kennel's own, unless a "
        "kernel of the notebook's name is installed)",
    )
    parser.add_argument(
        "-p",
        "--parameter",
        metavar="NAME=VALUE",
        action="append",
        default=[],
        help="sets a variable behind the cell tagged `parameters`; may be given more than once",
    )
    parser.add_argument("--json", action="store_true", help="print a JSON summary of the run")


def main(argv: Sequence[str] | None = None) -> int:
    """Runs the command line; returns the exit status."""
    parser = argparse.ArgumentParser(prog="kennel notebook")
    add_arguments(parser)
    arguments = parser.parse_args(argv)
    if importlib.util.find_spec("nbclient") is None:
        return _complain("Notebooks need Jupyter: pip install 'kennel[notebook]'.", WRONG)
    try:
        return _execute(arguments)
    except (_Refused, BadParameter) as error:
        return _complain(f"{error}.", WRONG)


def _execute(arguments: argparse.Namespace) -> int:
    import nbformat
    from jupyter_client.kernelspec import NoSuchKernel

    from kennel.runtimes.notebook import headless
    from kennel.runtimes.notebook.screen import Screen

    parameters = dict(map(parse, arguments.parameter))
    source = Path(arguments.file)
    notebook = _read(source)
    output = _output(source, arguments.output)
    if parameters:
        inject(notebook.cells, headless.new_code_cell(), parameters)
    python = arguments.python or sys.executable
    _check_kernel_of(python)
    try:
        kernel = headless.choose_kernel(
            notebook, arguments.kernel, python, ours=bool(arguments.python)
        )
    except NoSuchKernel as error:
        raise _Refused(
            f"There is no kernel {error.name} here: install it, or name another with --kernel"
        ) from error
    if kernel.note:
        _complain(kernel.note, 0)

    def keep() -> None:
        fresh = output.with_name(f".{output.name}.new")
        nbformat.write(notebook, fresh)
        fresh.replace(output)

    stream = sys.stderr if arguments.json else sys.stdout
    with Screen(stream, headless.count_of_cells(notebook)) as screen:
        run = headless.HeadlessRun(notebook, kernel, source.resolve().parent, screen, keep)
        try:
            failure = _failure_of(run, _environment(kernel.python))
        finally:
            keep()
    if arguments.json:
        print(json.dumps(_summary(source, output, kernel, run, failure), indent=2))
    return _say(source, output, run, failure)


def _check_kernel_of(python: str) -> None:
    """Raises _Refused for a Python that can't run a notebook's cells."""
    try:
        done = subprocess.run([python, "-c", "import ipykernel"], capture_output=True, text=True)
    except OSError as error:
        raise _Refused(f"{python} can't be run: {error.strerror}") from error
    if done.returncode:
        raise _Refused(
            f"{python} has no ipykernel, which runs the cells of a notebook: "
            f"{python} -m pip install ipykernel"
        )


def _failure_of(run: Any, environment: dict[str, str]) -> dict[str, str] | None:
    """Runs the cells; what went wrong, or None."""
    from nbclient.exceptions import CellExecutionError, DeadKernelError

    try:
        run.execute(env=environment)
    except (CellExecutionError, DeadKernelError) as error:
        if run.interrupted:
            return {"name": "KeyboardInterrupt", "value": "it was interrupted"}
        if isinstance(error, DeadKernelError):
            said = "its kernel died; it may have run out of memory"
            return {"name": "DeadKernel", "value": said}
        return {"name": error.ename, "value": _COLOURS.sub("", error.evalue)}
    except KeyboardInterrupt:
        return {"name": "KeyboardInterrupt", "value": "it was interrupted"}
    except RuntimeError as error:
        if run.outcomes:
            raise
        return {"name": "NoKernel", "value": f"its kernel did not start ({error})"}
    return None


def _environment(python: str) -> dict[str, str]:
    """The kernel's. Programs beside its Python come first, those beside ours last: a notebook may
    call `aws`. Kennel's own Python gets what jobs have of it too."""
    folders = [str(Path(python).parent)] if os.sep in python else []
    folders += [os.environ.get("PATH", os.defpath), str(Path(sys.executable).parent)]
    environment = {**os.environ, "PATH": os.pathsep.join(folders)}
    if python == sys.executable:
        before = filter(None, [SITE_FOLDER, os.environ.get("PYTHONPATH", "")])
        environment["PYTHONPATH"] = os.pathsep.join(before)
    return environment


def _read(path: Path) -> Any:
    import nbformat

    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise _Refused(f"{path} can't be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise _Refused(f"{path} is no notebook: it is not text in UTF-8") from error
    try:
        notebook = nbformat.reads(text, as_version=4)
        nbformat.validate(notebook)
    except Exception as error:  # nbformat has an exception for each way of being none
        reason = str(error).partition("\n")[0]
        raise _Refused(f"{path} is no notebook ({reason})") from error
    return notebook


def _output(source: Path, given: str | None) -> Path:
    output = Path(given) if given else source.with_name(f"{source.stem}.executed.ipynb")
    if output.exists() and output.samefile(source):
        raise _Refused(f"{output} is the notebook itself; name another file with --output")
    if not output.parent.is_dir():
        raise _Refused(f"There is no folder {output.parent} for the executed copy")
    return output


def _summary(
    source: Path, output: Path, kernel: Any, run: Any, failure: dict[str, str] | None
) -> dict[str, Any]:
    return {
        "notebook": str(source),
        "output": str(output),
        "kernel": kernel.python or kernel.name,
        "status": "failed" if failure else "ok",
        "cells": run.outcomes,
        "error": failure and {"cell": len(run.outcomes), **failure},
    }


def _say(source: Path, output: Path, run: Any, failure: dict[str, str] | None) -> int:
    if failure is None:
        ran = len(run.outcomes)
        print(
            f"kennel: {ran} cells of {source} ran; the executed copy is {output}", file=sys.stderr
        )
        return 0
    what = failure["value"]
    if failure["name"] not in ("DeadKernel", "NoKernel", "KeyboardInterrupt"):
        what = f"it raised {failure['name']}: {what}".rstrip(": ")
    where = f"{source} did not run"
    if run.outcomes:
        cell = run.outcomes[-1]
        where = f"Cell {cell['cell']} of {source} ({cell['source']}) failed"
    code = INTERRUPTED if failure["name"] == "KeyboardInterrupt" else FAILED
    first = " ".join(what.split())
    hint = ""
    if failure["name"] == "ModuleNotFoundError":
        hint = " --python PROGRAM runs the cells in a Python of yours, which may have it."
    return _complain(f"{where}: {first}.{hint} The executed copy up to there is {output}.", code)


def _complain(sentence: str, code: int) -> int:
    print(f"kennel: {sentence}", file=sys.stderr)
    return code


if __name__ == "__main__":
    sys.exit(main())
