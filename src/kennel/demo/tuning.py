"""The tuning job: started, watched trial by trial, stopped if we are."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from rich.table import Table

from kennel.cli.errors import CommandError
from kennel.demo.screen import Step
from kennel.demo.trials import SEARCHED, Trial, best_of, read_trial

__all__ = ["Tuned", "stop", "watch"]

POLL_SECONDS = 0.5
STOP_SECONDS = 60.0
_ENDED = frozenset({"Completed", "Failed", "Stopped"})


@dataclass(frozen=True, slots=True)
class Tuned:
    """How a search ended: its trials in the order they were made, and the best one's values."""

    trials: tuple[Trial, ...]
    best: Trial
    values: dict[str, str]


def watch(sagemaker: Any, name: str, classes: int, step: Step) -> Tuned:
    """Shows the trials until the job has ended. Raises CommandError if it has no best one."""
    told: set[str] = set()
    while True:
        # Asked before the trials are: what a trial ended with is then sure to be seen.
        job = sagemaker.describe_hyper_parameter_tuning_job(HyperParameterTuningJobName=name)
        trials = list(_trials(sagemaker, name, math.log(classes)))
        step.live(table(trials))
        for trial in trials:
            if trial.has_ended and trial.name not in told:
                told.add(trial.name)
                step.plain(_line(trial, trials))
        if job["HyperParameterTuningJobStatus"] in _ENDED:
            break
        time.sleep(POLL_SECONDS)
    if job["HyperParameterTuningJobStatus"] != "Completed" or "BestTrainingJob" not in job:
        reason = job.get("FailureReason") or _reasons(trials) or "no trial has an objective"
        raise CommandError(
            f"The tuning job {name} ended {job['HyperParameterTuningJobStatus']}: {reason}."
        )
    step.keep(table(trials))
    best = job["BestTrainingJob"]
    values = {key: value for key, value in best["TunedHyperParameters"].items() if key in SEARCHED}
    chosen = next(trial for trial in trials if trial.name == best["TrainingJobName"])
    return Tuned(tuple(trials), chosen, values)


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


def _status(sagemaker: Any, name: str) -> str:
    job = sagemaker.describe_hyper_parameter_tuning_job(HyperParameterTuningJobName=name)
    return str(job["HyperParameterTuningJobStatus"])


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


def _reasons(trials: list[Trial]) -> str:
    return next((trial.reason for trial in trials if trial.reason), "")
