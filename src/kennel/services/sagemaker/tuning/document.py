"""What is stored of a tuning job and of its trials."""

from __future__ import annotations

from typing import Any

import msgspec

from kennel.services.sagemaker.training.status import JobStatus
from kennel.services.sagemaker.tuning.status import ObjectiveStatus, TuningStatus, allowed_next
from kennel.store import Document

__all__ = ["Evidence", "Finding", "Trial", "TuningJob"]


class TuningJob(Document):
    """A tuning job. Times are wall time, seconds since the epoch.

    `request` is CreateHyperParameterTuningJob's with AWS's defaults filled in, `trials` the number
    of training jobs that there will be. `closing` is set once no more are started although there
    are fewer: a completion criterion is met. `trial_tags` are the tags the trials get.
    """

    name: str
    arn: str
    request: dict[str, Any]
    trials: int
    seed: int
    creation_time: float
    last_modified: float
    status: TuningStatus = TuningStatus.IN_PROGRESS
    closing: bool = False
    ended: float | None = None
    failure_reason: str = ""
    trial_tags: dict[str, str] = msgspec.field(default_factory=dict)

    @property
    def region(self) -> str:
        return self.arn.split(":")[3]

    @property
    def is_closing(self) -> bool:
        """Whether no more trials are started."""
        return self.closing or self.status is not TuningStatus.IN_PROGRESS

    def move(self, to: TuningStatus, now: float) -> None:
        """Enters a status. Raises ValueError if it can't follow the present one."""
        if to not in allowed_next(self.status):
            raise ValueError(f"tuning job {self.name} can't go from {self.status} to {to}")
        self.status = to
        self.last_modified = now
        if to.is_terminal:
            self.ended = now


class Trial(Document):
    """One of a tuning job's training jobs, as the tuning job last saw it.

    It is stored before its training job is created; `created` says that this has been done. What
    is here outlives the training job's deletion. `values` are the objective's values in turn, one
    for each time it was printed, kept only where something is decided by them; `position` is that
    of the last one (see MetricSeen). `rung` counts the hurdles of Hyperband that it has taken.
    `cut_short` says that the tuning job stopped it for its values.
    """

    job: str
    number: int
    name: str
    arn: str
    parameters: dict[str, str]
    creation_time: float
    created: bool = False
    status: JobStatus = JobStatus.IN_PROGRESS
    started: float | None = None
    ended: float | None = None
    failure_reason: str = ""
    objective: float | None = None
    values: list[float] = msgspec.field(default_factory=list)
    position: tuple[int, int, int] = (0, -1, -1)
    rung: int = 0
    cut_short: bool = False

    @property
    def objective_status(self) -> ObjectiveStatus:
        """A trial that failed is of no use even if it printed a value before."""
        if not self.status.is_terminal:
            return ObjectiveStatus.PENDING
        if self.objective is None or self.status is JobStatus.FAILED:
            return ObjectiveStatus.FAILED
        return ObjectiveStatus.SUCCEEDED


class Finding(msgspec.Struct):
    """What a parent of a warm start found at one point."""

    parameters: dict[str, str]
    value: float


class Evidence(Document):
    """What a warm start begins with. `best` is the best trial of all parents and theirs."""

    findings: list[Finding]
    best: Trial | None = None
