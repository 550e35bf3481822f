"""A scalable target in words."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from kennel.planner.explain.explanation import Explanation, Section
from kennel.planner.explain.maximum import SAFETY, target_for
from kennel.planner.explain.step_words import schedule_section, step_section
from kennel.planner.explain.subject import Subject
from kennel.planner.explain.thresholds import in_below, out_above
from kennel.planner.explain.tracking_words import reaction_times, tracking_section
from kennel.planner.explain.warnings import warnings_of
from kennel.planner.quantities import show_rate
from kennel.planner.simulation import Metric, Scaling, TrackingPolicy
from kennel.scaling.target_tracking import TargetTracking, low_alarm

__all__ = ["explain"]


def explain(subject: Subject) -> Explanation:
    """What it will do, and what of it may not be meant."""
    scaling = subject.scaling
    if scaling is None:
        line = f"{subject.resource} is no scalable target: {_now(subject)}, whatever comes."
        section = Section(subject.resource, [line])
        sections = [section, *_advice(subject, None)]
        return Explanation(sections, (), {"resource": subject.resource, "registered": False})
    return Explanation(
        list(_sections(subject, scaling)),
        list(warnings_of(subject, scaling)),
        _facts(subject, scaling),
    )


def _sections(subject: Subject, scaling: Scaling) -> Iterator[Section]:
    bounds = scaling.bounds
    word = "environments" if subject.is_function else "instances"
    line = f"It has {bounds.minimum} to {bounds.maximum} {word}"
    if subject.capacity is not None:
        line += f", now {subject.capacity}"
    if subject.instance_type:
        line += f", of {subject.instance_type}"
    yield Section(subject.resource, [f"{line}."])
    for policy in scaling.policies:
        if isinstance(policy, TrackingPolicy):
            yield tracking_section(subject, scaling, policy)
        else:
            yield step_section(policy)
    if scaling.schedules:
        yield schedule_section(scaling.schedules)
    yield from _advice(subject, scaling)


def _advice(subject: Subject, scaling: Scaling | None) -> Iterator[Section]:
    """The target by AWS's formula, if it is known what an instance does."""
    maximum = subject.maximum
    if subject.is_function:
        return
    if maximum is None:
        if scaling is not None and _targets(scaling):
            yield Section(
                "The target by AWS's formula",
                [
                    "What one instance does is not known. --max-rps N, --measure or a report of "
                    "`kennel load` tells it."
                ],
            )
        return
    if maximum.is_lower_bound:
        lines = [
            f"An instance answered {show_rate(maximum.per_second)} ({maximum.source}) and could "
            "follow: what it does at most is not known, nor a target. A load of more than the "
            "instances can follow tells it."
        ]
        yield Section("The target by AWS's formula", lines)
        return
    advised = target_for(maximum)
    lines = [
        f"An instance answers at most {show_rate(maximum.per_second)} ({maximum.source}).",
        f"target = maximum × safety × 60 = {maximum.per_second:.3g} × {SAFETY:g} × 60 = "
        f"{advised:,.0f} a minute.",
    ]
    yield Section("The target by AWS's formula", lines)


def _now(subject: Subject) -> str:
    if subject.capacity is None:
        return "its instances stay"
    verb = "stays" if subject.capacity == 1 else "stay"
    return f"its {subject.units(subject.capacity)} {verb}"


def _targets(scaling: Scaling) -> list[TrackingPolicy]:
    return [
        policy
        for policy in scaling.policies
        if isinstance(policy, TrackingPolicy) and policy.metric is Metric.INVOCATIONS_PER_INSTANCE
    ]


def _facts(subject: Subject, scaling: Scaling) -> Mapping[str, Any]:
    low, high = scaling.bounds.minimum, scaling.bounds.maximum
    facts: dict[str, Any] = {
        "resource": subject.resource,
        "registered": True,
        "minimum": low,
        "maximum": high,
        "capacity": subject.capacity,
        "policies": [],
    }
    for policy in scaling.policies:
        if not isinstance(policy, TrackingPolicy):
            facts["policies"].append({"name": policy.stepping.name, "type": "StepScaling"})
            continue
        tracking = policy.tracking
        first, last = reaction_times(subject, policy)
        entry: dict[str, Any] = {
            "name": tracking.name,
            "type": "TargetTrackingScaling",
            "metric": policy.metric.value,
            "target": tracking.target,
            "seconds_until_out": [first, last],
            "seconds_until_in": _until_in(tracking),
        }
        if policy.metric is Metric.INVOCATIONS_PER_INSTANCE:
            entry["out_above_per_minute"] = {
                str(count + 1): round(out_above(tracking, count), 6)
                for count in range(max(1, low), high)
            }
            entry["in_below_per_minute"] = {
                str(count - 1): round(found, 6)
                for count in range(low + 1, high + 1)
                if (found := in_below(tracking, count)) is not None
            }
        facts["policies"].append(entry)
    if subject.maximum is not None and subject.maximum.is_lower_bound:
        facts["maximum_per_second_at_least"] = subject.maximum.per_second
    elif subject.maximum is not None:
        facts["maximum_per_second"] = subject.maximum.per_second
        facts["advised_target"] = target_for(subject.maximum)
    return facts


def _until_in(tracking: TargetTracking) -> int | None:
    rule = low_alarm(tracking)
    return None if tracking.is_scale_in_disabled else rule.datapoints * rule.period
