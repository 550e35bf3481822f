"""What a function's result is made of: its minutes, its environments over time, its latencies."""

from __future__ import annotations

from dataclasses import dataclass

from kennel.planner.simulation.function_run import FunctionRun
from kennel.planner.simulation.held import Held
from kennel.planner.simulation.timeline import Timeline

__all__ = ["FunctionMeter"]


@dataclass(frozen=True, slots=True)
class _Mark:
    """The counters at the last minute's end."""

    at: float = 0.0
    usable: float = 0.0
    arrivals: int = 0
    throttled: int = 0
    running: int = 0


class FunctionMeter:
    """Times are of policy, from the beginning; the function's are of wall time."""

    def __init__(self, function: FunctionRun, scale: float) -> None:
        self._function = function
        self._scale = scale
        self._mark = _Mark()
        ready = int(function.state.available)
        self._usable = Held(ready)
        self.held = Held(int(function.state.wanted))
        self.timeline = Timeline()
        self.changes: list[tuple[float, int]] = [(0.0, ready)]

    def changed(self, now: float) -> None:
        """The number of provisioned environments is another from now on."""
        state = self._function.state
        self.held.change(now, int(state.wanted))
        ready = int(state.available)
        if ready != self._usable.count:
            self._usable.change(now, ready)
            self.changes.append((now, ready))

    def minute(self, now: float) -> None:
        """A minute ends, or what there is of one."""
        # What was given up while it was in use has gone meanwhile.
        self.changed(now)
        state, before = self._function.state, self._mark
        seconds = now - before.at
        # What began at b and goes on counts from b until now; what ended, until then.
        busy = float(state.busy_ended - state.busy_begun)
        busy += (int(state.running) * now - before.running * before.at) / self._scale
        state.busy_ended = state.busy_begun = 0.0
        mark = _Mark(
            at=now,
            usable=self._usable.until(now),
            arrivals=int(state.arrivals),
            throttled=int(state.throttled),
            running=int(state.running),
        )
        self.timeline.minute(
            self._function.latencies,
            rate=(mark.arrivals - before.arrivals) / seconds * self._scale,
            capacity=(mark.usable - before.usable) / seconds,
            waiting=0.0,
            busy=busy / seconds * self._scale,
            refused=float(mark.throttled - before.throttled),
        )
        self._mark = mark

    def finish(self, now: float) -> float:
        """The end; returns the share of usable environments' time that was spent on calls."""
        if now > self._mark.at:
            self.minute(now)
        usable = self._usable.until(now) / self._scale
        self._function.finish()
        self.timeline.keep(self._function.latencies)
        worked = float(self._function.state.provisioned_billed)
        return min(1.0, worked / usable) if usable else float("nan")
