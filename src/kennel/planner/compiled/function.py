"""A function's version under load: the compiled twin of `kennel.scaling.admission.admit` for one
function, with its environments.

A call runs at once or not at all. Provisioned environments come first, then the idle environment
that was used last, then a new one, whose initialization the caller waits for. What happens at one
and the same moment does so in this order: a call ends, an idle environment goes, a call arrives.

A call lives in a slot, a small number that another may have after it.
"""

from __future__ import annotations

import math
from enum import IntEnum
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from kennel.planner.compiled.bins import count
from kennel.planner.compiled.bucket import CAPACITY, level, resize, take
from kennel.planner.compiled.jit import compiled
from kennel.planner.compiled.tournament import enter, first

__all__ = ["Call", "Function", "expire", "run"]

_REQUESTS_EACH = 10.0  # requests a second that a unit of concurrency may have


class Call(IntEnum):
    """What becomes of a call."""

    PENDING = 0
    PROVISIONED = 1
    WARM = 2
    COLD = 3
    NO_CONCURRENCY = 4
    NO_REQUEST_RATE = 5
    NO_START_RATE = 6


class Function(NamedTuple):
    """All that changes; arrays, so that compiled code changes them in place.

    `state` is one record (see `kennel.planner.simulation.function_run`). The buckets are those of
    the function's requests, of new environments, and of its provisioned environments' requests.
    Per slot: when the call came, since when its environment is there (of a provisioned one, -1).
    The first `state.free` entries of `free` are free slots. Idle environments are a ring, the one
    that is idle longest first.
    """

    state: Any
    requests: NDArray[np.float64]
    starts: NDArray[np.float64]
    provisioned: NDArray[np.float64]
    done_at: NDArray[np.int64]
    done_slot: NDArray[np.int64]
    free: NDArray[np.int64]
    arrived: NDArray[np.float64]
    born: NDArray[np.float64]
    idle_since: NDArray[np.float64]
    idle_born: NDArray[np.float64]
    inits: NDArray[np.float64]
    latencies: NDArray[np.int64]
    log: NDArray[np.int8]


@compiled
def run(
    function: Function,
    arrivals: NDArray[np.float64],
    services: NDArray[np.float64],
    index: int,
    until: float,
) -> int:
    """Goes on from call `index` of these to the time `until`, what happens then included but for
    arrivals. Returns the first call that has not come; if there is none, time stands where the
    last one came and the next calls are to be given."""
    while index < len(arrivals):
        arrival, done = arrivals[index], first(function.done_at)
        if done <= arrival:
            if done > until:
                break
            _finish(function, done)
        else:
            if arrival >= until:
                break
            _arrive(function, arrival, services[index])
            index += 1
    return index


@compiled
def expire(function: Function, now: float) -> None:
    """Lets the environments go that have been idle for too long."""
    state = function.state[0]
    while state.idle > 0 and function.idle_since[state.oldest] + state.idle_timeout <= now:
        state.oldest += 1
        if state.oldest == len(function.idle_since):
            state.oldest = 0
        state.idle -= 1
        state.environments -= 1


@compiled
def _arrive(function: Function, now: float, service: float) -> None:
    state = function.state[0]
    number = state.arrivals
    state.arrivals += 1
    expire(function, now)
    said = _admit(function, now)
    if len(function.log) > 0:
        function.log[number] = said
    if said >= Call.NO_CONCURRENCY:
        state.throttled += 1
        return
    born, lasts, billed = -1.0, service, service
    if said == Call.PROVISIONED:
        state.provisioned_busy += 1
    elif said == Call.WARM:
        state.idle -= 1
        place = state.oldest + state.idle
        if place >= len(function.idle_since):
            place -= len(function.idle_since)
        born = function.idle_born[place]
    else:
        born = now
        lasts = service + function.inits[state.cold % len(function.inits)]
        billed = lasts
        state.cold += 1
        state.environments += 1
        state.most_environments = max(state.most_environments, state.environments)
    _bill(function, said, billed)
    state.free -= 1
    slot = function.free[state.free]
    function.arrived[slot], function.born[slot] = now, born
    enter(function.done_at, function.done_slot, slot, now + lasts)
    state.running += 1
    state.busy_begun += now
    _note(function, now)


@compiled
def _admit(function: Function, now: float) -> int:
    """Whether a call runs and where, in the order of `admit`'s rules."""
    state = function.state[0]
    if state.running >= state.limit:
        return Call.NO_CONCURRENCY
    if level(function.requests, now) < 1.0:
        return Call.NO_REQUEST_RATE
    if state.provisioned_busy < state.available:
        _fit_rate(function, now)
        if level(function.provisioned, now) >= 1.0:
            take(function.requests, now)
            take(function.provisioned, now)
            return Call.PROVISIONED
    if state.running - state.provisioned_busy >= state.limit - state.allocated:
        return Call.NO_CONCURRENCY
    if state.idle > 0:
        take(function.requests, now)
        return Call.WARM
    if level(function.starts, now) < 1.0:
        return Call.NO_START_RATE
    take(function.requests, now)
    take(function.starts, now)
    return Call.COLD


@compiled
def _fit_rate(function: Function, now: float) -> None:
    """The provisioned environments' rate is by how many of them are usable."""
    rate = _REQUESTS_EACH * function.state[0].available
    if function.provisioned[CAPACITY] != rate:
        resize(function.provisioned, rate, rate, now)


@compiled
def _bill(function: Function, said: int, seconds: float) -> None:
    """Rounded up to a millisecond, but for what is a float's rounding."""
    state = function.state[0]
    billed = math.ceil(seconds * 1e3 - 1e-6) * 1e-3
    if said == Call.PROVISIONED:
        state.provisioned_calls += 1
        state.provisioned_billed += billed
    else:
        state.billed += billed
        state.spilled += 1 if state.wanted > 0 else 0


@compiled
def _note(function: Function, now: float) -> None:
    """What the metrics of concurrency get at each call."""
    state = function.state[0]
    state.noted += 1
    state.noted_running += state.running
    state.most_running = max(state.most_running, state.running)
    state.peak = max(state.peak, state.running)
    if state.available > 0:
        _fit_rate(function, now)
        share = state.provisioned_busy / state.available
        state.noted_share += share
        state.noted_shares += 1
        state.most_share = max(state.most_share, share)
    else:
        function.provisioned[CAPACITY] = 0.0  # what is usable next begins with a full one


@compiled
def _finish(function: Function, now: float) -> None:
    """The call that ends first does."""
    state = function.state[0]
    slot = function.done_slot[1]
    enter(function.done_at, function.done_slot, slot, np.inf)
    latency = now - function.arrived[slot] + state.overhead
    count(function.latencies, latency)
    state.latency += latency
    state.served += 1
    function.free[state.free] = slot
    state.free += 1
    state.running -= 1
    state.busy_ended += now
    born = function.born[slot]
    if born < 0.0:
        state.provisioned_busy -= 1
        if state.allocated > state.wanted:
            state.allocated -= 1
            state.available -= 1
    elif now - born > state.lifetime:
        state.environments -= 1
    else:
        place = state.oldest + state.idle
        if place >= len(function.idle_since):
            place -= len(function.idle_since)
        function.idle_since[place], function.idle_born[place] = now, born
        state.idle += 1
