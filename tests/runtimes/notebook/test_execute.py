"""Notebooks run headless, by the command that `kennel notebook` starts."""

from __future__ import annotations

import json
import os
import pty
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import nbformat
import pytest

from kennel.runtimes.notebook.execute import main
from tests.planes import clean_environment, wait_until

COMMAND = (sys.executable, "-P", "-m", "kennel.runtimes.notebook.execute")


@pytest.fixture
def folder(tmp_path):
    return tmp_path


def write(path: Path, *sources: str, kernel: str = "conda_pytorch_p36", **metadata: Any) -> Path:
    """A notebook of code cells; one that begins with `#default` has the defaults of parameters."""
    notebook = nbformat.v4.new_notebook(
        metadata={"kernelspec": {"name": kernel, "display_name": kernel}, **metadata}
    )
    notebook.cells = [nbformat.v4.new_markdown_cell("# A notebook")]
    for source in sources:
        cell = nbformat.v4.new_code_cell(source)
        if source.startswith("#default"):
            cell.metadata["tags"] = ["parameters"]
        notebook.cells.append(cell)
    nbformat.write(notebook, path)
    return path


def execute(*arguments: object, **options: Any) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*COMMAND, *map(str, arguments)],
        env=clean_environment(),
        capture_output=True,
        text=True,
        timeout=120,
        **options,
    )


def outputs(path: Path) -> list[list[str]]:
    """What the cells of an executed copy printed."""
    notebook = nbformat.read(path, as_version=4)
    return [
        [output.get("text", output.get("ename", "")) for output in cell.outputs]
        for cell in notebook.cells
        if cell.cell_type == "code"
    ]


def test_all_cells_run_in_one_kernel_and_the_copy_holds_what_they_printed(folder):
    source = write(folder / "a.ipynb", "#default\nn = 1", "print('n is', n)", "print(n + 1)")
    before = source.read_bytes()
    ran = execute(source, "-p", "n=41")
    assert ran.returncode == 0, ran.stderr
    assert outputs(folder / "a.executed.ipynb") == [[], [], ["n is 41\n"], ["42\n"]]
    assert source.read_bytes() == before
    lines = ran.stdout.splitlines()
    assert "[3/4] print('n is', n)" in lines
    assert "n is 41" in lines
    assert "a.executed.ipynb" in ran.stderr


def test_a_kernel_that_is_not_here_is_our_python_and_that_is_said(folder):
    write(folder / "a.ipynb", "import os, sys; print(sys.executable)", "print(os.getpid())")
    ran = execute(folder / "a.ipynb")
    assert f"The kernel conda_pytorch_p36 is not here; {sys.executable} runs the cells." in (
        ran.stderr
    )
    [[python], [pid]] = outputs(folder / "a.executed.ipynb")
    assert python == f"{sys.executable}\n"
    wait_until(lambda: not Path(f"/proc/{int(pid)}").exists())  # it is not left behind


def test_a_cell_that_fails_ends_the_run_and_the_copy_is_kept(folder):
    write(folder / "a.ipynb", "print('before')", "raise ValueError('no such breed')", "print(3)")
    ran = execute(folder / "a.ipynb", "-o", folder / "out.ipynb")
    assert ran.returncode == 1
    assert ran.stderr.splitlines()[-1] == (
        f"kennel: Cell 2 of {folder}/a.ipynb (raise ValueError('no such breed')) failed: it raised "
        f"ValueError: no such breed. The executed copy up to there is {folder}/out.ipynb."
    )
    assert "Traceback" not in ran.stderr
    assert outputs(folder / "out.ipynb") == [["before\n"], ["ValueError"], []]


def test_the_summary_is_json_alone(folder):
    write(folder / "a.ipynb", "print('hello')", "1 / 0", kernel="python3")
    ran = execute(folder / "a.ipynb", "--json")
    said = json.loads(ran.stdout)
    assert (said["status"], said["kernel"]) == ("failed", sys.executable)
    assert [(c["cell"], c["index"], c["status"]) for c in said["cells"]] == [
        (1, 1, "ok"),
        (2, 2, "error"),
    ]
    assert said["error"] == {"cell": 2, "name": "ZeroDivisionError", "value": "division by zero"}
    assert "hello" in ran.stderr


def test_a_kernel_that_dies_fails_the_cell(folder):
    write(folder / "a.ipynb", "import os, signal; os.kill(os.getpid(), signal.SIGKILL)")
    ran = execute(folder / "a.ipynb")
    assert ran.returncode == 1
    assert "its kernel died; it may have run out of memory" in ran.stderr.splitlines()[-1]


def test_what_cells_print_is_there_while_they_run(folder):
    code = "import time\nprint('early', flush=True)\ntime.sleep(60)"
    write(folder / "a.ipynb", code)
    with subprocess.Popen(
        [*COMMAND, str(folder / "a.ipynb")],
        env=clean_environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as running:
        assert running.stdout is not None
        assert running.stderr is not None
        while running.stdout.readline() != "early\n":
            pass
        running.send_signal(signal.SIGINT)
        assert running.wait(60) == 130
        assert "Traceback" not in running.stderr.read()
    assert outputs(folder / "a.executed.ipynb") == [["early\n", "KeyboardInterrupt"]]


def test_a_terminal_gets_a_bar_below_what_cells_print(folder):
    write(folder / "a.ipynb", "print('first')", "print('second', end='')")
    here, there = pty.openpty()
    environment = clean_environment() | {"TERM": "xterm", "COLUMNS": "80"}
    running = subprocess.Popen(
        [*COMMAND, str(folder / "a.ipynb")], env=environment, stdout=there, stderr=there
    )
    os.close(there)
    shown = b""
    try:
        while part := os.read(here, 65536):
            shown += part
    except OSError:
        pass  # Linux's word for a terminal whose other side is closed
    os.close(here)
    assert running.wait(60) == 0
    assert b"first" in shown
    assert b"second" in shown
    assert "━".encode() in shown
    assert b"2/2" in shown


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["missing.ipynb"], "missing.ipynb can't be read: No such file or directory"),
        (["text.txt"], "text.txt is no notebook"),
        (["bytes.bin"], "bytes.bin is no notebook"),
        (["half.json"], "half.json is no notebook"),
        (["a.ipynb", "-o", "a.ipynb"], "a.ipynb is the notebook itself"),
        (["a.ipynb", "-o", "nowhere/b.ipynb"], "There is no folder nowhere"),
        (["a.ipynb", "-p", "3=3"], "'3=3' is not NAME=VALUE"),
        (["a.ipynb", "--kernel", "unknown"], "There is no kernel unknown here"),
        (["r.ipynb"], "There is no kernel ir here"),
    ],
)
def test_what_is_asked_wrongly_is_one_sentence(folder, arguments, words, monkeypatch, capsys):
    write(folder / "a.ipynb", "1")
    write(folder / "r.ipynb", "1", kernel="ir", language_info={"name": "R"})
    (folder / "text.txt").write_text("no notebook")
    (folder / "bytes.bin").write_bytes(b"\xff\xfe\x00")
    (folder / "half.json").write_text('{"cells": [{"cell_type": "code"}], "nbformat": 4}')
    monkeypatch.chdir(folder)
    assert main(arguments) == 2
    said = capsys.readouterr()
    assert words in said.err
    assert len(said.err.splitlines()) == 1
    assert said.out == ""


def test_a_python_of_ones_own_runs_the_cells(folder):
    """Its kernel is what counts, whatever the notebook is called after."""
    wrapper = folder / "python"
    wrapper.write_text(f'#!/bin/sh\nMINE=yes exec "{sys.executable}" "$@"\n')
    wrapper.chmod(0o755)
    write(folder / "a.ipynb", "import os; print(os.environ['MINE'])", kernel="python3")
    ran = execute(folder / "a.ipynb", "--python", wrapper)
    assert ran.returncode == 0, ran.stderr
    assert outputs(folder / "a.executed.ipynb") == [["yes\n"]]
