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
    step = _covering(policy.steps, distance)
    if step is None:
        return Vote(policy.name, Direction.STAY, capacity, is_tracking=False)
    out, into = history.out, history.into
    cooling_out = out is not None and now - out.at < policy.cooldown
    # What was added in the cooldown counts: a larger step adds only what it is larger by.
    base = min(out.before, capacity) if cooling_out and out is not None else capacity
    wanted = _adjusted(policy, step, base)
    if wanted > capacity:
        return Vote(policy.name, Direction.OUT, wanted, is_tracking=False)
    wanted = _adjusted(policy, step, capacity)
    if wanted < capacity:
        if into is not None and now - into.at < policy.cooldown:
            return Vote(policy.name, Direction.STAY, capacity, cooling=True, is_tracking=False)
        return Vote(policy.name, Direction.IN, wanted, is_tracking=False)
    return Vote(
        policy.name,
        Direction.STAY,
        capacity,
        cooling=wanted > capacity,
        is_tracking=False,
        is_satisfied=wanted == capacity,
    )


def _covering(steps: Sequence[Step], distance: float) -> Step | None:
    """At the threshold itself the step that starts there comes before the one that ends there:
    which of the two there is depends on the side that the policy is for."""
    if distance >= 0:
        for step in steps:
            if _lower(step) <= distance < _upper(step):
                return step
    if distance <= 0:
        for step in steps:
            if _lower(step) < distance <= _upper(step):
                return step
    return None


def _lower(step: Step) -> float:
    return -math.inf if step.lower is None else step.lower


def _upper(step: Step) -> float:
    return math.inf if step.upper is None else step.upper


def _adjusted(policy: StepScaling, step: Step, capacity: int) -> int:
    amount = step.adjustment
    if policy.adjustment is Adjustment.EXACT:
        return amount
    if policy.adjustment is Adjustment.PERCENT and amount:
        # "Values between 0 and 1 are rounded to 1, values greater than 1 are rounded down."
        size = max(1, math.floor(capacity * abs(amount) / 100), policy.magnitude)
        amount = size if amount > 0 else -size
    return max(0, capacity + amount)
