"""CloudWatch's alarms: which state follows from the datapoints. No clock, no I/O.

The live plane and the planner both ask `evaluate`. Source: "Using Amazon CloudWatch alarms" and
"Configuring how CloudWatch alarms treat missing data".
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from operator import ge, gt, le, lt

__all__ = ["EXTRA_PERIODS", "AlarmRule", "AlarmState", "Comparison", "MissingData", "evaluate"]


class AlarmState(StrEnum):
    """botocore's StateValue."""

    OK = "OK"
    ALARM = "ALARM"
    INSUFFICIENT_DATA = "INSUFFICIENT_DATA"


class Comparison(StrEnum):
    """The static ones of botocore's ComparisonOperator."""

    ABOVE = "GreaterThanThreshold"
    AT_LEAST = "GreaterThanOrEqualToThreshold"
    BELOW = "LessThanThreshold"
    AT_MOST = "LessThanOrEqualToThreshold"


class MissingData(StrEnum):
    """TreatMissingData."""

    MISSING = "missing"
    BREACHING = "breaching"
    NOT_BREACHING = "notBreaching"
    IGNORE = "ignore"


_FILLED = frozenset((MissingData.BREACHING, MissingData.NOT_BREACHING))

_COMPARE: Mapping[Comparison, Callable[[float, float], bool]] = {
    Comparison.ABOVE: gt,
    Comparison.AT_LEAST: ge,
    Comparison.BELOW: lt,
    Comparison.AT_MOST: le,
}


EXTRA_PERIODS = 2
"""How many periods further back than EvaluationPeriods CloudWatch looks for data when some is
missing: 5 for 3 in AWS's example. It says that the number depends on the period; observed by third
parties to be the same 2 for one period of 15 minutes."""


@dataclass(frozen=True, slots=True)
class AlarmRule:
    """When an alarm is raised: `datapoints` of the last `periods` breach the threshold. `period`
    is in seconds of policy time."""

    comparison: Comparison
    threshold: float
    period: int
    periods: int
    datapoints: int
    missing: MissingData = MissingData.MISSING

    def breaches(self, value: float) -> bool:
        """Whether a datapoint is on the alarm's side of the threshold."""
        return _COMPARE[self.comparison](value, self.threshold)

    @property
    def evaluation_range(self) -> int:
        """How many of the latest periods an evaluation needs the datapoints of."""
        return self.periods + EXTRA_PERIODS


def evaluate(rule: AlarmRule, points: Sequence[float | None], former: AlarmState) -> AlarmState:
    """The state after these datapoints, one a period, oldest first, None where one is missing.

    There should be `rule.evaluation_range` of them: the extra ones count when newer ones are
    missing. What an alarm that treats missing data as missing does with a few breaching datapoints
    and no other is in the page's section "Avoiding premature transitions to alarm state": it waits
    until the oldest of them is as old as DatapointsToAlarm.
    """
    considered = points[-rule.evaluation_range :]
    real = [point for point in considered if point is not None][-rule.periods :]
    lacking = rule.periods - len(real)
    breaching = sum(map(rule.breaches, real))
    if rule.missing is MissingData.BREACHING:
        breaching += lacking
    if breaching >= rule.datapoints:
        return AlarmState.ALARM
    if rule.missing in _FILLED or not lacking or breaching < len(real):
        return AlarmState.OK
    # Too little is known: no datapoints, or a few that breach.
    if rule.missing is MissingData.IGNORE:
        return former
    oldest = next((age for age, point in enumerate(considered) if point is not None), None)
    if oldest is not None and len(considered) - oldest >= rule.datapoints:
        return AlarmState.ALARM
    return AlarmState.INSUFFICIENT_DATA
