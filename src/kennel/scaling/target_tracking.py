"""Target tracking: what a policy asks for, given its two alarms and its metric's newest value.

No clock, no I/O: the live plane and the planner both call this. Source: "Target tracking scaling
policies for Application Auto Scaling".
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from kennel.scaling.alarm import AlarmRule, AlarmState, Comparison
from kennel.scaling.capacity import Change, Direction, History, Vote

__all__ = ["LOW_SHARE", "TargetTracking", "TrackingReading", "high_alarm", "low_alarm", "vote"]

LOW_SHARE = 0.9
"""The low alarm's threshold as a share of the target; observed by third parties (the guide says
"usually more than 10 % lower")."""

_HIGH_PERIODS = 3  # of a minute or of 10 s; observed by third parties
_LOW_SECONDS = 900  # observed by third parties
_NOISE = 1e-9  # 7 x 0.1 / 0.1 is a little above 7 in floating point, and must be 7


@dataclass(frozen=True, slots=True)
class TargetTracking:
    """A policy's configuration. Cooldowns in seconds of policy time; `period` is that of its
    metric (60, or 10 for a high-resolution one)."""

    name: str
    target: float
    out_cooldown: float = 300.0
    in_cooldown: float = 300.0
    is_scale_in_disabled: bool = False
    period: int = 60


@dataclass(frozen=True, slots=True)
class TrackingReading:
    """The states of a policy's two alarms, and the newest datapoint of its metric (None: there is
    none)."""

    high: AlarmState
    low: AlarmState
    metric: float | None


def high_alarm(policy: TargetTracking) -> AlarmRule:
    """The alarm that scales out."""
    return AlarmRule(Comparison.ABOVE, policy.target, policy.period, _HIGH_PERIODS, _HIGH_PERIODS)


def low_alarm(policy: TargetTracking) -> AlarmRule:
    """The alarm that scales in."""
    periods = _LOW_SECONDS // policy.period
    return AlarmRule(Comparison.BELOW, policy.target * LOW_SHARE, policy.period, periods, periods)


def vote(
    policy: TargetTracking, reading: TrackingReading, capacity: int, history: History, now: float
) -> Vote:
    """What the policy asks for at a capacity, `now` in seconds of policy time.

    The step is in proportion, rounded up: out so that it is enough, in so that it is not too much.
    Without a datapoint nothing happens, whatever the alarms say.
    """
    may_in = not policy.is_scale_in_disabled
    if reading.metric is not None:
        if reading.high is AlarmState.ALARM:
            return _out(policy, reading.metric, capacity, history.out, now)
        if reading.low is AlarmState.ALARM and may_in:
            return _in(policy, reading.metric, capacity, history.into, now)
    return Vote(policy.name, Direction.STAY, capacity, may_scale_in=may_in)


def _out(
    policy: TargetTracking, metric: float, capacity: int, last: Change | None, now: float
) -> Vote:
    may_in = not policy.is_scale_in_disabled
    cooling = last is not None and now - last.at < policy.out_cooldown
    # What was added in the cooldown counts: only a larger step may still go. So the step is taken
    # from the capacity before it, which the metric's newest values may still be of, too.
    base = min(last.before, capacity) if cooling and last is not None else capacity
    wanted = _in_proportion(base, metric, policy.target)
    if wanted > capacity:
        return Vote(policy.name, Direction.OUT, wanted, may_scale_in=may_in)
    return Vote(policy.name, Direction.STAY, capacity, cooling, may_in, is_satisfied=not cooling)


def _in(
    policy: TargetTracking, metric: float, capacity: int, last: Change | None, now: float
) -> Vote:
    wanted = _in_proportion(capacity, metric, policy.target)
    if wanted >= capacity:
        return Vote(policy.name, Direction.STAY, capacity, flaps=True)
    # A period that saw the capacity before the last step in says nothing of the one now: with a
    # cooldown of nothing, as Lambda's is by default, it would be answered twice. AWS does not say
    # how it keeps from that.
    rest = max(policy.in_cooldown, policy.period)
    if last is not None and now - last.at < rest:
        return Vote(policy.name, Direction.STAY, capacity, cooling=True)
    return Vote(policy.name, Direction.IN, wanted)


def _in_proportion(capacity: int, metric: float, target: float) -> int:
    exact = capacity * metric / target
    return math.ceil(exact * (1 - _NOISE))
