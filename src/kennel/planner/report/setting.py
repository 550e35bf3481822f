"""A plan in a phrase."""

from __future__ import annotations

from collections.abc import Iterator

from kennel.planner.plan import EndpointPlan, Plan
from kennel.planner.quantities import show_duration
from kennel.planner.simulation import Metric, Routing, Scaling, TrackingPolicy

__all__ = ["describe"]

_UNITS = {Metric.INVOCATIONS_PER_INSTANCE: "/min", Metric.CONCURRENT_REQUESTS_PER_MODEL: " at once"}


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
            yield f"steps on {policy.metric}"
    if scaling.schedules:
        count = len(scaling.schedules)
        yield "1 schedule" if count == 1 else f"{count} schedules"
