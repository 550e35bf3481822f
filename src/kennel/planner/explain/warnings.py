"""What of a setting its owner may not have meant."""

from __future__ import annotations

from collections.abc import Iterator

from kennel.planner.explain.maximum import SAFETY, target_for
from kennel.planner.explain.subject import Subject
from kennel.planner.explain.tracking_words import reaction_times
from kennel.planner.quantities import show_duration, show_rate
from kennel.planner.simulation import Metric, Scaling, SteppingPolicy, TrackingPolicy
from kennel.scaling.step_scaling import Adjustment, StepScaling

__all__ = ["warnings_of"]

_FAR_BELOW = 0.1  # of what an instance does
_NO_ROOM = 0.8


def warnings_of(subject: Subject, scaling: Scaling) -> Iterator[str]:
    """Sentences, the gravest first."""
    yield from _stopped(subject, scaling)
    yield from subject.left_out
    for policy in scaling.policies:
        if isinstance(policy, TrackingPolicy):
            yield from _target(subject, policy)
    yield from _several(scaling)
    for policy in scaling.policies:
        if isinstance(policy, TrackingPolicy):
            yield from _tracking(subject, scaling, policy)
    yield from _bounds(subject, scaling)


def _stopped(subject: Subject, scaling: Scaling) -> Iterator[str]:
    bounds, suspended = scaling.bounds, scaling.suspended
    if subject.instance_type.startswith("ml.t2."):
        yield (
            f"{subject.instance_type} is a burstable type: AWS refuses to scale it. Take another, "
            "such as ml.m5.large."
        )
    if suspended is not None:
        kinds = {
            "scale-out": suspended.dynamic_out,
            "scale-in": suspended.dynamic_in,
            "scheduled actions": suspended.scheduled,
        }
        if stopped := [kind for kind, is_so in kinds.items() if is_so]:
            yield f"Suspended: {' and '.join(stopped)}. Nothing of that kind happens until resumed."
    if bounds.minimum == bounds.maximum and scaling.policies:
        yield f"Minimum and maximum are both {bounds.minimum}: the policies can't move anything."
    if not scaling.policies and not scaling.schedules and not subject.left_out:
        yield "There is no policy and no scheduled action: the capacity stays as it is."


def _target(subject: Subject, policy: TrackingPolicy) -> Iterator[str]:
    maximum = subject.maximum
    if maximum is None or policy.metric is not Metric.INVOCATIONS_PER_INSTANCE:
        return
    target = policy.tracking.target
    share = target / maximum.per_minute
    if maximum.is_lower_bound:
        if share < _FAR_BELOW:
            yield (
                f"The target of {target:g} a minute is at most {share * 100:.2g} % of what an "
                f"instance does ({maximum.per_minute:,.0f} a minute or more): instances are added "
                "while the ones there are nearly idle, and you pay at least "
                f"{1 / share:,.0f} times what the work needs."
            )
        return
    advised = f"AWS's formula gives {target_for(maximum):,.0f}"
    if share < _FAR_BELOW:
        yield (
            f"The target of {target:g} a minute is {share * 100:.2g} % of what an instance does "
            f"({maximum.per_minute:,.0f} a minute): instances are added while the ones there are "
            f"nearly idle, and you pay {1 / share:,.0f} times what the work needs. {advised}."
        )
    elif share > 1:
        yield (
            f"The target of {target:g} a minute is more than an instance does "
            f"({maximum.per_minute:,.0f} a minute): requests queue up long before anything is "
            f"added. {advised}."
        )
    elif share > _NO_ROOM:
        yield (
            f"The target of {target:g} a minute is {share * 100:.0f} % of what an instance does: "
            f"until help comes the queue has no room. {advised}."
        )


def _several(scaling: Scaling) -> Iterator[str]:
    tracking = [one for one in scaling.policies if isinstance(one, TrackingPolicy)]
    steps = [one for one in scaling.policies if isinstance(one, SteppingPolicy)]
    if len(tracking) > 1:
        yield (
            "Several policies track metrics: the capacity goes out if any of them says so, to the "
            "largest number asked for, and in only if all of them say so."
        )
    if tracking and steps:
        yield (
            "Step policies and target tracking work on the same capacity. A step in is undone by "
            "a tracking policy that still wants more, and both pay for it with cooldowns; AWS "
            "advises against it."
        )
    if steps and not tracking and all(_only_adds(one.stepping) for one in steps):
        yield (
            "The steps only add: nothing scales in, and the capacity stays at the highest it has "
            "reached. Add a policy with steps down."
        )
    disabled = [one.tracking.name for one in tracking if one.tracking.is_scale_in_disabled]
    if disabled and len(disabled) == len(tracking) and not steps:
        yield (
            "No policy ever scales in: the capacity stays at the highest it has reached, and is "
            "paid for, until somebody lowers it."
        )


def _only_adds(stepping: StepScaling) -> bool:
    if stepping.adjustment is Adjustment.EXACT:
        return False
    return all(step.adjustment >= 0 for step in stepping.steps)


def _tracking(subject: Subject, scaling: Scaling, policy: TrackingPolicy) -> Iterator[str]:
    tracking = policy.tracking
    if scaling.bounds.minimum == scaling.bounds.maximum:
        return
    if tracking.out_cooldown < tracking.period and not subject.is_function:
        yield (
            f"The scale-out cooldown of {tracking.out_cooldown:g} s is shorter than the metric's "
            f"period of {tracking.period} s: a second step may be decided by a figure from before "
            "the first, and go too far."
        )
    first, _ = reaction_times(subject, policy)
    yield (
        f"A peak shorter than {show_duration(first)} is over before help comes: the minimum of "
        f"{subject.units(scaling.bounds.minimum)} has to carry it."
    )


def _bounds(subject: Subject, scaling: Scaling) -> Iterator[str]:
    bounds, maximum = scaling.bounds, subject.maximum
    if maximum is not None and not maximum.is_lower_bound and not subject.is_function:
        carried = maximum.per_second * bounds.maximum
        yield (
            f"Beyond {show_rate(carried)} even {subject.units(bounds.maximum)} can't follow, and "
            f"beyond {show_rate(carried * SAFETY)} they have no room to spare."
        )
    for action in scaling.schedules:
        low = bounds.minimum if action.minimum is None else action.minimum
        high = bounds.maximum if action.maximum is None else action.maximum
        if low > high:
            yield f"{action.name} sets a minimum of {low} above the maximum of {high}: it fails."
    if subject.reserved is not None and bounds.maximum > subject.reserved:
        yield (
            f"The maximum of {bounds.maximum} is more than the reserved concurrency of "
            f"{subject.reserved}: Lambda refuses what is above it."
        )
