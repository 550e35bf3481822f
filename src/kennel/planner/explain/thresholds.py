"""At which load a target tracking policy moves, found out by asking the policy itself.

The functions that decide on the plane are asked, so this can't say something else than they do.
"""

from __future__ import annotations

from kennel.scaling import AlarmRule, AlarmState, Direction, History
from kennel.scaling.target_tracking import (
    TargetTracking,
    TrackingReading,
    high_alarm,
    low_alarm,
    vote,
)

__all__ = ["capacity_at", "in_below", "out_above"]

_DIGITS = 1e-9  # of the target: how exactly a load is found by halving


def capacity_at(policy: TargetTracking, load: float, capacity: int) -> tuple[Direction, int]:
    """What the policy asks for when a load (the metric × the capacity) has lasted for long."""
    metric = load / capacity
    reading = TrackingReading(
        _state(high_alarm(policy), metric), _state(low_alarm(policy), metric), metric
    )
    asked = vote(policy, reading, capacity, History(), 0.0)
    return asked.direction, asked.capacity


def out_above(policy: TargetTracking, capacity: int) -> float:
    """The load above which it asks for more than `capacity`."""
    high = policy.target * capacity
    while not _is_out(policy, high, capacity):
        high *= 2
    return _edge(policy, 0.0, high, capacity)


def in_below(policy: TargetTracking, capacity: int) -> float | None:
    """The load below which it asks for less than `capacity`; None if it never does."""
    least = _DIGITS * policy.target
    if policy.is_scale_in_disabled or not _is_in(policy, least, capacity):
        return None
    low, high = least, policy.target * capacity * 2
    while high - low > least:
        middle = (low + high) / 2
        if _is_in(policy, middle, capacity):
            low = middle
        else:
            high = middle
    return low


def _edge(policy: TargetTracking, low: float, high: float, capacity: int) -> float:
    while high - low > _DIGITS * policy.target:
        middle = (low + high) / 2
        if _is_out(policy, middle, capacity):
            high = middle
        else:
            low = middle
    return high


def _is_out(policy: TargetTracking, load: float, capacity: int) -> bool:
    return capacity_at(policy, load, capacity)[0] is Direction.OUT


def _is_in(policy: TargetTracking, load: float, capacity: int) -> bool:
    return capacity_at(policy, load, capacity)[0] is Direction.IN


def _state(rule: AlarmRule, metric: float) -> AlarmState:
    return AlarmState.ALARM if rule.breaches(metric) else AlarmState.OK
