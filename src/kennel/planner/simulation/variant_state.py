"""The arrays that a variant's kernel works on: how large they are, and how they grow."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from kennel.planner.compiled import tournament
from kennel.planner.compiled.random_lines import RandomLines
from kennel.planner.compiled.variant import Variant
from kennel.planner.simulation.histogram import BINS

__all__ = ["grown", "new_lines", "new_variant"]

_FLOATS = (
    "until",
    "overhead",
    "wait_limit",
    "latency",
    "wait",
    "worked",
    "busy_begun",
    "busy_ended",
    "wait_begun",
    "wait_ended",
    "left_at",
)
_INTEGERS = (
    "queue_limit",
    "arrivals",
    "free",
    "busy",
    "waiting",
    "head",
    "last",
    "draws",
    "instances",
    "unwaited",
    "served",
    "rejected",
    "timed_out",
    "left",
    "most_waiting",
    "most_inside",
)
_STATE = np.dtype(
    [
        *((name, "f8") for name in _FLOATS),
        *((name, "i8") for name in _INTEGERS),
        ("key", "u8"),  # of the random choices
    ]
)
_OF_SLOTS = ("free", "arrived", "service", "number", "leaves", "idle", "serving", "line_first")
_MADE_ANEW = (*_OF_SLOTS, "done_at", "done_slot", "gone")


def new_variant(slots: int, queue: int) -> Variant:
    """For so many instances and waiting requests; `slots` is a power of two."""
    return Variant(
        **_shared(slots, queue),
        free=_whole(slots),
    )


def new_lines(slots: int, queue: int) -> RandomLines:
    """The same with lines."""
    return RandomLines(
        **_shared(slots, queue),
        idle=np.zeros(slots, np.bool_),
        serving=_whole(slots),
        line_first=np.full(slots + 1, -1),
        line=_whole(queue),
        behind=_whole(queue),
        newer=_whole(queue),
        older=_whole(queue),
        vacant=np.arange(queue),
    )


def grown(old: Any) -> Any:
    """The same variant with twice the slots."""
    size = len(old.arrived)
    new = (new_variant if isinstance(old, Variant) else new_lines)(2 * size, 1)
    for name in _OF_SLOTS:
        if hasattr(old, name):
            part = getattr(old, name)
            getattr(new, name)[: len(part)] = part
    for slot, done_at in enumerate(old.done_at[size:].view(np.float64)):
        tournament.enter(new.done_at, new.done_slot, slot, done_at)
    kept = {name: getattr(old, name) for name in old._fields if name not in _MADE_ANEW}
    return new._replace(**kept)


def _shared(slots: int, queue: int) -> dict[str, Any]:
    return {
        "state": np.zeros(1, dtype=_STATE).view(np.recarray),
        "done_at": np.full(2 * slots, np.inf).view(np.int64),
        "done_slot": np.arange(2 * slots) % slots,
        "arrived": np.zeros(slots),
        "service": np.zeros(slots),
        "number": _whole(slots),
        "leaves": np.zeros(slots, np.bool_),
        "gone": _whole(slots),
        "queue_arrived": np.zeros(queue),
        "queue_service": np.zeros(queue),
        "queue_number": _whole(queue),
        "latencies": _whole(BINS),
        "waits": _whole(BINS),
    }


def _whole(size: int) -> NDArray[np.int64]:
    return np.zeros(size, dtype=np.int64)
