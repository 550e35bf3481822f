"""A plan's policies, schedules and bounds, from its options."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TypeVar

from kennel.planner.errors import BadPlan
from kennel.planner.option_values import OptionValues, number
from kennel.planner.policy_text import (
    STATISTICS,
    parse_per_minute,
    parse_schedule,
    parse_step,
)
from kennel.planner.quantities import parse_duration
from kennel.planner.simulation import Metric, Scaling, SteppingPolicy, TrackingPolicy
from kennel.scaling import Bounds
from kennel.scaling.target_tracking import TargetTracking

__all__ = ["scaling_of"]

_COOLDOWN = 300.0  # AWS's default for endpoints, and for step scaling
_LAMBDA_COOLDOWN = 0.0  # AWS's default for provisioned concurrency
_HIGH_RESOLUTION = 10  # seconds

AnyPolicy = TypeVar("AnyPolicy", TrackingPolicy, SteppingPolicy, TrackingPolicy | SteppingPolicy)


def scaling_of(
    values: OptionValues, bounds: Bounds | None, old: Scaling | None, count: int
) -> Scaling | None:
    """What scales the capacity; None if nothing does.

    Policies that are given take the place of all old ones, schedules of all old ones; `bounds`
    None leaves the old ones. `count` is the capacity without scaling. Raises BadPlan.
    """
    policies: list[TrackingPolicy | SteppingPolicy] = [*_tracking(values)]
    given = bool(policies) or values.has("step")
    cooldown = values.one("cooldown", parse_duration, _COOLDOWN)
    policies += [
        parse_step(text, f"step-{index}", cooldown)
        for index, text in enumerate(values.many("step"), 1)
    ]
    actions = [
        parse_schedule(text, f"schedule-{index}")
        for index, text in enumerate(values.many("schedule"), 1)
    ]
    if bounds is not None and bounds.minimum == bounds.maximum and not (policies or actions):
        return None  # a fixed number, whatever scaled it before
    if old is not None:
        for policy in () if policies else old.policies:
            policies.append(_cooled(policy, values))
        actions = actions or list(old.schedules)
    if not policies and not actions:
        if bounds is not None and bounds.minimum < bounds.maximum:
            raise BadPlan(
                f"Nothing moves the capacity between {bounds.minimum} and {bounds.maximum}; give a "
                "target, a step policy or a schedule"
            )
        return None
    now = bounds or (old.bounds if old else Bounds(count, count))
    if given and not actions and now.minimum == now.maximum:
        raise BadPlan(f"A policy needs room to scale in; write MIN..MAX, not {now.minimum}")
    return Scaling(now, tuple(policies), tuple(actions), old.suspended if old else None)


def _tracking(values: OptionValues) -> list[TrackingPolicy]:
    found = []
    for name, parse, metric, period in (
        ("target", parse_per_minute, Metric.INVOCATIONS_PER_INSTANCE, 60),
        ("target-concurrency", number, Metric.CONCURRENT_REQUESTS_PER_MODEL, _HIGH_RESOLUTION),
        ("utilization", number, Metric.PROVISIONED_CONCURRENCY_UTILIZATION, 60),
    ):
        read: Callable[[str], float] = parse
        target = values.one(name, read, None)
        if target is None:
            continue
        if name == "utilization" and target > 1:
            raise BadPlan(f"A utilization is a share such as 0.7, not {target:g}")
        cooldown = _LAMBDA_COOLDOWN if name == "utilization" else _COOLDOWN
        policy = TargetTracking(name, target, cooldown, cooldown, period=period)
        found.append(_cooled(TrackingPolicy(policy, metric, STATISTICS[metric]), values))
    return found


def _cooled(policy: AnyPolicy, values: OptionValues) -> AnyPolicy:
    """The policy with those cooldowns that are given, and scale-in disabled if it is said."""
    both = values.one("cooldown", parse_duration, None)
    out = values.one("cooldown-out", parse_duration, both)
    into = values.one("cooldown-in", parse_duration, both)
    if isinstance(policy, SteppingPolicy):
        stepping = policy.stepping
        cooldown = stepping.cooldown if both is None else both
        return replace(policy, stepping=replace(stepping, cooldown=cooldown))
    old = policy.tracking
    tracking = replace(
        old,
        out_cooldown=old.out_cooldown if out is None else out,
        in_cooldown=old.in_cooldown if into is None else into,
        is_scale_in_disabled=old.is_scale_in_disabled or values.has("no-scale-in"),
    )
    return replace(policy, tracking=tracking)
