"""An endpoint's variant whose requests choose an instance at random: the compiled twin of the live
plane's random lines (`kennel.services.sagemaker_runtime.dispatch`).

A request chooses one of the instances that do not leave, each as likely as the others, and takes it
or waits in its line, even if another one is free. When an instance leaves, those in its line choose
again, the oldest first. While there is no instance, requests wait in the line of nobody.

What happens at one and the same moment does so in the order that `kennel.planner.compiled.variant`
has, and `Log` is that one's too. Line 0 is nobody's; the line of slot s is s + 1.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from kennel.planner.compiled.bins import count
from kennel.planner.compiled.chance import unit
from kennel.planner.compiled.jit import compiled
from kennel.planner.compiled.tournament import enter, first
from kennel.planner.compiled.variant import Log, Outcome

__all__ = ["RandomLines", "add", "remove", "run"]

_NONE = -1


class RandomLines(NamedTuple):
    """All that changes. `state` and what is kept per slot are as in `Variant`, with `idle`: whether
    an instance is free. `serving` has the slots of the instances that take requests, in the order
    in which they came. Waiting requests have places: the oldest of all is `state.head`, from where
    `newer` leads on; `older` leads back. Each is in a `line`, which begins at `line_first` and goes
    on by `behind`."""

    state: Any
    done_at: NDArray[np.int64]
    done_slot: NDArray[np.int64]
    arrived: NDArray[np.float64]
    service: NDArray[np.float64]
    number: NDArray[np.int64]
    leaves: NDArray[np.bool_]
    gone: NDArray[np.int64]
    idle: NDArray[np.bool_]
    serving: NDArray[np.int64]
    line_first: NDArray[np.int64]
    queue_arrived: NDArray[np.float64]
    queue_service: NDArray[np.float64]
    queue_number: NDArray[np.int64]
    line: NDArray[np.int64]
    behind: NDArray[np.int64]
    newer: NDArray[np.int64]
    older: NDArray[np.int64]
    vacant: NDArray[np.int64]
    latencies: NDArray[np.int64]
    waits: NDArray[np.int64]


@compiled
def run(
    lines: RandomLines,
    log: Log,
    arrivals: NDArray[np.float64],
    services: NDArray[np.float64],
    index: int,
    until: float,
) -> int:
    """As `run` of `kennel.planner.compiled.variant`."""
    state = lines.state[0]
    while index < len(arrivals):
        arrival = arrivals[index]
        done = first(lines.done_at)
        if state.waiting > 0:
            expiry = lines.queue_arrived[state.head] + state.wait_limit
            if expiry < done and expiry <= arrival and expiry <= until:
                if len(log.outcome) > 0:
                    log.outcome[lines.queue_number[state.head]] = Outcome.TIMED_OUT
                state.timed_out += 1
                _leave_queue(lines, state.head, expiry)
                continue
        if done <= arrival:
            if done > until:
                break
            _finish(lines, log, done)
        else:
            if arrival >= until:
                break
            _arrive(lines, log, arrival, services[index])
            index += 1
    return index


@compiled
def add(lines: RandomLines, log: Log, slot: int, now: float) -> None:
    """An instance is there, in a slot that nobody has; who is in nobody's line chooses."""
    state = lines.state[0]
    lines.leaves[slot], lines.idle[slot] = False, True
    lines.line_first[slot + 1] = _NONE
    lines.serving[state.instances] = slot
    state.instances += 1
    _choose_again(lines, log, 0, now)


@compiled
def remove(lines: RandomLines, log: Log, slot: int, now: float) -> bool:
    """As `remove` of `kennel.planner.compiled.variant`; who is in its line chooses again."""
    state = lines.state[0]
    place = 0
    while lines.serving[place] != slot:
        place += 1
    state.instances -= 1
    for later in range(place, state.instances):
        lines.serving[later] = lines.serving[later + 1]
    was_idle = lines.idle[slot]
    lines.idle[slot], lines.leaves[slot] = False, not was_idle
    _choose_again(lines, log, slot + 1, now)
    return bool(was_idle)


@compiled
def _choose(lines: RandomLines) -> int:
    """A slot by chance, or -1 if there is none."""
    state = lines.state[0]
    if state.instances == 0:
        return _NONE
    share = unit(state.key, state.draws)
    state.draws += 1
    return int(lines.serving[int(share * state.instances)])


@compiled
def _arrive(lines: RandomLines, log: Log, now: float, service: float) -> None:
    state = lines.state[0]
    number = state.arrivals
    state.arrivals += 1
    slot = _choose(lines)
    if slot >= 0 and lines.idle[slot]:
        state.unwaited += 1
        _begin(lines, log, slot, number, now, now, service)
        state.busy += 1
        state.busy_begun += now
    elif state.waiting >= state.queue_limit:
        state.rejected += 1
        if len(log.outcome) > 0:
            log.outcome[number] = Outcome.REJECTED
        return
    else:
        place = lines.vacant[state.waiting]
        lines.queue_arrived[place], lines.queue_service[place] = now, service
        lines.queue_number[place] = number
        last = state.last
        lines.newer[place], lines.older[place] = _NONE, last
        if state.waiting == 0:
            state.head, lines.older[place] = place, _NONE
        else:
            lines.newer[last] = place
        state.last = place
        state.waiting += 1
        state.wait_begun += now
        _line_up(lines, place, slot + 1)
        state.most_waiting = max(state.most_waiting, state.waiting)
    state.most_inside = max(state.most_inside, state.busy + state.waiting)


@compiled
def _line_up(lines: RandomLines, place: int, line: int) -> None:
    """Puts a waiting request into a line, behind all that came before it."""
    lines.line[place] = line
    number = lines.queue_number[place]
    before, after = _NONE, lines.line_first[line]
    while after >= 0 and lines.queue_number[after] < number:
        before, after = after, lines.behind[after]
    lines.behind[place] = after
    if before < 0:
        lines.line_first[line] = place
    else:
        lines.behind[before] = place


@compiled
def _leave_queue(lines: RandomLines, place: int, now: float) -> None:
    """Takes out a request that is the first of its line."""
    state = lines.state[0]
    lines.line_first[lines.line[place]] = lines.behind[place]
    before, after = lines.older[place], lines.newer[place]
    if before < 0:
        state.head = after
    else:
        lines.newer[before] = after
    if after < 0:
        state.last = before
    else:
        lines.older[after] = before
    state.waiting -= 1
    lines.vacant[state.waiting] = place
    state.wait_ended += now


@compiled
def _begin(
    lines: RandomLines,
    log: Log,
    slot: int,
    number: int,
    arrived: float,
    now: float,
    service: float,
) -> None:
    lines.idle[slot] = False
    lines.arrived[slot], lines.service[slot], lines.number[slot] = arrived, service, number
    if len(log.started) > 0:
        log.started[number], log.slot[number] = now, slot
    enter(lines.done_at, lines.done_slot, slot, now + service)


@compiled
def _begin_waiting(lines: RandomLines, log: Log, slot: int, place: int, now: float) -> None:
    """A request that is the first of its line begins."""
    arrived, service = lines.queue_arrived[place], lines.queue_service[place]
    number = lines.queue_number[place]
    _leave_queue(lines, place, now)
    count(lines.waits, now - arrived)
    lines.state[0].wait += now - arrived
    _begin(lines, log, slot, number, arrived, now, service)


@compiled
def _choose_again(lines: RandomLines, log: Log, line: int, now: float) -> None:
    """Those in a line go to others, the oldest first."""
    state = lines.state[0]
    place = lines.line_first[line]
    while place >= 0:
        behind = lines.behind[place]
        slot = _choose(lines)
        if slot >= 0 and lines.idle[slot]:
            _begin_waiting(lines, log, slot, place, now)
            state.busy += 1
            state.busy_begun += now
        else:
            lines.line_first[line] = behind
            _line_up(lines, place, slot + 1)
            if slot < 0 and line == 0:
                return  # they all stay
        place = behind


@compiled
def _finish(lines: RandomLines, log: Log, now: float) -> None:
    """The request that is done first is answered; its instance takes the next, idles or goes."""
    state = lines.state[0]
    slot = lines.done_slot[1]
    latency = now - lines.arrived[slot] + state.overhead
    count(lines.latencies, latency)
    state.latency += latency
    state.served += 1
    state.worked += lines.service[slot]
    if len(log.outcome) > 0:
        log.outcome[lines.number[slot]] = Outcome.SERVED
    place = lines.line_first[slot + 1]
    if place >= 0 and not lines.leaves[slot]:
        _begin_waiting(lines, log, slot, place, now)
        return
    enter(lines.done_at, lines.done_slot, slot, np.inf)
    state.busy -= 1
    state.busy_ended += now
    if lines.leaves[slot]:
        lines.gone[state.left] = slot
        state.left += 1
        state.left_at += now
    else:
        lines.idle[slot] = True
