"""A training job's statuses, and which may follow which."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

__all__ = ["MESSAGES", "JobStatus", "SecondaryStatus", "allowed_next", "status_of"]


class JobStatus(StrEnum):
    """TrainingJobStatus: what a client waits for."""

    IN_PROGRESS = "InProgress"
    COMPLETED = "Completed"
    FAILED = "Failed"
    STOPPING = "Stopping"
    STOPPED = "Stopped"

    @property
    def is_terminal(self) -> bool:
        return self not in (JobStatus.IN_PROGRESS, JobStatus.STOPPING)


class SecondaryStatus(StrEnum):
    """SecondaryStatus: what the job is doing. The ones that AWS has given up are left out."""

    STARTING = "Starting"
    PENDING = "Pending"
    DOWNLOADING = "Downloading"
    TRAINING = "Training"
    RESTARTING = "Restarting"
    UPLOADING = "Uploading"
    STOPPING = "Stopping"
    COMPLETED = "Completed"
    FAILED = "Failed"
    STOPPED = "Stopped"
    MAX_RUNTIME_EXCEEDED = "MaxRuntimeExceeded"

    @property
    def is_terminal(self) -> bool:
        return not _NEXT[self]


_S = SecondaryStatus

# Failed is reachable from everywhere. Stopping is from everywhere but Uploading: what is left to do
# then is what a stopped job does too.
_NEXT: Mapping[SecondaryStatus, frozenset[SecondaryStatus]] = {
    _S.STARTING: frozenset({_S.PENDING, _S.DOWNLOADING, _S.TRAINING, _S.STOPPING, _S.FAILED}),
    _S.PENDING: frozenset({_S.STARTING, _S.STOPPING, _S.FAILED}),
    _S.DOWNLOADING: frozenset({_S.TRAINING, _S.STOPPING, _S.FAILED}),
    _S.TRAINING: frozenset({_S.UPLOADING, _S.RESTARTING, _S.STOPPING, _S.FAILED}),
    _S.RESTARTING: frozenset({_S.DOWNLOADING, _S.TRAINING, _S.STOPPING, _S.FAILED}),
    _S.UPLOADING: frozenset({_S.COMPLETED, _S.FAILED, _S.STOPPED, _S.MAX_RUNTIME_EXCEEDED}),
    _S.STOPPING: frozenset({_S.UPLOADING, _S.STOPPED, _S.MAX_RUNTIME_EXCEEDED, _S.FAILED}),
    _S.COMPLETED: frozenset(),
    _S.FAILED: frozenset(),
    _S.STOPPED: frozenset(),
    _S.MAX_RUNTIME_EXCEEDED: frozenset(),
}

_STATUS: Mapping[SecondaryStatus, JobStatus] = {
    _S.STARTING: JobStatus.IN_PROGRESS,
    _S.PENDING: JobStatus.IN_PROGRESS,
    _S.DOWNLOADING: JobStatus.IN_PROGRESS,
    _S.TRAINING: JobStatus.IN_PROGRESS,
    _S.RESTARTING: JobStatus.IN_PROGRESS,
    _S.UPLOADING: JobStatus.IN_PROGRESS,
    _S.STOPPING: JobStatus.STOPPING,
    _S.COMPLETED: JobStatus.COMPLETED,
    _S.FAILED: JobStatus.FAILED,
    _S.STOPPED: JobStatus.STOPPED,
    _S.MAX_RUNTIME_EXCEEDED: JobStatus.STOPPED,
}

# As AWS prints them [O: the output of many people's `fit`]; Pending's and Restarting's are ours.
MESSAGES: Mapping[SecondaryStatus, str] = {
    _S.STARTING: "Preparing the instances for training",
    _S.PENDING: "Waiting for other jobs on this machine to end",
    _S.DOWNLOADING: "Downloading input data",
    _S.TRAINING: "Training image download completed. Training in progress.",
    _S.RESTARTING: "The training process was lost with its machine. Starting it again",
    _S.UPLOADING: "Uploading generated training model",
    _S.STOPPING: "Stopping the training job",
    _S.COMPLETED: "Training job completed",
    _S.FAILED: "Training job failed",
    _S.STOPPED: "Training job stopped",
    _S.MAX_RUNTIME_EXCEEDED: "Training job runtime exceeded MaxRuntimeInSeconds provided",
}


def allowed_next(secondary: SecondaryStatus) -> frozenset[SecondaryStatus]:
    """What may follow; empty once the job has ended."""
    return _NEXT[secondary]


def status_of(secondary: SecondaryStatus, *, stopping: bool) -> JobStatus:
    """The status beside a secondary status. A job that was told to stop is Stopping also while
    it uploads what it has."""
    if secondary is SecondaryStatus.UPLOADING and stopping:
        return JobStatus.STOPPING
    return _STATUS[secondary]
