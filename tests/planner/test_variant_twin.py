"""The compiled variant does what the live plane's route does, request by request."""

from __future__ import annotations

import heapq
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import IntEnum
from itertools import count
from typing import NamedTuple

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from kennel.planner.compiled.chance import unit
from kennel.planner.compiled.variant import Outcome
from kennel.planner.simulation import Routing
from kennel.planner.simulation.requests import stream_key
from kennel.planner.simulation.variant_run import _CHOICE_STREAM, VariantRun, new_log
from kennel.services.sagemaker_runtime.dispatch import Dispatch, QueueFull, RandomLines, SharedLine

SEED = 5


class Change(NamedTuple):
    """At a time, more instances (or fewer) take requests; the newest leaves first."""

    at: float
    more: int


class Fate(NamedTuple):
    """When a request began, on the how-manieth instance that there was, and its end."""

    started: float | None
    instance: int
    outcome: Outcome


class Rank(IntEnum):
    """What comes first of what happens at the same time."""

    DONE = 0
    EXPIRY = 1
    CHANGE = 2
    ARRIVAL = 3


@dataclass
class LivePlane:
    """The route's core on a clock of its own."""

    services: Sequence[float]
    limit: int
    wait_limit: float
    fates: dict[int, Fate] = field(default_factory=dict)

    routing: Routing = Routing.LEAST_OUTSTANDING_REQUESTS

    def __post_init__(self) -> None:
        self.line: Dispatch[int] = SharedLine(self.limit)
        if self.routing is Routing.RANDOM:
            key, draws = stream_key(SEED, _CHOICE_STREAM), count()
            self.line = RandomLines(self.limit, lambda n: int(unit(key, next(draws)) * n))
        self.serving: list[int] = []
        self.added = 0
        self.events: list[tuple[float, Rank, int]] = []

    def run(self, arrivals: Sequence[float], changes: Sequence[Change]) -> dict[int, Fate]:
        for number, at in enumerate(arrivals):
            heapq.heappush(self.events, (at, Rank.ARRIVAL, number))
        for number, change in enumerate(changes):
            heapq.heappush(self.events, (change.at, Rank.CHANGE, number))
        while self.events:
            now, rank, number = heapq.heappop(self.events)
            match rank:
                case Rank.ARRIVAL:
                    self.arrive(number, now)
                case Rank.EXPIRY:
                    if self.line.abandon(number):
                        self.fates[number] = Fate(None, -1, Outcome.TIMED_OUT)
                case Rank.CHANGE:
                    self.change(changes[number].more, now)
                case Rank.DONE:
                    instance = self.fates[number].instance
                    taken = self.line.release(str(instance))
                    if taken is not None:
                        self.start(taken, instance, now)
        return self.fates

    def arrive(self, number: int, now: float) -> None:
        try:
            instance = self.line.arrive(number, number)
        except QueueFull:
            self.fates[number] = Fate(None, -1, Outcome.REJECTED)
            return
        if instance is None:
            heapq.heappush(self.events, (now + self.wait_limit, Rank.EXPIRY, number))
        else:
            self.start(number, int(instance), now)

    def start(self, number: int, instance: int, now: float) -> None:
        self.fates[number] = Fate(now, instance, Outcome.SERVED)
        heapq.heappush(self.events, (now + self.services[number], Rank.DONE, number))

    def change(self, more: int, now: float) -> None:
        for _ in range(more):
            self.serving.append(self.added)
            self.added += 1
            for number, instance in self.line.add(str(self.serving[-1])):
                self.start(number, int(instance), now)
        for _ in range(min(-more, len(self.serving))):
            for number, instance in self.line.remove(str(self.serving.pop())):
                self.start(number, int(instance), now)


def compiled(
    arrivals: Sequence[float],
    services: Sequence[float],
    changes: Sequence[Change],
    limit: int,
    wait_limit: float,
    chunk: int,
    routing: Routing,
) -> dict[int, Fate]:
    times, works = np.array(arrivals, dtype=float), np.array(services, dtype=float)
    pieces = (
        (times[first : first + chunk], works[first : first + chunk])
        for first in range(0, len(times), chunk)
    )
    log = new_log(len(times))
    variant = VariantRun(
        pieces,
        queue_limit=limit,
        wait_limit=wait_limit,
        log=log,
        slots=2,
        routing=routing,
        seed=SEED,
    )
    added: list[tuple[float, int]] = []  # when and in which slot each instance came
    for change in changes:
        variant.advance(change.at)
        for _ in range(change.more):
            added.append((change.at, variant.add(change.at)))
        for _ in range(min(-change.more, variant.instances)):
            variant.remove(change.at)
    variant.finish()

    def instance(started: float, slot: int) -> int:
        return max(n for n, (at, where) in enumerate(added) if where == slot and at <= started)

    return {
        number: Fate(started, instance(started, int(log.slot[number])), outcome)
        if outcome is Outcome.SERVED
        else Fate(None, -1, outcome)
        for number in range(len(times))
        for started, outcome in [(float(log.started[number]), Outcome(log.outcome[number]))]
    }


MOST = 30
TIMES = st.integers(0, 40).map(float)


@st.composite
def requests(draw: st.DrawFn) -> tuple[list[float], list[float]]:
    """Arrivals that often coincide, and service times of which no two sums are the same: which of
    two that end at the same time comes first is nobody's promise."""
    arrivals = sorted(draw(st.lists(TIMES, max_size=MOST)))
    wholes = draw(st.lists(st.integers(0, 12), min_size=len(arrivals), max_size=len(arrivals)))
    return arrivals, [whole + 2.0 ** -(number + 5) for number, whole in enumerate(wholes)]


@settings(deadline=None, max_examples=500)  # the first example compiles
@given(
    requests(),
    st.lists(st.builds(Change, TIMES, st.integers(-3, 3)), max_size=12),
    st.integers(1, 4),
    st.integers(0, 6),
    st.integers(1, 20).map(float),
    st.integers(1, 8),
    st.sampled_from(Routing),
)
def test_every_request_begins_when_and_where_it_does_on_the_live_plane(
    asked, changes, instances, limit, wait_limit, chunk, routing
):
    arrivals, services = asked
    changes = [Change(0.0, instances), *sorted(changes)]
    live = LivePlane(services, limit, wait_limit, routing=routing).run(arrivals, changes)
    assert len(live) == len(arrivals)
    assert compiled(arrivals, services, changes, limit, wait_limit, chunk, routing) == live
