"""When a target's alarms are evaluated, and its scheduled actions run, on the simulated clock."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from kennel.planner.errors import BadPlan
from kennel.planner.simulation.agenda import Agenda, Due
from kennel.planner.simulation.result import Activity
from kennel.planner.simulation.scaler import Sample, Scaler
from kennel.planner.simulation.scaling_setting import Scaling, ScheduledAction
from kennel.scaling.schedule import (
    BadSchedule,
    BadTimezone,
    Schedule,
    next_firing,
    parse_schedule,
)

__all__ = ["ScalingClock"]

_GRACE = 0.2  # seconds of wall time from a period's end to its evaluation; the live plane's number
_GRACE_SHARE = 0.2  # of the period, at most


class ScalingClock:
    """`read` gives what was measured since the last time; `follow` has a capacity changed, and
    says `fulfilled` when that is done. Times are of policy, from the beginning, which is at
    `begins` (Unix time)."""

    def __init__(
        self,
        agenda: Agenda,
        read: Callable[[], Sample],
        follow: Callable[[int, float], None],
        begins: float,
        scale: float,
    ) -> None:
        self._agenda = agenda
        self._read = read
        self._follow = follow
        self._begins = begins
        self._scale = scale
        self._scaler: Scaler | None = None
        self._grace = 0.0

    def start(self, scaling: Scaling, capacity: int, end: float) -> None:
        """Registers a target of that capacity, which is brought within its bounds."""
        self._scaler = Scaler(scaling, capacity)
        tick = float(self._scaler.tick_seconds)
        self._grace = min(_GRACE * self._scale, _GRACE_SHARE * tick)
        self._agenda.every(tick - self._begins % tick, tick, Due.TICK, self._tick)
        for action in scaling.schedules:
            self._put_firing(action, self._schedule(action), self._begins - 1e-3, end)
        self._change(self._scaler.check(self._begins), 0.0)

    def fulfilled(self, now: float) -> None:
        """The capacity is as it was to be."""
        if self._scaler is not None:
            self._change(self._scaler.fulfilled(now + self._begins), now)

    def activities(self) -> Sequence[Activity]:
        """What was done, and what is under way."""
        return () if self._scaler is None else self._scaler.told(self._begins)

    def _tick(self, now: float) -> None:
        """A period ends; what follows from it does so a moment later."""
        sample = self._read()
        self._agenda.put(now + self._grace, Due.DECISION, lambda at: self._decide(sample, now, at))

    def _decide(self, sample: Sample, end: float, now: float) -> None:
        assert self._scaler is not None
        self._change(self._scaler.tick(sample, end + self._begins, now + self._begins), now)

    def _schedule(self, action: ScheduledAction) -> Schedule:
        """Raises BadPlan."""
        start, end = (
            None if moment is None else moment.timestamp() for moment in (action.start, action.end)
        )
        try:
            return parse_schedule(
                action.schedule, action.timezone, start=start, end=end, created=self._begins
            )
        except BadTimezone:
            raise BadPlan(f"there is no time zone {action.timezone}") from None
        except BadSchedule as error:
            raise BadPlan(f"the schedule {action.schedule!r} can't be read: {error}") from None

    def _put_firing(
        self, action: ScheduledAction, schedule: Schedule, after: float, end: float
    ) -> None:
        """Has the action done at its next time after that one (Unix time), and so on."""
        due = next_firing(schedule, after)
        if due is None or due - self._begins > end:
            return

        def fire(now: float) -> None:
            assert self._scaler is not None
            wanted = self._scaler.fire(action.name, action.minimum, action.maximum, due)
            self._change(wanted, now)
            self._put_firing(action, schedule, due, end)

        self._agenda.put(max(0.0, due - self._begins), Due.SCHEDULED, fire)

    def _change(self, wanted: int | None, now: float) -> None:
        if wanted is not None:
            self._follow(wanted, now)
