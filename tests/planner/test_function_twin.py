"""The compiled function admits the calls that the live plane admits, onto the same environments."""

from __future__ import annotations

import heapq
from collections.abc import Sequence
from enum import IntEnum
from operator import itemgetter

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from kennel.planner.compiled.function import Call
from kennel.planner.simulation.function_run import FunctionRun
from kennel.scaling.admission import (
    Account,
    Bucket,
    Function,
    Pool,
    Provisioned,
    Rates,
    ThrottleReason,
    admit,
    request_bucket,
    start_bucket,
)

ACCOUNT = 1000
REFUSED = {
    ThrottleReason.FUNCTION_CONCURRENCY: Call.NO_CONCURRENCY,
    ThrottleReason.ACCOUNT_CONCURRENCY: Call.NO_CONCURRENCY,
    ThrottleReason.FUNCTION_RATE: Call.NO_REQUEST_RATE,
    ThrottleReason.ACCOUNT_RATE: Call.NO_REQUEST_RATE,
    ThrottleReason.START_RATE: Call.NO_START_RATE,
}


class Rank(IntEnum):
    """What comes first of what happens at the same time."""

    DONE = 0
    CHANGE = 1
    ARRIVAL = 2


class LivePlane:
    """What the plane's ledger and its pools do around `admit`, on a clock of its own. Without a
    reservation the function has the whole account."""

    def __init__(self, limit: int, is_reserved: bool, init: float, idle_timeout: float) -> None:
        self.limit, self.init, self.idle_timeout = limit, init, idle_timeout
        self.reserved = limit if is_reserved else None
        self.account_limit = ACCOUNT if is_reserved else limit
        self.rates = Rates(
            request_bucket(self.account_limit, 0.0),
            start_bucket(0.0),
            request_bucket(limit, 0.0) if is_reserved else None,
        )
        self.wanted = self.allocated = self.available = 0
        self.busy = self.on_demand = 0
        self.idle: list[float] = []
        self.events: list[tuple[float, Rank, int]] = []
        self.calls: dict[int, Call] = {}

    def run(
        self,
        arrivals: Sequence[float],
        services: Sequence[float],
        changes: Sequence[tuple[float, int | None]],
    ) -> dict[int, Call]:
        self.services = services
        for number, at in enumerate(arrivals):
            heapq.heappush(self.events, (at, Rank.ARRIVAL, number))
        for number, (at, _) in enumerate(changes):
            heapq.heappush(self.events, (at, Rank.CHANGE, number))
        while self.events:
            now, rank, number = heapq.heappop(self.events)
            match rank:
                case Rank.ARRIVAL:
                    self.calls[number] = self.arrive(number, now)
                case Rank.CHANGE:
                    self.change(changes[number][1])
                case Rank.DONE:
                    self.done(self.calls[number], now)
        return self.calls

    def arrive(self, number: int, now: float) -> Call:
        self.idle = [since for since in self.idle if since + self.idle_timeout > now]
        reserved = self.reserved
        said = admit(
            Account(
                self.account_limit,
                reserved or 0,
                self.allocated if reserved is None else 0,
                self.busy + self.on_demand,
                self.on_demand if reserved is None else 0,
            ),
            Function(reserved, self.allocated, self.busy + self.on_demand, self.on_demand),
            Provisioned(self.available, self.busy) if self.wanted or self.available else None,
            Rates(self.rates.account, self.rates.starts, self.rates.function, self.rate(now)),
            starts=not self.idle,
            now=now,
        )
        if said.pool is None:
            assert said.reason is not None
            return REFUSED[said.reason]
        self.rates = said.rates
        if said.pool is Pool.PROVISIONED:
            self.busy += 1
            call, lasts = Call.PROVISIONED, self.services[number]
        else:
            self.on_demand += 1
            call, lasts = (Call.WARM if self.idle else Call.COLD), self.services[number]
            if self.idle:
                self.idle.pop()
            else:
                lasts += self.init
        heapq.heappush(self.events, (now + lasts, Rank.DONE, number))
        return call

    def rate(self, now: float) -> Bucket | None:
        """The ledger's `_rate`."""
        if not self.available:
            return None
        wanted = request_bucket(self.available, now)
        if self.rates.provisioned is None:
            return wanted
        return self.rates.provisioned.resized(wanted.rate, wanted.capacity, now)

    def done(self, call: Call, now: float) -> None:
        if call is not Call.PROVISIONED:
            self.on_demand -= 1
            self.idle.append(now)
            return
        self.busy -= 1
        if self.allocated > self.wanted:
            self.allocated -= 1
            self.available -= 1

    def change(self, wanted: int | None) -> None:
        """Another number of provisioned environments; None: those that are set aside are ready."""
        if wanted is None:
            self.available = self.allocated
            return
        self.wanted = wanted
        while self.allocated > wanted and self.allocated > self.available:
            self.allocated -= 1
        while self.allocated > wanted and self.available > self.busy:
            self.allocated -= 1
            self.available -= 1
        self.allocated = max(self.allocated, wanted)


def compiled(
    arrivals: Sequence[float],
    services: Sequence[float],
    changes: Sequence[tuple[float, int | None]],
    limit: int,
    init: float,
    idle_timeout: float,
) -> dict[int, Call]:
    function = FunctionRun(
        iter([(np.array(arrivals, dtype=float), np.array(services, dtype=float))]),
        limit=limit,
        idle_timeout=idle_timeout,
        inits=np.array([init]),
        logged=len(arrivals),
    )
    for at, wanted in changes:
        function.advance(at)
        if wanted is None:
            function.ready()
        else:
            function.want(wanted)
    function.finish()
    return {number: Call(said) for number, said in enumerate(function.log)}


# Sixteenths of a second: a bucket's tokens are then exact in most cases.
TIMES = st.integers(0, 64).map(lambda sixteenths: sixteenths / 16)


@settings(deadline=None, max_examples=300)  # the first example compiles
@given(
    st.lists(st.tuples(TIMES, st.integers(0, 20)), max_size=60),
    st.lists(st.tuples(TIMES, st.none() | st.integers(0, 4)), max_size=8),
    st.integers(0, 6),
    st.integers(0, 3),
    st.booleans(),
    st.integers(0, 16),
    st.integers(1, 100),
    st.integers(0, 30),
)
def test_every_call_runs_or_is_refused_as_on_the_live_plane(
    calls, changes, limit, provisioned, is_reserved, init, idle_timeout, burst
):
    # A burst of calls that take no time meets the limits of rates, not those of concurrency.
    calls = sorted([*calls, *[(1.0, 0), (1.5, 0)] * burst])
    arrivals, services = [at for at, _ in calls], [work / 16 for _, work in calls]
    changes = [
        (0.0, min(provisioned, limit)),
        (0.0, None),
        *((at, wanted and min(wanted, limit)) for at, wanted in sorted(changes, key=itemgetter(0))),
    ]
    live = LivePlane(limit, is_reserved, init / 16, idle_timeout / 16)
    expected = live.run(arrivals, services, changes)
    found = compiled(arrivals, services, changes, limit, init / 16, idle_timeout / 16)
    assert found == dict(sorted(expected.items()))


def test_new_environments_come_as_fast_as_the_plane_lets_them():
    arrivals, services = [index / 4096 for index in range(8192)], [100.0] * 8192
    expected = LivePlane(5000, False, 0.0, 100.0).run(arrivals, services, [])
    assert set(expected.values()) == {Call.COLD, Call.NO_START_RATE}
    assert compiled(arrivals, services, [], 5000, 0.0, 100.0) == expected
