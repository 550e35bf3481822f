"""Capacities, policies and schedules as people write them."""

from __future__ import annotations

import re
from collections.abc import Sequence

from kennel.planner.errors import BadPlan, BadQuantity
from kennel.planner.quantities import parse_rate
from kennel.planner.simulation import Metric, ScheduledAction, Statistic, SteppingPolicy
from kennel.scaling import AlarmRule, Bounds, Comparison
from kennel.scaling.step_scaling import Adjustment, Step, StepScaling

__all__ = [
    "STATISTICS",
    "parse_capacity",
    "parse_per_minute",
    "parse_schedule",
    "parse_step",
]

STATISTICS = {
    Metric.INVOCATIONS: Statistic.SUM,
    Metric.INVOCATIONS_PER_INSTANCE: Statistic.SUM,
    Metric.CONCURRENT_REQUESTS_PER_MODEL: Statistic.MAXIMUM,
    Metric.MODEL_LATENCY: Statistic.AVERAGE,
    Metric.PROVISIONED_CONCURRENCY_UTILIZATION: Statistic.AVERAGE,
    Metric.CONCURRENT_EXECUTIONS: Statistic.MAXIMUM,
    Metric.SPILLOVER_INVOCATIONS: Statistic.SUM,
}
"""The statistic of each metric that AWS's predefined policies and ours by text look at."""

_STEP = re.compile(r"(\w+)\s*(>=|<=|>|<)\s*([\d.]+)(?:/(\d+)x(\d+)s)?\s*:\s*(.+)")
_ADJUSTMENT = re.compile(r"([+-]|=)(\d+)(%?)(?:@([\d.]+))?")
_SCHEDULE = re.compile(r"((?:cron|rate|at)\([^)]*\))\s+(.+)")
_COMPARISONS = {
    ">": Comparison.ABOVE,
    ">=": Comparison.AT_LEAST,
    "<": Comparison.BELOW,
    "<=": Comparison.AT_MOST,
}


def parse_capacity(text: str) -> Bounds:
    """`1..3`, or `2` for always two. Raises BadPlan."""
    low, dots, high = text.strip().partition("..")
    if not low.isdecimal() or not (high if dots else low).isdecimal():
        raise BadPlan(f"{text!r} is no capacity; write 2, or 1..3 for what may scale")
    bounds = Bounds(int(low), int(high if dots else low))
    if bounds.minimum > bounds.maximum:
        raise BadPlan(f"In {text!r} the minimum is above the maximum")
    return bounds


def parse_per_minute(text: str) -> float:
    """A target in invocations per minute, which is what AWS's number means: `600`, `600/min` or
    `10/s`. Raises BadPlan."""
    try:
        value = float(text) if "/" not in text else parse_rate(text) * 60
    except (ValueError, BadQuantity):
        value = -1.0
    if not 0 < value < float("inf"):
        raise BadPlan(f"{text!r} is no target; write 600/min (AWS's own unit) or 10/s")
    return value


def parse_step(text: str, name: str, cooldown: float) -> SteppingPolicy:
    """`InvocationsPerInstance>600:+1,+2@300`: above 600 one more, from 300 further on two.

    The metric's number is what CloudWatch has for a period. `/2x60s` behind it: two periods of a
    minute, instead of three. Adjustments: `+1`, `-1`, `=3` (exactly), `+50%`. Raises BadPlan.
    """
    found = _STEP.fullmatch(text.strip())
    parts = [_ADJUSTMENT.fullmatch(part.strip()) for part in found[6].split(",")] if found else []
    if found is None or not all(parts) or found[1] not in set(Metric):
        raise BadPlan(
            f"{text!r} is no step policy; write METRIC>THRESHOLD:+1,+2@300, as in "
            f"InvocationsPerInstance>600:+1 (metrics: {', '.join(Metric)})"
        )
    matches = [part for part in parts if part is not None]
    metric, comparison = Metric(found[1]), _COMPARISONS[found[2]]
    rule = AlarmRule(
        comparison,
        float(found[3]),
        int(found[5] or 60),
        int(found[4] or 3),
        int(found[4] or 3),
    )
    if rule.period not in (10, 30) and (rule.period % 60 or rule.period < 60):
        raise BadPlan(f"An alarm's period is 10 s, 30 s or whole minutes, not {rule.period} s")
    if rule.periods < 1:
        raise BadPlan("An alarm looks at one period at least")
    kinds = {_kind(one) for one in matches}
    if len(kinds) > 1:
        raise BadPlan(f"The steps of {text!r} are of different kinds; a policy has one")
    is_up = comparison in (Comparison.ABOVE, Comparison.AT_LEAST)
    steps = _steps(matches, is_up)
    return SteppingPolicy(
        StepScaling(name, kinds.pop(), steps, cooldown), metric, STATISTICS[metric], rule
    )


def parse_schedule(text: str, name: str) -> ScheduledAction:
    """`cron(0 8 * * ? *) min=2 max=4 timezone=Europe/Berlin`. Raises BadPlan."""
    found = _SCHEDULE.fullmatch(text.strip())
    options = dict(part.partition("=")[::2] for part in found[2].split()) if found else {}
    if found is None or not options or set(options) - {"min", "max", "timezone"}:
        raise BadPlan(
            f"{text!r} is no schedule; write cron(0 8 * * ? *) min=2 max=4, with timezone=ZONE "
            "if it is not UTC"
        )
    numbers: dict[str, int | None] = {"min": None, "max": None}
    for key in numbers:
        if key in options:
            if not options[key].isdecimal():
                raise BadPlan(f"{key}={options[key]} in {text!r} is no capacity")
            numbers[key] = int(options[key])
    if numbers["min"] is None and numbers["max"] is None:
        raise BadPlan(f"The schedule {text!r} changes nothing; give it min=, max= or both")
    return ScheduledAction(
        name, found[1], numbers["min"], numbers["max"], options.get("timezone", "UTC")
    )


def _kind(found: re.Match[str]) -> Adjustment:
    if found[1] == "=":
        return Adjustment.EXACT
    return Adjustment.PERCENT if found[3] else Adjustment.CHANGE


def _steps(found: Sequence[re.Match[str]], is_up: bool) -> tuple[Step, ...]:
    """Each from its distance to the next one's, on the threshold's far side."""
    ordered = sorted(found, key=lambda one: float(one[4] or 0))
    starts = [float(one[4] or 0) for one in ordered]
    if len(set(starts)) < len(starts):
        raise BadPlan("Two steps begin at the same distance; put @DISTANCE behind the second")
    ends = [*starts[1:], None]
    steps = []
    for one, start, end in zip(ordered, starts, ends, strict=True):
        amount = -int(one[2]) if one[1] == "-" else int(one[2])
        if is_up:
            steps.append(Step(amount, start, end))
        else:
            steps.append(Step(amount, None if end is None else -end, -start))
    return tuple(steps)
