"""A function on the simulated clock: the compiled kernel with provisioned environments that come
and go."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kennel.planner.compiled import function as kernel
from kennel.planner.compiled.function import Function
from kennel.planner.simulation.histogram import BINS
from kennel.planner.simulation.requests import Chunk
from kennel.scaling.admission import Bucket, request_bucket, start_bucket

__all__ = ["LIFETIME", "FunctionRun"]

LIFETIME = 7200.0
"""Seconds of wall time after which an environment is used no more; the live plane's number."""

_FLOATS = (
    "overhead",
    "idle_timeout",
    "lifetime",
    "latency",
    "billed",
    "provisioned_billed",
    "busy_begun",
    "busy_ended",
    "noted_running",
    "noted_share",
    "most_share",
)
_INTEGERS = (
    "limit",
    "arrivals",
    "served",
    "throttled",
    "cold",
    "provisioned_calls",
    "spilled",
    "running",
    "peak",
    "most_running",
    "noted",
    "noted_shares",
    "wanted",
    "allocated",
    "available",
    "provisioned_busy",
    "idle",
    "oldest",
    "environments",
    "most_environments",
    "free",
)
_STATE = np.dtype([*((name, "f8") for name in _FLOATS), *((name, "i8") for name in _INTEGERS)])
_FOREVER = 1e300


class FunctionRun:
    """Times are seconds of wall time and never decrease from call to call. `inits` are the times
    of initializations, one after the other and then again from the first."""

    def __init__(
        self,
        chunks: Iterator[Chunk],
        *,
        limit: int,
        idle_timeout: float,
        inits: NDArray[np.float64],
        overhead: float = 0.0,
        logged: int = 0,
    ) -> None:
        self._chunks = chunks
        self._chunk: Chunk = (np.empty(0), np.empty(0))
        self._index = 0
        self._function = _function(max(1, limit), inits, logged)
        self.state: Any = self._function.state[0]
        self.state.limit = limit
        self.state.free = len(self._function.free)
        self.state.idle_timeout = idle_timeout
        self.state.lifetime = LIFETIME
        self.state.overhead = overhead

    @property
    def latencies(self) -> NDArray[np.int64]:
        """Bins of the calls that ended; may be emptied."""
        return self._function.latencies

    @property
    def log(self) -> NDArray[np.int8]:
        """What became of each call, as far as it is logged."""
        return self._function.log

    def advance(self, until: float) -> None:
        """Lets everything happen up to a time."""
        while True:
            arrivals, services = self._chunk
            self._index = kernel.run(self._function, arrivals, services, self._index, until)
            if self._index < len(arrivals):
                break
            # After the last call comes one that never does.
            last = (np.array([np.inf]), np.zeros(1))
            self._chunk, self._index = next(self._chunks, last), 0
        if until < _FOREVER:
            kernel.expire(self._function, until)

    def finish(self) -> None:
        """Lets the calls that run end; no more may come."""
        self.advance(_FOREVER)

    def want(self, provisioned: int) -> int:
        """Has so many provisioned environments; returns how many are missing, which are set aside
        now. What is too much goes, if it is in use after its call."""
        state = self.state
        state.wanted = provisioned
        starting = int(state.allocated - state.available)
        idle = int(state.available - state.provisioned_busy)
        surplus = max(0, int(state.allocated) - provisioned)
        unstarted = min(starting, surplus)
        given_up = min(idle, surplus - unstarted)
        state.available -= given_up
        state.allocated -= unstarted + given_up
        missing = max(0, provisioned - int(state.allocated))
        state.allocated += missing
        return missing

    def ready(self) -> None:
        """All that are set aside are usable."""
        self.state.available = self.state.allocated


def _function(limit: int, inits: NDArray[np.float64], logged: int) -> Function:
    slots = 1 << max(1, limit - 1).bit_length()
    whole = np.int64
    return Function(
        state=np.zeros(1, dtype=_STATE).view(np.recarray),
        requests=_row(request_bucket(limit, 0.0)),
        starts=_row(start_bucket(0.0)),
        provisioned=np.zeros(4),
        done_at=np.full(2 * slots, np.inf).view(whole),
        done_slot=np.arange(2 * slots) % slots,
        free=np.arange(slots)[::-1].copy(),
        arrived=np.zeros(slots),
        born=np.zeros(slots),
        idle_since=np.zeros(slots),
        idle_born=np.zeros(slots),
        inits=inits,
        latencies=np.zeros(BINS, whole),
        log=np.zeros(logged, np.int8),
    )


def _row(bucket: Bucket) -> NDArray[np.float64]:
    return np.array([bucket.rate, bucket.capacity, bucket.tokens, bucket.at])
