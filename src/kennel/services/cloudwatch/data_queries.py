"""Evaluates GetMetricData's queries: metrics and math expressions, and pages of their results."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from kennel.services.cloudwatch.aggregate import Aggregate
from kennel.services.cloudwatch.errors import InvalidNextToken, ValidationException
from kennel.services.cloudwatch.expression import evaluate
from kennel.services.cloudwatch.math_values import Series, Value
from kennel.services.cloudwatch.statistic import Statistic
from kennel.services.page_token import decode_place, encode_place

__all__ = ["MAX_DATAPOINTS", "Queries", "check_queries", "page", "series_of"]

MAX_DATAPOINTS = 100_800
_LISTING = "GetMetricData"
_ID = re.compile(r"[a-z][A-Za-z0-9_]*")

ReadMetric = Callable[[Mapping[str, Any]], Series]
"""Reads a MetricStat."""


def check_queries(queries: Sequence[Mapping[str, Any]]) -> None:
    """Raises ValidationException for ids or members that are not as they must be."""
    seen: set[str] = set()
    for query in queries:
        name = query["Id"]
        if _ID.fullmatch(name) is None:
            raise ValidationException(
                f"The value {name} for parameter Id is invalid: it must begin with a lower-case "
                "letter and hold letters, digits and underscores only."
            )
        if name in seen:
            raise ValidationException(f"The id '{name}' is used by more than one query.")
        seen.add(name)
        if (query.get("MetricStat") is None) == (query.get("Expression") is None):
            raise ValidationException(
                f"The query '{name}' must have exactly one of MetricStat and Expression."
            )
    if not any(query.get("ReturnData", True) for query in queries):
        raise ValidationException("At least one query must have ReturnData true.")


class Queries:
    """The queries of one call. Each is evaluated once, when it is first needed."""

    def __init__(self, queries: Sequence[Mapping[str, Any]], read_metric: ReadMetric) -> None:
        self._queries = {query["Id"]: query for query in queries}
        self._read_metric = read_metric
        self._values: dict[str, Value] = {}
        self._under_way: list[str] = []

    def results(self) -> list[tuple[str, Series]]:
        """Id and series, with its label, of every query that returns data, in their order."""
        found: list[tuple[str, Series]] = []
        for name, query in self._queries.items():
            if not query.get("ReturnData", True):
                continue
            value = self._value(name)
            if isinstance(value, float):
                raise _error(name, "the result is a number; it must be a time series")
            for series in value if isinstance(value, list) else [value]:
                label = self._label(name, series, several=isinstance(value, list))
                found.append((name, Series(label, series.values, series.times)))
        return found

    def _value(self, name: str) -> Value:
        if name not in self._values:
            self._values[name] = self._evaluate(name)
        return self._values[name]

    def _evaluate(self, name: str) -> Value:
        query = self._queries[name]
        if query.get("MetricStat") is not None:
            return self._read_metric(query["MetricStat"])
        if name in self._under_way:
            raise _error(name, "it depends on itself")
        self._under_way.append(name)
        try:
            return evaluate(query["Expression"], self._resolve, self._metrics)
        except ValidationException as error:
            if error.message.startswith("Error in expression"):
                raise
            raise _error(name, error.message) from None
        finally:
            self._under_way.pop()

    def _resolve(self, name: str) -> Value:
        if name not in self._queries:
            raise ValidationException(f"there is no query with the id '{name}'")
        return self._value(name)

    def _metrics(self) -> list[tuple[str, Series]]:
        found = []
        for name, query in self._queries.items():
            if query.get("MetricStat") is not None:
                series = self._value(name)
                assert isinstance(series, Series)
                found.append((name, series))
        return found

    def _label(self, name: str, series: Series, *, several: bool) -> str:
        query = self._queries[name]
        label: str | None = query.get("Label")
        if query.get("MetricStat") is not None:
            return series.label if label is None else label
        own = name if label is None else label
        return f"{own} {series.label}".strip() if several else own


def series_of(
    label: str, periods: Mapping[int, Aggregate], statistic: Statistic, times: range
) -> Series:
    """A statistic of each period that has it."""
    values = {
        time: value
        for time, aggregate in periods.items()
        if (value := statistic(aggregate)) is not None
    }
    return Series(label, values, times)


def page(
    results: Sequence[tuple[str, Series]], most: int, newest_first: bool, token: str | None
) -> tuple[list[dict[str, Any]], str | None]:
    """MetricDataResults with at most `most` data points, and the token of the next page.

    Results are filled up one after the other; one that goes on on the next page is PartialData.
    """
    first, after = (0, None) if token is None else _place(token)
    reply: list[dict[str, Any]] = []
    left = most
    for index, (name, series) in list(enumerate(results))[first:]:
        times = sorted(series.values, reverse=newest_first)
        if after is not None:
            times = [time for time in times if (time < after if newest_first else time > after)]
            after = None
        shown = times[:left]
        left -= len(shown)
        complete = len(shown) == len(times)
        reply.append(
            {
                "Id": name,
                "Label": series.label,
                "Timestamps": [float(time) for time in shown],
                "Values": [series.values[time] for time in shown],
                "StatusCode": "Complete" if complete else "PartialData",
            }
        )
        if not complete:
            return reply, encode_place(_LISTING, index, shown[-1], True)
        if left == 0 and index + 1 < len(results):
            return reply, encode_place(_LISTING, index + 1, 0, False)
    return reply, None


def _place(token: str) -> tuple[int, int | None]:
    """Which result to go on with, and after which time of it."""
    place = decode_place(token, _LISTING, int, int, bool)
    if place is None:
        raise InvalidNextToken("The specified NextToken is invalid.")
    index, time, has_time = place
    return max(index, 0), time if has_time else None


def _error(name: str, reason: str) -> ValidationException:
    return ValidationException(f"Error in expression '{name}': {reason}.")
