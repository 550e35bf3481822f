"""What is stored of a training job."""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import Any

import msgspec

from kennel.services.sagemaker.training.meeting import Meeting
from kennel.services.sagemaker.training.status import (
    MESSAGES,
    JobStatus,
    SecondaryStatus,
    allowed_next,
    status_of,
)
from kennel.store import Document

__all__ = ["COLLECTION", "MetricValue", "TrainingJob", "TrainingJobSummary", "Transition"]

COLLECTION = "sagemaker.training-jobs"


class Transition(msgspec.Struct, omit_defaults=True):
    """An entry of SecondaryStatusTransitions; `end` is None while the job is in it."""

    status: SecondaryStatus
    start: float
    message: str
    end: float | None = None


class MetricValue(msgspec.Struct):
    """The latest value of a metric, and when it was printed."""

    value: float
    timestamp: float


class TrainingJobSummary(Document):
    """What listing needs of a stored job, so that it decodes no more than that.

    Times are wall time, seconds since the epoch. `outcome` is how the job will end once that is
    known: the upload of the artifacts comes in between.
    """

    name: str
    arn: str
    creation_time: float
    last_modified: float
    transitions: list[Transition]
    outcome: SecondaryStatus | None = None
    ended: float | None = None

    @property
    def secondary(self) -> SecondaryStatus:
        return self.transitions[-1].status

    @property
    def status(self) -> JobStatus:
        return status_of(self.secondary, stopping=self.is_stopping)

    @property
    def is_stopping(self) -> bool:
        """Whether somebody or the clock has told the job to stop."""
        return self.outcome in (SecondaryStatus.STOPPED, SecondaryStatus.MAX_RUNTIME_EXCEEDED)

    @property
    def region(self) -> str:
        """The region that the job was created in."""
        return self.arn.split(":")[3]

    @property
    def folder(self) -> PurePosixPath:
        """The job's folder below that of all jobs; another job of the same name has another."""
        return PurePosixPath(self.name, str(int(self.creation_time * 1000)))


class TrainingJob(TrainingJobSummary, kw_only=True, omit_defaults=True):
    """A training job, whole.

    `request` is CreateTrainingJob's, with AWS's defaults filled in and without the tags.
    `attempt` counts the starts of the processes; it grows only when one was lost. `meeting` is
    where the hosts meet, None until they are made. `connected` says whether a connection between
    them was seen, None if nobody looked.
    """

    request: dict[str, Any]
    failure_reason: str = ""
    started: float | None = None
    attempt: int = 1
    attempt_started: float | None = None
    artifacts: str = ""
    metrics: dict[str, MetricValue] = msgspec.field(default_factory=dict)
    tuning_job_arn: str = ""
    meeting: Meeting | None = None
    connected: bool | None = None

    def log_stream(self, host: str) -> str:
        """The name of a host's log stream, of this attempt."""
        started = self.attempt_started or self.creation_time
        return f"{self.name}/{host}-{int(started)}"

    def move(self, to: SecondaryStatus, now: float, message: str = "") -> None:
        """Enters a secondary status. Raises ValueError if it can't follow the present one."""
        if to not in allowed_next(self.secondary):
            raise ValueError(f"training job {self.name} can't go from {self.secondary} to {to}")
        self.transitions[-1].end = now
        self.transitions.append(Transition(to, now, message or MESSAGES[to]))
        self.last_modified = now
        if to in (SecondaryStatus.DOWNLOADING, SecondaryStatus.TRAINING):
            self.started = self.started or now
            if self.attempt_started is None:
                self.attempt_started = now
        if to is SecondaryStatus.RESTARTING:
            self.attempt += 1
            self.attempt_started = None
        if to.is_terminal:
            self.transitions[-1].end = now
            self.ended = now
