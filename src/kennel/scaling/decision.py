"""What becomes of the votes of a scalable target's policies. No clock, no I/O."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from kennel.scaling.capacity import Bounds, Direction, Vote

__all__ = ["Decision", "NotScaled", "Suspended", "decide"]


class NotScaled(StrEnum):
    """The codes of NotScaledReasons that Kennel gives."""

    AT_MAXIMUM = "AlreadyAtMaxCapacity"
    AT_MINIMUM = "AlreadyAtMinCapacity"
    AT_DESIRED = "AlreadyAtDesiredCapacity"
    FLAPPING = "AutoScalingAnticipatedFlapping"


@dataclass(frozen=True, slots=True)
class Suspended:
    """SuspendedState."""

    dynamic_out: bool = False
    dynamic_in: bool = False
    scheduled: bool = False


@dataclass(frozen=True, slots=True)
class Decision:
    """The capacity to have now, the policy that asked for it (empty: nothing changes), and why
    nothing changes though a policy asked."""

    capacity: int
    policy: str = ""
    not_scaled: NotScaled | None = None


def decide(
    votes: Sequence[Vote], capacity: int, bounds: Bounds, suspended: Suspended | None = None
) -> Decision:
    """Out if any policy says so; of several capacities the largest. Tracking policies scale in
    only if all of them do that may, which does not hold up a step policy. Source: "How target
    tracking scaling for Application Auto Scaling works", "Multiple scaling policies", and
    PutScalingPolicy's reference."""
    suspended = suspended or Suspended()
    outs = [vote for vote in votes if vote.direction is Direction.OUT]
    if outs:
        if suspended.dynamic_out:
            return Decision(capacity)
        return _settled(max(outs, key=_capacity), capacity, bounds)
    ins = [vote for vote in votes if vote.direction is Direction.IN]
    if not ins:
        return Decision(capacity, not_scaled=_why_nobody(votes, capacity, bounds, suspended))
    if suspended.dynamic_in:
        return Decision(capacity)
    having_a_say = [vote for vote in votes if vote.is_tracking and vote.may_scale_in]
    if any(vote.direction is not Direction.IN for vote in having_a_say):
        ins = [vote for vote in ins if not vote.is_tracking]
    if not ins:
        return Decision(capacity)
    return _settled(max(ins, key=_capacity), capacity, bounds)


def _capacity(vote: Vote) -> int:
    return vote.capacity


def _why_nobody(
    votes: Sequence[Vote], capacity: int, bounds: Bounds, suspended: Suspended
) -> NotScaled | None:
    """Why alarms that are raised ask for nothing; None if the reason has no code of AWS's."""
    if any(vote.flaps for vote in votes) and not suspended.dynamic_in:
        return NotScaled.AT_MINIMUM if capacity <= bounds.minimum else NotScaled.FLAPPING
    if any(vote.is_satisfied for vote in votes):
        return NotScaled.AT_DESIRED
    return None


def _settled(vote: Vote, capacity: int, bounds: Bounds) -> Decision:
    wanted = bounds.clip(vote.capacity)
    if vote.direction is Direction.OUT and wanted <= capacity:
        return Decision(capacity, not_scaled=NotScaled.AT_MAXIMUM)
    if vote.direction is Direction.IN and wanted >= capacity:
        return Decision(capacity, not_scaled=NotScaled.AT_MINIMUM)
    return Decision(wanted, vote.policy)
