"""Step scaling policies and scheduled actions in words."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from kennel.planner.explain.explanation import Section
from kennel.planner.simulation import ScheduledAction, SteppingPolicy
from kennel.scaling import Comparison
from kennel.scaling.step_scaling import Adjustment, Step

__all__ = ["schedule_section", "step_section"]

_SIDES = {
    Comparison.ABOVE: "above",
    Comparison.AT_LEAST: "at or above",
    Comparison.BELOW: "below",
    Comparison.AT_MOST: "at or below",
}


def step_section(policy: SteppingPolicy) -> Section:
    """When it is triggered, and what each of its steps does."""
    rule, stepping = policy.alarm, policy.stepping
    lasting = f"{rule.periods} periods of {rule.period} s"
    if rule.datapoints < rule.periods:
        lasting = f"{rule.datapoints} of the last {lasting}"
    lines = [
        f"It moves when the {policy.statistic} of {policy.metric} is {_SIDES[rule.comparison]} "
        f"{rule.threshold:g} in {lasting}, and once a minute while that lasts."
    ]
    lines += _steps(policy, stepping.steps)
    lines.append(f"Cooldown: {stepping.cooldown:g} s; a larger step may still go within it.")
    return Section(f"Policy {stepping.name}: step scaling", lines)


def schedule_section(actions: Sequence[ScheduledAction]) -> Section:
    """When the bounds change, whatever the policies say."""
    lines = []
    for action in actions:
        changes = [
            f"{word} becomes {value}"
            for word, value in (("minimum", action.minimum), ("maximum", action.maximum))
            if value is not None
        ]
        what = " and the ".join(changes)
        lines.append(f"{action.name}: at {action.schedule} ({action.timezone}) the {what}.")
    lines.append("A capacity outside of the new bounds is moved into them at once; no cooldown.")
    return Section("Scheduled actions", lines)


def _steps(policy: SteppingPolicy, steps: Sequence[Step]) -> Iterator[str]:
    threshold = policy.alarm.threshold
    for step in sorted(steps, key=lambda one: -math.inf if one.lower is None else one.lower):
        low = None if step.lower is None else threshold + step.lower
        high = None if step.upper is None else threshold + step.upper
        yield f"  {_between(low, high):<26} {_change(policy, step)}"


def _between(low: float | None, high: float | None) -> str:
    if low is None:
        return "at any value" if high is None else f"below {high:g}"
    return f"above {low:g}" if high is None else f"from {low:g} to {high:g}"


def _change(policy: SteppingPolicy, step: Step) -> str:
    match policy.stepping.adjustment:
        case Adjustment.EXACT:
            return f"exactly {step.adjustment}"
        case Adjustment.PERCENT:
            least = policy.stepping.magnitude
            return f"{step.adjustment:+d} % (at least {least})"
    return f"{step.adjustment:+d}"
