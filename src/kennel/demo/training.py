"""A training job: watched to its end, with the lines of its log that matter."""

from __future__ import annotations

import re
import time
from dataclasses import dataclass
from pathlib import Path
from textwrap import shorten
from typing import Any

from kennel.cli.errors import CommandError
from kennel.cli.log_sources import LogSource
from kennel.cli.log_streams import LogReader
from kennel.demo.screen import Step

__all__ = ["Trained", "one_line", "save_log", "stop", "watch"]

POLL_SECONDS = 0.3
STOP_SECONDS = 60.0
GROUP = "/aws/sagemaker/TrainingJobs"
_REASON = 300  # characters
_ENDED = frozenset({"Completed", "Failed", "Stopped"})
# Of the recipe's lines; the epochs go by on the live line.
_EPOCH = re.compile(r"epoch=\d+;")
_KEY = re.compile(r"^(\[ *[\d.]+ s\]|final_|Testing |skipped_images=|Error|Traceback|\w*Error:)")


@dataclass(frozen=True, slots=True)
class Trained:
    """What a training job ended with: its artifacts' S3 URI, its metrics by name, and what AWS
    would bill, in seconds."""

    name: str
    model_data: str
    metrics: dict[str, float]
    billable_seconds: int


def watch(sagemaker: Any, logs: Any, name: str, folder: Path, step: Step) -> Trained:
    """Waits for the job. Raises CommandError with its failure reason and where its log was put."""
    reader = _reader(logs, name)
    while True:
        # Asked before the log is read: what the job wrote before it ended is then sure to be read.
        job = sagemaker.describe_training_job(TrainingJobName=name)
        for event in reader.read():
            _show(event.message, step)
        if job["TrainingJobStatus"] in _ENDED:
            break
        step.status(job["SecondaryStatus"])
        time.sleep(POLL_SECONDS)
    if job["TrainingJobStatus"] != "Completed":
        reason = job.get("FailureReason", "it was stopped")
        raise CommandError(
            f"The training job {name} ended {job['TrainingJobStatus']}: {one_line(reason)}. "
            f"Its log is {save_log(logs, name, folder)}."
        )
    return Trained(
        name,
        job["ModelArtifacts"]["S3ModelArtifacts"],
        {metric["MetricName"]: metric["Value"] for metric in job.get("FinalMetricDataList", ())},
        job["BillableTimeInSeconds"],
    )


def one_line(reason: str) -> str:
    """A failure reason within a sentence: a traceback in it is left to the log."""
    return shorten(reason, _REASON, placeholder=" ...").rstrip(".")


def save_log(logs: Any, name: str, folder: Path) -> Path:
    """Puts a job's log into a file, which stays when the plane is stopped; returns its path."""
    path = folder / f"{name}.log"
    with path.open("w") as file:
        file.writelines(f"{event.message}\n" for event in _reader(logs, name).read())
    return path


def stop(sagemaker: Any, name: str) -> None:
    """Stops a training job that may still run, and waits until it has stopped."""
    if _status(sagemaker, name) in _ENDED:
        return
    sagemaker.stop_training_job(TrainingJobName=name)
    deadline = time.monotonic() + STOP_SECONDS
    while _status(sagemaker, name) not in _ENDED and time.monotonic() < deadline:
        time.sleep(POLL_SECONDS)


def _reader(logs: Any, name: str) -> LogReader:
    return LogReader(logs, LogSource(name, GROUP, lambda: [f"{name}/"], lambda: None))


def _status(sagemaker: Any, name: str) -> str:
    return str(sagemaker.describe_training_job(TrainingJobName=name)["TrainingJobStatus"])


def _show(line: str, step: Step) -> None:
    if _EPOCH.search(line):
        step.status(line)
    elif _KEY.search(line):
        step.note(line)
