"""A scalable target on the simulated clock: CloudWatch's alarms and Application Auto Scaling.

The decisions are those of `kennel.scaling`, the live plane's; here is only when they are asked for.
At the end of each of an alarm's periods its state is evaluated. In the state ALARM it invokes its
policy when it changes to it and each minute while it lasts. While a change of capacity is under way
there is no other; cooldowns count from its end. All times are seconds of policy time.
"""

from __future__ import annotations

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

_MINUTE = 60.0
_LOOKING_BACK = 10  # datapoints beyond an alarm's periods; CloudWatch looks at a few of them


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


@dataclass(slots=True)
class _Watch:
    """One alarm."""

    name: str
    rule: AlarmRule
    metric: Metric
    statistic: Statistic
    state: AlarmState = AlarmState.INSUFFICIENT_DATA
    points: deque[float | None] = field(default_factory=deque)
    reading: Reading = field(default_factory=Reading)
    invoked_at: float | None = None

    def __post_init__(self) -> None:
        size = self.rule.periods + _LOOKING_BACK
        self.points = deque([None] * size, maxlen=size)

    def observe(self, sample: Sample, now: float) -> None:
        """Takes a tick's data and evaluates at the end of a period."""
        if self.metric in sample:
            self.reading.add(sample[self.metric])
        if round(now) % self.rule.period:
            return
        self.points.append(self.reading.value(self.statistic))
        self.reading = Reading()
        former = self.state
        self.state = evaluate(self.rule, list(self.points), former)
        if self.state is not former:
            self.invoked_at = None

    def invokes(self, now: float) -> bool:
        """Whether it calls its policy now."""
        if self.state is not AlarmState.ALARM:
            return False
        if self.invoked_at is not None and now - self.invoked_at < _MINUTE:
            return False
        self.invoked_at = now
        return True


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
        reading = TrackingReading(self.high.state, self.low.state, self.high.points[-1])
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
        value = self.alarm.points[-1]
        if self.alarm.state is not AlarmState.ALARM or value is None:
            return None
        distance = value - self.policy.alarm.threshold
        return step_vote(self.policy.stepping, distance, capacity, self.history, now)


class Scaler:
    """`capacity` is the desired one. The owner calls `tick` at each multiple of `tick_seconds` and
    `fulfilled` when a change that `tick` or `bound` returned has been made."""

    def __init__(self, scaling: Scaling, capacity: int) -> None:
        self._suspended = scaling.suspended
        self._policies = [_policy(policy) for policy in scaling.policies]
        self.bounds = scaling.bounds
        self.capacity = capacity
        self._activity: Activity | None = None
        self._policy = ""
        self._activities: list[Activity] = []
        periods = {watch.rule.period for policy in self._policies for watch in policy.watches}
        if any(period % 10 for period in periods):
            raise BadPlan("an alarm's period is 10, 30 or a multiple of 60 seconds")
        self.tick_seconds = 10 if any(period % 60 for period in periods) else 60

    def tick(self, sample: Sample, now: float) -> int | None:
        """The capacity to go to now, if that changes."""
        callers: list[tuple[str, _Watch]] = []
        for policy in self._policies:
            for watch in policy.watches:
                watch.observe(sample, now)
                if watch.invokes(now):
                    callers.append((policy.name, watch))
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

    def bound(self, minimum: int | None, maximum: int | None, cause: str, now: float) -> int | None:
        """Changes the bounds, which a scheduled action does; the capacity follows at once."""
        if self._suspended is not None and self._suspended.scheduled:
            return None
        self.bounds = Bounds(
            self.bounds.minimum if minimum is None else minimum,
            self.bounds.maximum if maximum is None else maximum,
        )
        wanted = self.bounds.clip(self.capacity)
        return None if wanted == self.capacity else self._begin(wanted, "", cause, now)

    def fulfilled(self, now: float) -> None:
        """The capacity is as desired."""
        activity = self._activity
        if activity is None:
            return
        self._activities.append(replace(activity, ended=now))
        change = Change(now, activity.before, activity.after)
        for policy in self._policies:
            if policy.name == self._policy:
                policy.history = policy.history.after(change)
        self._activity = None

    def told(self, since: float) -> Sequence[Activity]:
        """All activities, the one under way included, their times counted from `since`."""
        under_way = [] if self._activity is None else [self._activity]
        return tuple(
            replace(activity, begun=activity.begun - since, ended=activity.ended - since)
            for activity in self._activities + under_way
        )

    def _begin(self, wanted: int, policy: str, cause: str, now: float) -> int:
        if self._activity is not None:  # overridden
            self._activities.append(replace(self._activity, ended=now))
        self._activity = Activity(now, now, self.capacity, wanted, cause)
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
