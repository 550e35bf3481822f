"""Runs a notebook from its first cell to its last, and keeps the executed copy.

It runs in the environment that `kennel run` gives a program, so that a notebook written for
SageMaker reaches the plane and nothing of AWS. What cells print is shown as they print it. A cell
that fails ends the run with exit code 1; the copy then holds what ran up to there.
"""

from __future__ import annotations

import argparse
import sys

from kennel.cli.run import configure_program, run_against_plane
from kennel.runtimes.notebook.execute import add_arguments

__all__ = ["EXAMPLES", "configure", "run"]

EXAMPLES = """\
  kennel notebook train_and_deploy.ipynb
  kennel notebook train_and_deploy.ipynb -p max_jobs=2 -o result.ipynb
  kennel notebook --python sdk/bin/python train_and_deploy.ipynb   # with that Python's packages
  kennel notebook --json train_and_deploy.ipynb | jq .status"""

_MODULE = "kennel.runtimes.notebook.execute"


def configure(parser: argparse.ArgumentParser) -> None:
    add_arguments(parser)
    configure_program(parser)


def run(arguments: argparse.Namespace) -> int:
    command = [sys.executable, "-P", "-m", _MODULE]
    for option in ("output", "kernel", "python"):
        if value := getattr(arguments, option):
            command += [f"--{option}={value}"]
    command += [f"--parameter={parameter}" for parameter in arguments.parameter]
    if arguments.json:
        command.append("--json")
    return run_against_plane(arguments, [*command, "--", arguments.file])
