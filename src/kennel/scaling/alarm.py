"""CloudWatch's alarms: which state follows from the datapoints. No clock, no I/O.

The live plane and the planner both ask `evaluate`. Source: "Using Amazon CloudWatch alarms" and
"Configuring how CloudWatch alarms treat missing data".
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from operator import ge, gt, le, lt

__all__ = ["AlarmRule", "AlarmState", "Comparison", "MissingData", "evaluate"]


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


_COMPARE: Mapping[Comparison, Callable[[float, float], bool]] = {
    Comparison.ABOVE: gt,
    Comparison.AT_LEAST: ge,
    Comparison.BELOW: lt,
    Comparison.AT_MOST: le,
}


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


def evaluate(rule: AlarmRule, points: Sequence[float | None], former: AlarmState) -> AlarmState:
    """The state after these datapoints, one a period, oldest first, None where one is missing.

    There may be more than `rule.periods`: CloudWatch looks further back when some are missing.
    """
    real = [point for point in points if point is not None][-rule.periods :]
    lacking = rule.periods - len(real)
    if not real and rule.missing is MissingData.MISSING:
        return AlarmState.INSUFFICIENT_DATA
    if lacking and rule.missing is MissingData.IGNORE:
        return former
    breaching = sum(rule.breaches(point) for point in real)
    if rule.missing is MissingData.BREACHING:
        breaching += lacking
    if breaching >= rule.datapoints:
        return AlarmState.ALARM
    return AlarmState.OK
