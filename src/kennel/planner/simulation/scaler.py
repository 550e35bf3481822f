"""A scalable target on the simulated clock: CloudWatch's alarms and Application Auto Scaling.

The decisions are those of `kennel.scaling`, the live plane's; here is only when they are asked for.
At the end of each of an alarm's periods its state is evaluated. In the state ALARM it invokes its
policy when it changes to it and each minute while it lasts. While a change of capacity is under way
there is no other; cooldowns count from its end. All times are seconds of policy time.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TypeAlias

from kennel.planner.errors import BadPlan
from kennel.planner.simulation.metric import Metric, Statistic
from kennel.planner.simulation.result import Activity
from kennel.planner.simulation.scaling_setting import Scaling, SteppingPolicy, TrackingPolicy
from kennel.scaling import AlarmRule, AlarmState, Bounds, Change, History, Vote, decide
from kennel.scaling.alarm import evaluate
from kennel.scaling.step_scaling import vote as step_vote
from kennel.scaling.target_tracking import TrackingReading, high_alarm, low_alarm
from kennel.scaling.target_tracking import vote as tracking_vote

__all__ = ["Reading", "Sample", "Scaler"]

Sample: TypeAlias = "Mapping[Metric, Reading]"
"""What was measured in one tick."""

_MINUTE = 60
"""Seconds from one evaluation to the next of an alarm whose period is not shorter, and from one
invocation of its policy to the next while its state lasts."""
_MOMENT = 1e-3
"""Seconds that a change takes beyond what is simulated, which on the plane is never none. So a
cooldown of five periods is not over at the fifth evaluation after a change but at the sixth."""


_UNKNOWN = frozenset({(Metric.MODEL_LATENCY, Statistic.MAXIMUM)})


@dataclass(slots=True)
class Reading:
    """The data of a metric in some time."""

    total: float = 0.0
    count: float = 0.0
    most: float = 0.0

    def add(self, other: Reading) -> None:
        if other.count:
            self.most = max(self.most, other.most) if self.count else other.most
            self.total += other.total
            self.count += other.count

    def value(self, statistic: Statistic) -> float | None:
        """None where there is no data."""
        if not self.count:
            return None
        match statistic:
            case Statistic.SUM:
                return self.total
            case Statistic.AVERAGE:
                return self.total / self.count
            case Statistic.MAXIMUM:
                return self.most


class _Watch:
    """One alarm. It is evaluated every minute, or every period if that is shorter; it looks at
    whole periods that end then, so that those of a longer period overlap from time to time."""

    def __init__(self, name: str, rule: AlarmRule, metric: Metric, statistic: Statistic) -> None:
        self.name = name
        self.rule = rule
        self.state = AlarmState.INSUFFICIENT_DATA
        self._metric = metric
        self._statistic = statistic
        self._cadence = min(rule.period, _MINUTE)
        self._each = rule.period // self._cadence  # evaluations in a period
        size = rule.evaluation_range
        self._readings = deque([Reading() for _ in range(size * self._each)], size * self._each)
        self._points: list[float | None] = [None] * size
        self._reading = Reading()
        self._invoked_at: float | None = None

    @property
    def value(self) -> float | None:
        """The newest datapoint that has a value."""
        return next((point for point in reversed(self._points) if point is not None), None)

    def observe(self, sample: Sample, now: float) -> bool:
        """Takes a tick's data, and evaluates if it is time to. Returns whether the policy is
        invoked."""
        if self._metric in sample:
            self._reading.add(sample[self._metric])
        if round(now) % self._cadence:
            return False
        self._readings.append(self._reading)
        self._reading = Reading()
        self._points = [reading.value(self._statistic) for reading in self._periods()]
        former = self.state
        self.state = evaluate(self.rule, self._points, former)
        since = math.inf if self._invoked_at is None else now - self._invoked_at
        if self.state is former and since < _MINUTE:
            return False
        self._invoked_at = now
        return self.state is AlarmState.ALARM

    def _periods(self) -> Sequence[Reading]:
        """The periods that end now, oldest first."""
        if self._each == 1:
            return tuple(self._readings)
        readings = list(self._readings)
        return [
            _sum(readings[first : first + self._each])
            for first in range(0, len(readings), self._each)
        ]


def _sum(readings: Sequence[Reading]) -> Reading:
    total = Reading()
    for reading in readings:
        total.add(reading)
    return total


@dataclass(slots=True)
class _Tracked:
    policy: TrackingPolicy
    high: _Watch
    low: _Watch
    history: History = field(default_factory=History)

    @property
    def name(self) -> str:
        return self.policy.tracking.name

    @property
    def watches(self) -> Sequence[_Watch]:
        return (self.high, self.low)

    def vote(self, capacity: int, now: float) -> Vote:
        raised = [watch for watch in self.watches if watch.state is AlarmState.ALARM]
        metric = raised[0].value if raised else None
        reading = TrackingReading(self.high.state, self.low.state, metric)
        return tracking_vote(self.policy.tracking, reading, capacity, self.history, now)


@dataclass(slots=True)
class _Stepped:
    policy: SteppingPolicy
    alarm: _Watch
    history: History = field(default_factory=History)

    @property
    def name(self) -> str:
        return self.policy.stepping.name

    @property
    def watches(self) -> Sequence[_Watch]:
        return (self.alarm,)

    def vote(self, capacity: int, now: float) -> Vote | None:
        value = self.alarm.value
        if self.alarm.state is not AlarmState.ALARM or value is None:
            return None
        distance = value - self.policy.alarm.threshold
        return step_vote(self.policy.stepping, distance, capacity, self.history, now)


class Scaler:
    """`capacity` is the desired one. The owner calls `tick` at each multiple of `tick_seconds` and
    `fulfilled` when a change that another call returned has been made. Raises BadPlan."""

    def __init__(self, scaling: Scaling, capacity: int) -> None:
        self._suspended = scaling.suspended
        for one in scaling.policies:
            if (one.metric, one.statistic) in _UNKNOWN:
                raise BadPlan(f"the {one.statistic} of {one.metric} is not simulated")
        self._policies = [_policy(policy) for policy in scaling.policies]
        self.bounds = scaling.bounds
        self.capacity = capacity
        self._activity: Activity | None = None
        self._policy = ""
        self._is_to_check = False
        self._activities: list[Activity] = []
        periods = {watch.rule.period for policy in self._policies for watch in policy.watches}
        if any(period % 10 for period in periods):
            raise BadPlan("an alarm's period is 10, 30 or a multiple of 60 seconds")
        self.tick_seconds = 10 if any(period % 60 for period in periods) else 60

    def tick(self, sample: Sample, end: float, now: float) -> int | None:
        """The capacity to go to now, if that changes; `sample` is of the tick that ended at
        `end`."""
        callers = [
            (policy.name, watch)
            for policy in self._policies
            for watch in policy.watches
            if watch.observe(sample, end)
        ]
        if not callers or self._activity is not None:
            return None
        votes = [policy.vote(self.capacity, now) for policy in self._policies]
        known = [vote for vote in votes if vote is not None]
        decision = decide(known, self.capacity, self.bounds, self._suspended)
        if not decision.policy:
            return None
        alarm = next((w.name for name, w in callers if name == decision.policy), callers[0][1].name)
        cause = f"monitor alarm {alarm} in state ALARM triggered policy {decision.policy}"
        return self._begin(decision.capacity, decision.policy, cause, now)

    def fire(self, name: str, minimum: int | None, maximum: int | None, now: float) -> int | None:
        """A scheduled action changes the bounds; returns the capacity to go to now, if it changes.
        A change that is under way ends first. Raises BadPlan for bounds that exclude each other:
        such an action fails on AWS, each time."""
        if self._suspended is not None and self._suspended.scheduled:
            return None
        bounds = Bounds(
            self.bounds.minimum if minimum is None else minimum,
            self.bounds.maximum if maximum is None else maximum,
        )
        if bounds.minimum > bounds.maximum:
            raise BadPlan(
                f"the scheduled action {name} would make the minimum {bounds.minimum} and the "
                f"maximum {bounds.maximum}: give it both, or others"
            )
        self.bounds = bounds
        cause = f"scheduled action name {name} was triggered"
        self._activities.append(Activity(now, now, self.capacity, self.capacity, cause))
        return self.check(now)

    def check(self, now: float) -> int | None:
        """Brings the capacity within the bounds, cooldowns or not; returns it if it changes now."""
        wanted = self.bounds.clip(self.capacity)
        self._is_to_check = self._activity is not None and wanted != self.capacity
        if wanted == self.capacity or self._is_to_check:
            return None
        side = "minimum" if wanted > self.capacity else "maximum"
        return self._begin(wanted, "", f"{side} capacity was set to {wanted}", now)

    def fulfilled(self, now: float) -> int | None:
        """The capacity is as desired; returns another if it is to change again at once."""
        activity = self._activity
        if activity is None:
            return None
        self._activities.append(replace(activity, ended=now))
        self._activity = None
        change = Change(now + _MOMENT, activity.before, activity.after)
        for policy in self._policies:
            history = policy.history
            is_its = policy.name == self._policy
            policy.history = history.after(change) if is_its else history.beside(change)
        return self.check(now) if self._is_to_check else None

    def told(self, since: float) -> Sequence[Activity]:
        """All activities, the one under way included, their times counted from `since`."""
        under_way = [] if self._activity is None else [self._activity]
        return tuple(
            replace(
                activity,
                begun=activity.begun - since,
                ended=None if activity.ended is None else activity.ended - since,
            )
            for activity in self._activities + under_way
        )

    def _begin(self, wanted: int, policy: str, cause: str, now: float) -> int:
        self._activity = Activity(now, None, self.capacity, wanted, cause)
        self._policy = policy
        self.capacity = wanted
        return wanted


_Made: TypeAlias = "_Tracked | _Stepped"


def _policy(policy: TrackingPolicy | SteppingPolicy) -> _Made:
    if isinstance(policy, SteppingPolicy):
        name = f"{policy.stepping.name}-Alarm"
        return _Stepped(policy, _Watch(name, policy.alarm, policy.metric, policy.statistic))
    tracking = policy.tracking
    high, low = (
        _Watch(f"{tracking.name}-{kind}", rule, policy.metric, policy.statistic)
        for kind, rule in (("AlarmHigh", high_alarm(tracking)), ("AlarmLow", low_alarm(tracking)))
    )
    return _Tracked(policy, high, low)
