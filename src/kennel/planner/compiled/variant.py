"""An endpoint's variant under load: the compiled twin of the live plane's shared line
(`kennel.services.sagemaker_runtime.dispatch`, least outstanding requests).

An instance works on one request at a time. A request takes the free instance that was freed last,
or waits in order of arrival; the queue and the wait have limits. What happens at one and the same
moment does so in this order: a request is answered, one gives up, one arrives.

An instance lives in a slot, a small number that another may have after it.
"""

from __future__ import annotations

from enum import IntEnum
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from kennel.planner.compiled.bins import count
from kennel.planner.compiled.jit import compiled
from kennel.planner.compiled.tournament import enter, first

__all__ = ["Log", "Outcome", "Variant", "add", "remove", "run"]


class Outcome(IntEnum):
    """What became of a request."""

    PENDING = 0
    SERVED = 1
    REJECTED = 2
    TIMED_OUT = 3


class Variant(NamedTuple):
    """All that changes; arrays, so that compiled code changes them in place.

    `state` is one record (see `kennel.planner.simulation.variant_state`). Per slot: when the
    request in it had arrived, its service time and its number, and whether the instance leaves.
    The first `state.free` entries of `free` are the free slots. The queue is a ring.
    """

    state: Any
    done_at: NDArray[np.int64]
    done_slot: NDArray[np.int64]
    free: NDArray[np.int64]
    arrived: NDArray[np.float64]
    service: NDArray[np.float64]
    number: NDArray[np.int64]
    leaves: NDArray[np.bool_]
    gone: NDArray[np.int64]
    queue_arrived: NDArray[np.float64]
    queue_service: NDArray[np.float64]
    queue_number: NDArray[np.int64]
    latencies: NDArray[np.int64]
    waits: NDArray[np.int64]


class Log(NamedTuple):
    """What became of each request, by its number; empty arrays log nothing."""

    started: NDArray[np.float64]
    slot: NDArray[np.int64]
    outcome: NDArray[np.int8]


@compiled
def run(
    variant: Variant,
    log: Log,
    arrivals: NDArray[np.float64],
    services: NDArray[np.float64],
    index: int,
    until: float,
) -> int:
    """Goes on from request `index` of these to the time `until`, what happens then included but
    for arrivals. Returns the first request that has not arrived; if there is none, time stands
    where the last one arrived and the next requests are to be given."""
    state = variant.state[0]
    done_at = variant.done_at
    while index < len(arrivals):
        arrival = arrivals[index]
        done = first(done_at)
        if state.waiting > 0:
            expiry = variant.queue_arrived[state.head] + state.wait_limit
            if expiry < done and expiry <= arrival and expiry <= until:
                _give_up(variant, log, expiry)
                continue
        if done <= arrival:
            if done > until:
                break
            _finish(variant, log, done)
        else:
            if arrival >= until:
                break
            _arrive(variant, log, arrival, services[index])
            index += 1
    return index


@compiled
def add(variant: Variant, log: Log, slot: int, now: float) -> None:
    """An instance is there, in a slot that nobody has: it takes the oldest request that waits."""
    state = variant.state[0]
    variant.leaves[slot] = False
    state.instances += 1
    if state.waiting > 0:
        _begin_waiting(variant, log, slot, now)
        enter(variant.done_at, variant.done_slot, slot, state.until)
        state.busy += 1
        state.busy_begun += now
    else:
        variant.free[state.free] = slot
        state.free += 1


@compiled
def remove(variant: Variant, log: Log, slot: int, now: float) -> bool:
    """An instance takes no more requests. Returns whether it is free and so gone at once; another
    is gone when it has answered, which `state.left` counts and `state.left_at` adds up."""
    state = variant.state[0]
    state.instances -= 1
    for place in range(state.free):
        if variant.free[place] == slot:
            for later in range(place, state.free - 1):
                variant.free[later] = variant.free[later + 1]
            state.free -= 1
            return True
    variant.leaves[slot] = True
    return False


@compiled
def _arrive(variant: Variant, log: Log, now: float, service: float) -> None:
    state = variant.state[0]
    number = state.arrivals
    state.arrivals += 1
    if state.free > 0:
        state.free -= 1
        slot = variant.free[state.free]
        variant.arrived[slot], variant.service[slot] = now, service
        variant.number[slot] = number
        state.unwaited += 1
        if len(log.started) > 0:
            log.started[number], log.slot[number] = now, slot
        enter(variant.done_at, variant.done_slot, slot, now + service)
        state.busy += 1
        state.busy_begun += now
    elif state.waiting >= state.queue_limit:
        state.rejected += 1
        if len(log.outcome) > 0:
            log.outcome[number] = Outcome.REJECTED
        return
    else:
        place = state.head + state.waiting
        if place >= len(variant.queue_arrived):
            place -= len(variant.queue_arrived)
        variant.queue_arrived[place], variant.queue_service[place] = now, service
        variant.queue_number[place] = number
        state.waiting += 1
        state.wait_begun += now
        state.most_waiting = max(state.most_waiting, state.waiting)
    state.most_inside = max(state.most_inside, state.busy + state.waiting)


@compiled
def _finish(variant: Variant, log: Log, now: float) -> None:
    """The request that is done first is answered; its instance takes the next, idles or goes."""
    state = variant.state[0]
    slot = variant.done_slot[1]
    latency = now - variant.arrived[slot] + state.overhead
    count(variant.latencies, latency)
    state.latency += latency
    state.served += 1
    state.worked += variant.service[slot]
    if len(log.outcome) > 0:
        log.outcome[variant.number[slot]] = Outcome.SERVED
    if state.waiting > 0 and not variant.leaves[slot]:
        _begin_waiting(variant, log, slot, now)
        enter(variant.done_at, variant.done_slot, slot, state.until)
        return
    enter(variant.done_at, variant.done_slot, slot, np.inf)
    state.busy -= 1
    state.busy_ended += now
    if variant.leaves[slot]:
        variant.gone[state.left] = slot
        state.left += 1
        state.left_at += now
    else:
        variant.free[state.free] = slot
        state.free += 1


@compiled
def _begin_waiting(variant: Variant, log: Log, slot: int, now: float) -> None:
    """The oldest of the queue moves into a slot; it will be done at `state.until`."""
    state = variant.state[0]
    head = state.head
    arrived, service = variant.queue_arrived[head], variant.queue_service[head]
    variant.arrived[slot], variant.service[slot] = arrived, service
    number = variant.queue_number[head]
    variant.number[slot] = number
    _dequeue(variant, now)
    count(variant.waits, now - arrived)
    state.wait += now - arrived
    state.until = now + service
    if len(log.started) > 0:
        log.started[number], log.slot[number] = now, slot


@compiled
def _give_up(variant: Variant, log: Log, now: float) -> None:
    state = variant.state[0]
    if len(log.outcome) > 0:
        log.outcome[variant.queue_number[state.head]] = Outcome.TIMED_OUT
    state.timed_out += 1
    _dequeue(variant, now)


@compiled
def _dequeue(variant: Variant, now: float) -> None:
    state = variant.state[0]
    state.head += 1
    if state.head == len(variant.queue_arrived):
        state.head = 0
    state.waiting -= 1
    state.wait_ended += now
