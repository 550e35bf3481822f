"""A variant on the simulated clock: the compiled kernel with instances that come and go."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kennel.planner.compiled import random_lines
from kennel.planner.compiled import variant as shared_line
from kennel.planner.compiled.variant import Log
from kennel.planner.simulation.endpoint_setting import Routing
from kennel.planner.simulation.requests import Chunk, stream_key
from kennel.planner.simulation.variant_state import grown, new_lines, new_variant

__all__ = ["NO_LOG", "VariantRun", "new_log"]

_SLOTS = 64  # there will be twice as many when they are all taken; a power of two
_FOREVER = 1e300
_CHOICE_STREAM = 0xC401CE  # sets choices apart from service times of the same seed


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
        routing: Routing = Routing.LEAST_OUTSTANDING_REQUESTS,
        seed: int = 0,
    ) -> None:
        self._chunks = chunks
        self._chunk: Chunk = (np.empty(0), np.empty(0))
        self._index = 0
        self._log = log
        is_random = routing is Routing.RANDOM
        self._kernel: Any = random_lines if is_random else shared_line
        new = new_lines if is_random else new_variant
        self._variant: Any = new(slots, max(1, queue_limit))
        self.state: Any = self._variant.state[0]
        self.state.queue_limit = queue_limit
        self.state.wait_limit = wait_limit
        self.state.overhead = overhead
        self.state.key = stream_key(seed, _CHOICE_STREAM)
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
        latencies: NDArray[np.int64] = self._variant.latencies
        return latencies

    @property
    def waits(self) -> NDArray[np.int64]:
        """Bins of the requests that had to wait and were then served."""
        waits: NDArray[np.int64] = self._variant.waits
        return waits

    def drained_by(self, now: float) -> float:
        """Seconds that leaving instances took to answer until now."""
        return self._drained + self._leaving * now

    def advance(self, until: float) -> None:
        """Lets everything happen up to a time."""
        while True:
            arrivals, services = self._chunk
            self._index = self._kernel.run(
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
        self._kernel.add(self._variant, self._log, slot, now)
        self._serving.append(slot)
        return slot

    def remove(self, now: float) -> int:
        """The newest instance takes no more requests; returns its slot."""
        slot = self._serving.pop()
        if self._kernel.remove(self._variant, self._log, slot, now):
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
        size = len(self._variant.arrived)
        self._variant = grown(self._variant)
        self._unused = list(range(size, 2 * size))[::-1]
