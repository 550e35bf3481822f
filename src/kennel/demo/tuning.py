"""The tuning job: started, watched trial by trial, stopped if we are."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.table import Table

from kennel.cli.errors import CommandError
from kennel.demo.screen import Step
from kennel.demo.training import one_line, save_log
from kennel.demo.trials import SEARCHED, Trial, best_of, read_trial

__all__ = ["Tuned", "TuningWatch", "stop", "table"]

POLL_SECONDS = 0.5
STOP_SECONDS = 60.0
_ENDED = frozenset({"Completed", "Failed", "Stopped"})


@dataclass(frozen=True, slots=True)
class Tuned:
    """How a search ended: its trials in the order they were made, and the best one's values."""

    trials: tuple[Trial, ...]
    best: Trial
    values: dict[str, str]


class TuningWatch:
    """Shows a tuning job's trials. A failed trial's log goes into `folder`, if nothing came of the
    search."""

    def __init__(self, sagemaker: Any, logs: Any, folder: Path, step: Step) -> None:
        self._sagemaker = sagemaker
        self._logs = logs
        self._folder = folder
        self._step = step

    def until_ended(self, name: str, classes: int) -> Tuned:
        """Waits for the job. Raises CommandError if it has no best trial."""
        told: set[str] = set()
        while True:
            # Asked before the trials are: what a trial ended with is then sure to be seen.
            job = _described(self._sagemaker, name)
            trials = list(_trials(self._sagemaker, name, math.log(classes)))
            self._step.live(table(trials))
            for trial in trials:
                if trial.has_ended and trial.name not in told:
                    told.add(trial.name)
                    self._step.plain(_line(trial, trials))
            if job["HyperParameterTuningJobStatus"] in _ENDED:
                break
            time.sleep(POLL_SECONDS)
        if job["HyperParameterTuningJobStatus"] != "Completed" or "BestTrainingJob" not in job:
            raise CommandError(self._why(job, trials))
        self._step.keep(table(trials))
        best = job["BestTrainingJob"]
        tuned = best["TunedHyperParameters"]
        chosen = next(trial for trial in trials if trial.name == best["TrainingJobName"])
        return Tuned(tuple(trials), chosen, {name: tuned[name] for name in SEARCHED})

    def _why(self, job: Mapping[str, Any], trials: list[Trial]) -> str:
        status = job["HyperParameterTuningJobStatus"]
        said = one_line(job.get("FailureReason", "no trial has an objective"))
        sentence = f"The tuning job {job['HyperParameterTuningJobName']} ended {status}: {said}."
        failed = next((trial for trial in trials if trial.reason), None)
        if failed is None:
            return sentence
        log = save_log(self._logs, failed.name, self._folder)
        return (
            f"{sentence} Trial {failed.number} failed with {one_line(failed.reason)}. "
            f"Its log is {log}."
        )


def stop(sagemaker: Any, name: str) -> None:
    """Stops a tuning job that may still run, and waits until it has stopped."""
    if _status(sagemaker, name) in _ENDED:
        return
    sagemaker.stop_hyper_parameter_tuning_job(HyperParameterTuningJobName=name)
    deadline = time.monotonic() + STOP_SECONDS
    while _status(sagemaker, name) not in _ENDED and time.monotonic() < deadline:
        time.sleep(POLL_SECONDS)


def table(trials: list[Trial]) -> Table:
    """The trials so far; the best one in green, what diverged in red."""
    shown = Table(box=None, pad_edge=False, header_style="dim")
    for heading in ("trial", "learning rate", "batch", "status", "loss", "accuracy", "seconds"):
        shown.add_column(heading, justify="left" if heading in ("trial", "status") else "right")
    shown.add_column("")
    best = best_of(trials)
    for trial in trials:
        style = "bold green" if trial == best else "red" if trial.diverged else ""
        shown.add_row(
            str(trial.number),
            f"{trial.learning_rate:.5f}",
            str(trial.batch_size),
            trial.status,
            _number(trial.objective if trial.has_ended else trial.latest),
            "-" if trial.accuracy is None else f"{trial.accuracy:.1%}",
            "-" if trial.seconds is None else f"{trial.seconds:.1f}",
            _mark(trial, best),
            style=style,
        )
    return shown


def _trials(sagemaker: Any, name: str, chance: float) -> Iterator[Trial]:
    pages = sagemaker.get_paginator("list_training_jobs_for_hyper_parameter_tuning_job").paginate(
        HyperParameterTuningJobName=name, SortBy="CreationTime", SortOrder="Ascending"
    )
    summaries = [summary for page in pages for summary in page["TrainingJobSummaries"]]
    for number, summary in enumerate(summaries, start=1):
        job = sagemaker.describe_training_job(TrainingJobName=summary["TrainingJobName"])
        yield read_trial(number, summary, job, chance)


def _described(sagemaker: Any, name: str) -> dict[str, Any]:
    found: dict[str, Any] = sagemaker.describe_hyper_parameter_tuning_job(
        HyperParameterTuningJobName=name
    )
    return found


def _status(sagemaker: Any, name: str) -> str:
    return str(_described(sagemaker, name)["HyperParameterTuningJobStatus"])


def _mark(trial: Trial, best: Trial | None) -> str:
    if trial.reason:
        return f"failed: {trial.reason.splitlines()[0][:60]}"
    if trial.diverged:
        return f"diverged: guessing gives {trial.chance:.2f}"
    return "best so far" if trial == best else ""


def _line(trial: Trial, trials: list[Trial]) -> str:
    best = best_of(trials)
    mark = _mark(trial, best)
    said = f"; best so far {_number(best.objective)}" if best is not None else ""
    return (
        f"trial {trial.number}: learning rate {trial.learning_rate:.5f}, batch {trial.batch_size}: "
        f"{trial.status}, loss {_number(trial.objective)}"
        f"{f' ({mark})' if mark else ''}{said if trial != best else ''}"
    )


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.4f}"
