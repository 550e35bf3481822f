"""Checks the `Metrics` of an alarm: the metrics it reads and the expression it watches."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from kennel.errors import NotImplementedByKennel
from kennel.services.cloudwatch.data_queries import Queries, check_queries
from kennel.services.cloudwatch.datum import dimensions_of
from kennel.services.cloudwatch.errors import ValidationException
from kennel.services.cloudwatch.math_values import Series
from kennel.services.cloudwatch.statistic import statistic

__all__ = ["MOST_METRICS", "check_metrics"]

MOST_METRICS = 10
"""Source: "Using Amazon CloudWatch alarms", alarms on math expressions."""

_SEARCH = re.compile(r"\bSEARCH\s*\(")


def check_metrics(queries: Sequence[Mapping[str, Any]], account: str) -> int:
    """Returns the period that all the metrics have. Raises ValidationException, and
    NotImplementedByKennel for what metric math Kennel does not evaluate."""
    check_queries(queries)
    if sum(bool(query.get("ReturnData", True)) for query in queries) != 1:
        raise ValidationException("Exactly one element of the metrics list should return data.")
    for query in queries:
        if query.get("AccountId", account) != account:
            raise NotImplementedByKennel("Kennel has no metrics of other accounts (AccountId).")
        if _SEARCH.search(query.get("Expression") or ""):
            raise ValidationException("SEARCH is not supported on Metric Alarms.")
    stats = [query["MetricStat"] for query in queries if query.get("MetricStat")]
    if not stats:
        raise ValidationException("The metrics list must contain at least one metric.")
    if len(stats) > MOST_METRICS:
        raise ValidationException(
            f"The metrics list must not contain more than {MOST_METRICS} metrics."
        )
    for stat in stats:
        if "MetricName" not in stat["Metric"] or "Namespace" not in stat["Metric"]:
            raise ValidationException("A MetricStat must have a MetricName and a Namespace.")
        statistic(stat["Stat"])
        dimensions_of(stat["Metric"].get("Dimensions"))
    periods = {int(stat["Period"]) for stat in stats}
    if len(periods) != 1:
        raise ValidationException("All metrics of an alarm must have the same Period.")
    (period,) = periods
    _try_out(queries, period)
    return period


def _try_out(queries: Sequence[Mapping[str, Any]], period: int) -> None:
    """Evaluates the expressions once, with a little data."""
    times = range(0, 3 * period, period)
    values = {time: float(number) for number, time in enumerate(times, 1)}
    results = Queries(queries, lambda stat: Series("", values, times)).results()
    if len(results) != 1:
        raise ValidationException("The expression of an alarm must return a single time series.")
