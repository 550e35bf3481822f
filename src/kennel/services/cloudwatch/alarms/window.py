"""The periods that one evaluation of an alarm looks at."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from kennel.services.cloudwatch.alarms.downtime import Downtime
from kennel.services.cloudwatch.alarms.reader import Reading, Wanted
from kennel.services.cloudwatch.alarms.reasons import Datapoint
from kennel.services.cloudwatch.alarms.watch import Watch

__all__ = ["Window", "window_of"]


@dataclass(frozen=True, slots=True)
class Window:
    """`live` are the beginnings of the periods before `end` in which the plane was up; with
    `is_whole` they are all that the alarm looks at. `wanted` is what to read."""

    watch: Watch
    live: Sequence[int]
    end: int
    is_whole: bool
    wanted: Sequence[Wanted]

    @property
    def start(self) -> int:
        return self.live[0] if self.live else self.end

    def datapoints(self, readings: Sequence[Reading]) -> list[Datapoint]:
        """What the readings of `wanted` make."""
        return self.watch.datapoints(self.live, self.start, self.end, readings)


def window_of(watch: Watch, end: int, downtime: Downtime) -> Window:
    """The window of an alarm whose newest period ends at `end` (seconds of policy time)."""
    size = watch.rule.evaluation_range
    live = downtime.live_periods(end, watch.rule.period, size)
    start = live[0] if live else end
    return Window(watch, live, end, len(live) == size, watch.wanted(start, end))
