"""A variant on the simulated clock: the compiled kernel with instances that come and go."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kennel.planner.compiled import tournament
from kennel.planner.compiled import variant as kernel
from kennel.planner.compiled.variant import Log, Variant
from kennel.planner.simulation.histogram import BINS
from kennel.planner.simulation.requests import Chunk

__all__ = ["NO_LOG", "VariantRun", "new_log"]

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
    "instances",
    "unwaited",
    "served",
    "rejected",
    "timed_out",
    "left",
    "most_waiting",
    "most_inside",
)
_STATE = np.dtype([*((name, "f8") for name in _FLOATS), *((name, "i8") for name in _INTEGERS)])
_SLOTS = 64  # there will be twice as many when they are all taken; a power of two
_FOREVER = 1e300


def new_log(requests: int) -> Log:
    """For so many requests; 0 logs nothing."""
    return Log(np.full(requests, np.nan), np.full(requests, -1), np.zeros(requests, dtype=np.int8))


NO_LOG = new_log(0)


class VariantRun:
    """Times are seconds of wall time and never decrease from call to call."""

    def __init__(
        self,
        chunks: Iterator[Chunk],
        *,
        queue_limit: int,
        wait_limit: float,
        overhead: float = 0.0,
        log: Log = NO_LOG,
        slots: int = _SLOTS,
    ) -> None:
        self._chunks = chunks
        self._chunk: Chunk = (np.empty(0), np.empty(0))
        self._index = 0
        self._log = log
        self._variant = _variant(slots, max(1, queue_limit))
        self.state: Any = self._variant.state[0]
        self.state.queue_limit = queue_limit
        self.state.wait_limit = wait_limit
        self.state.overhead = overhead
        self._serving: list[int] = []  # slots, the newest instance last
        self._unused = list(range(slots))[::-1]
        self._leaving = 0
        self._drained = 0.0  # when leaving instances were gone, less when they were to leave

    @property
    def instances(self) -> int:
        """Those that take requests."""
        return len(self._serving)

    @property
    def inside(self) -> int:
        """Requests that wait or are being served."""
        return int(self.state.busy + self.state.waiting)

    @property
    def latencies(self) -> NDArray[np.int64]:
        """Bins of the requests that were answered; may be emptied."""
        return self._variant.latencies

    @property
    def waits(self) -> NDArray[np.int64]:
        """Bins of the requests that had to wait and were then served."""
        return self._variant.waits

    def drained_by(self, now: float) -> float:
        """Seconds that leaving instances took to answer until now."""
        return self._drained + self._leaving * now

    def advance(self, until: float) -> None:
        """Lets everything happen up to a time."""
        while True:
            arrivals, services = self._chunk
            self._index = kernel.run(
                self._variant, self._log, arrivals, services, self._index, until
            )
            if self._index < len(arrivals):
                break
            # After the last request comes one that never does.
            last = (np.array([np.inf]), np.zeros(1))
            self._chunk, self._index = next(self._chunks, last), 0
        self._clear_gone()

    def finish(self) -> None:
        """Lets the requests that are there be answered; no more may come."""
        self.advance(_FOREVER)

    def add(self, now: float) -> int:
        """One more instance; returns its slot."""
        if not self._unused:
            self._grow()
        slot = self._unused.pop()
        kernel.add(self._variant, self._log, slot, now)
        self._serving.append(slot)
        return slot

    def remove(self, now: float) -> int:
        """The newest instance takes no more requests; returns its slot."""
        slot = self._serving.pop()
        if kernel.remove(self._variant, slot):
            self._unused.append(slot)
        else:
            self._leaving += 1
            self._drained -= now
        return slot

    def _clear_gone(self) -> None:
        left = int(self.state.left)
        if left:
            self._unused += self._variant.gone[:left].tolist()
            self._leaving -= left
            self._drained += float(self.state.left_at)
            self.state.left, self.state.left_at = 0, 0.0

    def _grow(self) -> None:
        old, size = self._variant, len(self._variant.free)
        new = _variant(2 * size, len(old.queue_arrived))
        for name in ("free", "arrived", "service", "number", "leaves"):
            getattr(new, name)[:size] = getattr(old, name)
        for slot, done_at in enumerate(old.done_at[size:].view(np.float64)):
            tournament.enter(new.done_at, new.done_slot, slot, done_at)
        kept = ("state", "queue_arrived", "queue_service", "queue_number", "latencies", "waits")
        self._variant = new._replace(**{name: getattr(old, name) for name in kept})
        self._unused = list(range(size, 2 * size))[::-1]


def _variant(slots: int, queue: int) -> Variant:
    state = np.zeros(1, dtype=_STATE).view(np.recarray)
    whole = np.int64
    return Variant(
        state=state,
        done_at=np.full(2 * slots, np.inf).view(whole),
        done_slot=np.arange(2 * slots) % slots,
        free=np.zeros(slots, whole),
        arrived=np.zeros(slots),
        service=np.zeros(slots),
        number=np.zeros(slots, whole),
        leaves=np.zeros(slots, np.bool_),
        gone=np.zeros(slots, whole),
        queue_arrived=np.zeros(queue),
        queue_service=np.zeros(queue),
        queue_number=np.zeros(queue, whole),
        latencies=np.zeros(BINS, whole),
        waits=np.zeros(BINS, whole),
    )
