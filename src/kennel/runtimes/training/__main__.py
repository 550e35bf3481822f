"""`python -m kennel.runtimes.training`: one host's part of a training job, from source to end."""

from __future__ import annotations

import os
import sys
import traceback

from kennel.runtimes.training import (
    configuration,
    entry_point,
    errors,
    source,
    variables,
)
from kennel.runtimes.training.configuration import Configuration
from kennel.runtimes.training.entry_point import Kind
from kennel.runtimes.training.error_message import OutputTail, error_message
from kennel.runtimes.training.folders import Folders
from kennel.runtimes.training.installation import install
from kennel.runtimes.training.process import run
from kennel.runtimes.training.report import Report

__all__ = ["main"]


def main() -> int:
    """Runs the job and returns its exit code; output/failure says why when it is not 0."""
    report = Report()
    folders = Folders.of(os.environ)
    try:
        folders.create()
        job = configuration.read(os.environ)
        report.level = job.log_level
        _train(job, report)
    except errors.TrainingError as error:
        return _failed(folders, report, str(error), error.exit_code)
    except Exception as error:  # the process's boundary: the job's user must read it
        text = f"Framework Error: \n{traceback.format_exc()}\n{error}"
        return _failed(folders, report, text, 1)
    report.info("Reporting training SUCCESS")
    _write(os.path.join(folders.output, "success"), "")
    return 0


def _train(job: Configuration, report: Report) -> None:
    """Raises TrainingError when the job can't start or its script fails."""
    source.prepare(job)
    kind = entry_point.kind_of(job.folders.code, job.entry_point)
    training = variables.training_environment(job)
    contract = variables.contract_variables(job, training)
    environment = variables.child_environment(job, contract, os.environ)
    python = install(job, kind, environment, report)
    processes = max(training["num_gpus"], 1)
    if job.platform.get(configuration.SMDISTRIBUTED):
        report.info(
            "torchrun starts the script. AWS's library smdistributed is not here: the script needs "
            "PyTorch's own DistributedDataParallel, with the backend gloo where there is no GPU."
        )
    command = entry_point.command(job, kind, python, processes)
    report.invocation(training, contract, command)
    tail = OutputTail()
    code = run(
        command,
        environment=environment,
        directory=job.folders.code,
        tail=tail,
        whole_group=kind is Kind.COMMAND,
    )
    if code != 0:
        raise errors.ExecuteUserScriptError(" ".join(command), code, error_message(tail.text()))


def _failed(folders: Folders, report: Report, text: str, exit_code: int) -> int:
    """A failure file that the script wrote itself is left as it is."""
    path = os.path.join(folders.output, "failure")
    if not os.path.exists(path):
        _write(path, text)
    report.error("Reporting training FAILURE")
    report.error(text)
    report.error(f"Encountered exit_code {exit_code}")
    return exit_code


def _write(path: str, text: str) -> None:
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)


if __name__ == "__main__":
    sys.exit(main())
