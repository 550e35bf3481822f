"""A tuning job's statuses, and which may follow which."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

__all__ = ["ObjectiveStatus", "TuningStatus", "allowed_next"]


class TuningStatus(StrEnum):
    """HyperParameterTuningJobStatus. Deleting and DeleteFailed are left out: here a deletion is
    done when it is answered."""

    IN_PROGRESS = "InProgress"
    STOPPING = "Stopping"
    COMPLETED = "Completed"
    FAILED = "Failed"
    STOPPED = "Stopped"

    @property
    def is_terminal(self) -> bool:
        return not _NEXT[self]


class ObjectiveStatus(StrEnum):
    """Whether a trial's objective is known and told the search something."""

    SUCCEEDED = "Succeeded"
    PENDING = "Pending"
    FAILED = "Failed"


_S = TuningStatus

_NEXT: Mapping[TuningStatus, frozenset[TuningStatus]] = {
    _S.IN_PROGRESS: frozenset({_S.STOPPING, _S.COMPLETED, _S.FAILED}),
    _S.STOPPING: frozenset({_S.STOPPED, _S.FAILED}),
    _S.COMPLETED: frozenset(),
    _S.FAILED: frozenset(),
    _S.STOPPED: frozenset(),
}


def allowed_next(status: TuningStatus) -> frozenset[TuningStatus]:
    """What may follow; empty once the job has ended."""
    return _NEXT[status]
