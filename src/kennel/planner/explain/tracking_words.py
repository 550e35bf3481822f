"""Target tracking policies in words."""

from __future__ import annotations

from collections.abc import Iterator

from kennel.planner.explain.explanation import Section
from kennel.planner.explain.subject import Subject
from kennel.planner.explain.thresholds import capacity_at, in_below, out_above
from kennel.planner.quantities import show_duration, show_rate
from kennel.planner.simulation import Metric, Scaling, TrackingPolicy
from kennel.scaling import AlarmRule
from kennel.scaling.target_tracking import LOW_SHARE, TargetTracking, high_alarm, low_alarm

__all__ = ["reaction_times", "tracking_section"]

_ROWS = 6
_SMALL = ("one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")


def tracking_section(subject: Subject, scaling: Scaling, policy: TrackingPolicy) -> Section:
    """What the target means, at which loads it moves, how long that takes."""
    tracking = policy.tracking
    lines = [_meaning(policy)]
    lines += _table(subject, scaling, policy)
    high, low = high_alarm(tracking), low_alarm(tracking)
    first, last = reaction_times(subject, policy)
    until = show_duration(subject.launch_delay)
    what = "environments" if subject.is_function else "a new instance"
    lines.append(
        f"Out: after {_lasting(high)} above the target. With the {until} until {what} can be used, "
        f"help comes {show_duration(first)} to {show_duration(last)} after the load rose."
    )
    if tracking.is_scale_in_disabled:
        lines.append("In: never by this policy (DisableScaleIn).")
    else:
        lines.append(
            f"In: after {_lasting(low)} below {low.threshold:g}, which is {LOW_SHARE * 100:g} % of "
            "the target, and no further than the target allows."
        )
    lines.append(_cooldowns(tracking))
    return Section(f"Policy {tracking.name}: target tracking of {policy.metric}", lines)


def reaction_times(subject: Subject, policy: TrackingPolicy) -> tuple[float, float]:
    """Seconds from a rise of the load until help serves: if it rose with a period's beginning,
    and if it came too late in one to bring its average up."""
    rule = high_alarm(policy.tracking)
    alarm = rule.datapoints * rule.period
    return alarm + subject.launch_delay, alarm + rule.period + subject.launch_delay


def _meaning(policy: TrackingPolicy) -> str:
    target = policy.tracking.target
    match policy.metric:
        case Metric.INVOCATIONS_PER_INSTANCE:
            return (
                f"A target of {target:g} is {_words(target)} invocations a minute per instance: "
                f"{target / 60:.2g} a second."
            )
        case Metric.CONCURRENT_REQUESTS_PER_MODEL:
            return (
                f"A target of {target:g} is {_words(target)} requests at the same time per model, "
                "waiting ones among them, looked at every 10 s."
            )
        case Metric.PROVISIONED_CONCURRENCY_UTILIZATION:
            return (
                f"A target of {target:g} means that {target * 100:g} % of the provisioned "
                "environments are to be in use."
            )
    return f"It keeps the {policy.statistic} of {policy.metric} near {target:g}."


def _table(subject: Subject, scaling: Scaling, policy: TrackingPolicy) -> Iterator[str]:
    """From which total load on there are more, and from which fewer."""
    if policy.metric not in (Metric.INVOCATIONS_PER_INSTANCE, *_CONCURRENCY):
        return
    low, high = scaling.bounds.minimum, scaling.bounds.maximum
    if low >= high:
        return
    yield f"  {'capacity':>10}   {'more above':<24} fewer below"
    counts = list(range(max(1, low), high + 1))
    if len(counts) > _ROWS:
        counts = [*counts[: _ROWS // 2], *counts[-_ROWS // 2 :]]
    before = counts[0] - 1
    for count in counts:
        if count != before + 1:
            yield f"  {'…':>10}"
        out = "-" if count == high else _load(policy, out_above(policy.tracking, count))
        found = None if count == low else in_below(policy.tracking, count)
        into = "-" if found is None else _load(policy, found)
        yield f"  {count:>10}   {out:<24} {into}"
        before = count
    if high - low > 1:
        yield _jump(subject, scaling, policy)


_CONCURRENCY = (Metric.CONCURRENT_REQUESTS_PER_MODEL, Metric.PROVISIONED_CONCURRENCY_UTILIZATION)


def _load(policy: TrackingPolicy, load: float) -> str:
    """A sum over all instances, as people count it."""
    if policy.metric is Metric.INVOCATIONS_PER_INSTANCE:
        return show_rate(float(f"{load / 60:.6g}"))
    return f"{load:.3g} at once"


def _lasting(rule: AlarmRule) -> str:
    unit = "minute" if rule.period == 60 else f"period of {rule.period} s"
    return f"{rule.datapoints} {unit}s in a row"


def _words(number: float) -> str:
    if number == int(number) and 1 <= number <= len(_SMALL):
        return _SMALL[int(number) - 1]
    return f"{number:,g}"


def _cooldowns(tracking: TargetTracking) -> str:
    if tracking.out_cooldown == tracking.in_cooldown == 0:
        return "Cooldowns: none."
    return (
        f"Cooldowns: {tracking.out_cooldown:g} s after a step out, {tracking.in_cooldown:g} s "
        "after a step in, each from when it is fulfilled."
    )


def _jump(subject: Subject, scaling: Scaling, policy: TrackingPolicy) -> str:
    """How far one step goes."""
    low, high = max(1, scaling.bounds.minimum), scaling.bounds.maximum
    if policy.metric is Metric.PROVISIONED_CONCURRENCY_UTILIZATION:
        _, most = capacity_at(policy.tracking, float(low), low)  # all of them are in use
        return (
            f"No more than all can be in use, so one step goes from {subject.units(low)} to "
            f"{min(most, high)} at most; the next waits until these are ready."
        )
    edge = _load(policy, out_above(policy.tracking, high - 1))
    return (
        f"The step is in proportion: above {edge} it goes from {subject.units(low)} to {high} at "
        "once."
    )
