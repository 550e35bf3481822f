"""Step scaling: what a policy asks for, given its alarm and how far the metric is past its
threshold. No clock, no I/O. Source: "Step scaling policies for Application Auto Scaling"."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from kennel.scaling.capacity import Direction, History, Vote

__all__ = ["Adjustment", "Step", "StepScaling", "vote"]


class Adjustment(StrEnum):
    """botocore's AdjustmentType."""

    CHANGE = "ChangeInCapacity"
    PERCENT = "PercentChangeInCapacity"
    EXACT = "ExactCapacity"


@dataclass(frozen=True, slots=True)
class Step:
    """What to do when the metric is that far past the threshold: lower <= distance < upper on the
    upper side, lower < distance <= upper below it. None is no bound."""

    adjustment: int
    lower: float | None = None
    upper: float | None = None


@dataclass(frozen=True, slots=True)
class StepScaling:
    """A policy's configuration; `cooldown` in seconds of policy time, `magnitude` is
    MinAdjustmentMagnitude."""

    name: str
    adjustment: Adjustment
    steps: Sequence[Step]
    cooldown: float = 300.0
    magnitude: int = 1


def vote(policy: StepScaling, distance: float, capacity: int, history: History, now: float) -> Vote:
    """What the policy asks for while its alarm is raised. `distance` is the metric's value less
    the alarm's threshold, `now` in seconds of policy time."""
    stay = Vote(policy.name, Direction.STAY, capacity, is_tracking=False)
    step = next((step for step in policy.steps if _covers(step, distance)), None)
    if step is None:
        return stay
    out = history.out
    cooling_out = out is not None and now - out.at < policy.cooldown
    base = min(out.before, capacity) if cooling_out and out is not None else capacity
    wanted = _adjusted(policy, step, base)
    if wanted > capacity:
        return Vote(policy.name, Direction.OUT, wanted, is_tracking=False)
    wanted = _adjusted(policy, step, capacity)
    if wanted < capacity:
        into = history.into
        if into is not None and now - into.at < policy.cooldown:
            return Vote(policy.name, Direction.STAY, capacity, True, is_tracking=False)
        return Vote(policy.name, Direction.IN, wanted, is_tracking=False)
    return Vote(policy.name, Direction.STAY, capacity, cooling_out, is_tracking=False)


def _covers(step: Step, distance: float) -> bool:
    lower = -math.inf if step.lower is None else step.lower
    upper = math.inf if step.upper is None else step.upper
    if distance >= 0:
        return lower <= distance < upper
    return lower < distance <= upper


def _adjusted(policy: StepScaling, step: Step, capacity: int) -> int:
    amount = step.adjustment
    if policy.adjustment is Adjustment.EXACT:
        return amount
    if policy.adjustment is Adjustment.PERCENT and amount:
        # "Values between 0 and 1 are rounded to 1, values greater than 1 are rounded down."
        size = max(1, math.floor(capacity * abs(amount) / 100), policy.magnitude)
        amount = size if amount > 0 else -size
    return max(0, capacity + amount)
