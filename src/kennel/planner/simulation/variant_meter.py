"""What a variant's result is made of: its minutes, its instances over time, its latencies."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from kennel.planner.simulation.held import Held
from kennel.planner.simulation.histogram import Histogram
from kennel.planner.simulation.timeline import Timeline
from kennel.planner.simulation.variant_run import VariantRun

__all__ = ["VariantMeter"]


@dataclass(frozen=True, slots=True)
class _Mark:
    """The counters at the last minute's end."""

    at: float = 0.0
    held: float = 0.0
    arrivals: int = 0
    refused: int = 0
    busy: int = 0


class VariantMeter:
    """Times are of policy, from the beginning; the variant's are of wall time."""

    def __init__(self, variant: VariantRun, scale: float) -> None:
        self._variant = variant
        self._scale = scale
        self.timeline = Timeline()
        self._mark = _Mark()
        self._busy = 0.0  # seconds of wall time that requests were worked on
        self._held = Held(variant.instances)
        self.changes: list[tuple[float, int]] = [(0.0, variant.instances)]

    @property
    def _state(self) -> Any:
        return self._variant.state

    def changed(self, now: float) -> None:
        """The number of instances is another from now on."""
        self._held.change(now, self._variant.instances)
        self.changes.append((now, self._variant.instances))

    def minute(self, now: float) -> None:
        """A minute ends, or what there is of one."""
        state, before = self._state, self._mark
        seconds = now - before.at
        held = self._held.until(now)
        # What began at b and goes on counts from b until now; what ended, until then.
        busy = float(state.busy_ended - state.busy_begun)
        busy += (int(state.busy) * now - before.busy * before.at) / self._scale
        state.busy_ended = state.busy_begun = 0.0
        self._busy += busy
        mark = _Mark(
            at=now,
            held=held,
            arrivals=int(state.arrivals),
            refused=int(state.rejected + state.timed_out),
            busy=int(state.busy),
        )
        self.timeline.minute(
            self._variant.latencies,
            rate=(mark.arrivals - before.arrivals) / seconds * self._scale,
            capacity=(mark.held - before.held) / seconds,
            waiting=float(state.most_waiting),
            busy=busy / seconds * self._scale,
            refused=float(mark.refused - before.refused),
        )
        state.most_waiting = state.waiting
        self._mark = mark

    def finish(self, now: float) -> tuple[float, float]:
        """The end: returns instance-seconds of policy time, and the share of them, and of what
        leaving instances still worked, that was worked."""
        if now > self._mark.at:
            self.minute(now)
        held = self._held.until(now)
        there = held + self._variant.drained_by(now / self._scale) * self._scale
        self._variant.finish()
        self.timeline.keep(self._variant.latencies)
        return held, self._busy * self._scale / there if there else 0.0

    def wait(self) -> Histogram:
        """How long the requests that were served had waited."""
        counts = self._variant.waits.copy()
        counts[0] += int(self._state.unwaited)
        return Histogram(counts, float(self._state.wait))
