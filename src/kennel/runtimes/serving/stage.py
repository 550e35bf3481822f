"""What the zygote is at."""

from __future__ import annotations

import enum

__all__ = ["Stage", "advance"]


class Stage(enum.Enum):
    STARTING = "starting"
    INSTALLING = "installing"  # pip runs on requirements.txt
    LOADING = "loading"  # a template loads the model
    PRELOADING = "preloading"  # the model can't be forked: a template imports the libraries
    READY = "ready"
    FAILED = "failed"
    STOPPING = "stopping"

    @property
    def state(self) -> str:
        """What the plane is told."""
        return self.value if self in _TOLD else "loading"


_TOLD = (Stage.READY, Stage.FAILED, Stage.STOPPING)
_NEXT: dict[Stage, frozenset[Stage]] = {
    Stage.STARTING: frozenset({Stage.INSTALLING, Stage.LOADING, Stage.FAILED, Stage.STOPPING}),
    Stage.INSTALLING: frozenset({Stage.LOADING, Stage.FAILED, Stage.STOPPING}),
    Stage.LOADING: frozenset({Stage.READY, Stage.PRELOADING, Stage.FAILED, Stage.STOPPING}),
    Stage.PRELOADING: frozenset({Stage.READY, Stage.FAILED, Stage.STOPPING}),
    Stage.READY: frozenset({Stage.FAILED, Stage.STOPPING}),
    Stage.FAILED: frozenset({Stage.STOPPING}),
    Stage.STOPPING: frozenset(),
}


def advance(now: Stage, then: Stage) -> Stage:
    """`then`, if it may follow. Raises ValueError."""
    if then not in _NEXT[now]:
        raise ValueError(f"A zygote that is {now.value} can't become {then.value}.")
    return then
