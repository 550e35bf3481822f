"""A plan in a phrase."""

from __future__ import annotations

from collections.abc import Iterator

from kennel.planner.plan import EndpointPlan, Plan
from kennel.planner.quantities import show_duration
from kennel.planner.simulation import Metric, Routing, Scaling, SteppingPolicy, TrackingPolicy
from kennel.scaling import Comparison
from kennel.scaling.step_scaling import Adjustment

__all__ = ["describe"]

_UNITS = {Metric.INVOCATIONS_PER_INSTANCE: "/min", Metric.CONCURRENT_REQUESTS_PER_MODEL: " at once"}

_SIDES = {
    Comparison.ABOVE: ">",
    Comparison.AT_LEAST: "≥",
    Comparison.BELOW: "<",
    Comparison.AT_MOST: "≤",
}


def describe(plan: Plan) -> str:
    """`1..3 ml.m5.xlarge, target 600/min, cooldowns 30 s and 30 s, launch 4 min`."""
    return ", ".join(_phrases(plan))


def _phrases(plan: Plan) -> Iterator[str]:
    setting = plan.setting
    if isinstance(plan, EndpointPlan):
        yield f"{_capacity(setting.scaling, plan.setting.instances)} {plan.price.instance_type}"
        if plan.setting.routing is Routing.RANDOM:
            yield "routed at random"
    else:
        yield f"{plan.setting.memory_mb:,} MB"
        yield f"at most {plan.setting.limit:,} at once"
        if plan.setting.provisioned or setting.scaling:
            yield f"{_capacity(setting.scaling, plan.setting.provisioned)} provisioned"
    if setting.time_scale != 1:
        yield f"time scale {setting.time_scale:g}"
    if setting.scaling is None:
        return
    yield from _policies(setting.scaling)
    if isinstance(plan, EndpointPlan):
        yield f"launch {show_duration(plan.setting.launch_delay)}"


def _stepping(policy: SteppingPolicy) -> str:
    """`InvocationsPerInstance > 600: +1, +2 from 900`, as the metric's values go away from the
    threshold."""
    rule, stepping = policy.alarm, policy.stepping
    is_up = rule.comparison in (Comparison.ABOVE, Comparison.AT_LEAST)
    parts = []
    for step in stepping.steps if is_up else reversed(stepping.steps):
        amount = f"={step.adjustment}"
        if stepping.adjustment is not Adjustment.EXACT:
            percent = "%" if stepping.adjustment is Adjustment.PERCENT else ""
            amount = f"{step.adjustment:+}{percent}"
        distance = (step.lower if is_up else step.upper) or 0.0
        parts.append(f"{amount} from {rule.threshold + distance:g}" if distance else amount)
    side = _SIDES[rule.comparison]
    return f"{policy.metric} {side} {rule.threshold:g}: {', '.join(parts)}"


def _capacity(scaling: Scaling | None, count: int) -> str:
    if scaling is None:
        return str(count)
    return f"{scaling.bounds.minimum}..{scaling.bounds.maximum}"


def _policies(scaling: Scaling) -> Iterator[str]:
    for policy in scaling.policies:
        if isinstance(policy, TrackingPolicy):
            tracking = policy.tracking
            yield f"target {tracking.target:g}{_UNITS.get(policy.metric, '')}"
            if tracking.is_scale_in_disabled:
                yield f"cooldown {tracking.out_cooldown:g} s, no scale-in"
            elif tracking.out_cooldown == tracking.in_cooldown:
                yield f"cooldowns {tracking.out_cooldown:g} s"
            else:
                yield (f"cooldowns {tracking.out_cooldown:g} s out, {tracking.in_cooldown:g} s in")
        else:
            yield _stepping(policy)
    if scaling.schedules:
        count = len(scaling.schedules)
        yield "1 schedule" if count == 1 else f"{count} schedules"
