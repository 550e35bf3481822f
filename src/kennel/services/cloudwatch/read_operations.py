"""Operations that read metric data: GetMetricStatistics and GetMetricData."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from kennel.errors import NotImplementedByKennel
from kennel.services.cloudwatch.aggregate import Aggregate
from kennel.services.cloudwatch.base import CloudWatchBase
from kennel.services.cloudwatch.data_queries import (
    MAX_DATAPOINTS,
    Queries,
    check_queries,
    page,
    series_of,
)
from kennel.services.cloudwatch.datum import check_size, dimensions_of
from kennel.services.cloudwatch.errors import (
    InvalidParameterCombinationException,
    InvalidParameterValueException,
    ValidationException,
)
from kennel.services.cloudwatch.math_values import Series
from kennel.services.cloudwatch.metric import Metric
from kennel.services.cloudwatch.series import check_period, read_series
from kennel.services.cloudwatch.statistic import (
    SIMPLE,
    Statistic,
    extended_statistic,
    statistic,
)
from kennel.services.cloudwatch.timestamps import epoch, rounded_start
from kennel.services.context import Context

__all__ = ["MAX_QUERIES", "MAX_STATISTICS_POINTS", "ReadOperations"]

MAX_STATISTICS_POINTS = 1440
"""Whole periods from StartTime to EndTime as they were given: [O] AWS's error counts these, and a
day up to now fits. Where the rounded start adds a period, its datapoint comes too."""
MAX_QUERIES = 500


class ReadOperations(CloudWatchBase):
    """GetMetricStatistics and GetMetricData."""

    def get_metric_statistics(
        self,
        ctx: Context,
        *,
        Namespace: str,
        MetricName: str,
        StartTime: float | datetime,
        EndTime: float | datetime,
        Period: int,
        Dimensions: Sequence[Mapping[str, str]] | None = None,
        Statistics: Sequence[str] | None = None,
        ExtendedStatistics: Sequence[str] | None = None,
        Unit: str | None = None,
    ) -> dict[str, Any]:
        start, end = self._range(StartTime, EndTime, Period)
        if not Statistics and not ExtendedStatistics:
            raise InvalidParameterCombinationException(
                "At least one of the parameters Statistics and ExtendedStatistics must be "
                "specified."
            )
        asked = int((end - epoch(StartTime)) // Period)
        if asked > MAX_STATISTICS_POINTS:
            raise InvalidParameterCombinationException(
                f"You have requested up to {asked:,} datapoints, which exceeds the limit of "
                f"{MAX_STATISTICS_POINTS:,}. You may reduce the datapoints requested by "
                "increasing Period, or decreasing the time range."
            )
        if unknown := set(Statistics or ()) - SIMPLE.keys():
            raise InvalidParameterValueException(
                f"The value {min(unknown)} for parameter Statistics is invalid."
            )
        simple = {name: SIMPLE[name] for name in Statistics or ()}
        extended = {name: extended_statistic(name) for name in ExtendedStatistics or ()}
        metric = Metric(ctx.region, Namespace, MetricName, dimensions_of(Dimensions))
        found = read_series(self._database, self.sink, metric, start, end, Period)
        datapoints = [
            datapoint
            for unit, periods in found.items()
            if Unit in (None, unit)
            for time, aggregate in periods.items()
            if (datapoint := _datapoint(time, unit, aggregate, simple, extended))
        ]
        datapoints.sort(key=lambda datapoint: float(datapoint["Timestamp"]))
        return {"Label": MetricName, "Datapoints": datapoints}

    def get_metric_data(
        self,
        ctx: Context,
        *,
        MetricDataQueries: Sequence[Mapping[str, Any]],
        StartTime: float | datetime,
        EndTime: float | datetime,
        NextToken: str | None = None,
        ScanBy: str = "TimestampDescending",
        MaxDatapoints: int | None = None,
        LabelOptions: Mapping[str, str] | None = None,
    ) -> dict[str, Any]:
        """LabelOptions only matter to dynamic labels, which are refused."""
        check_size("MetricDataQueries", MetricDataQueries, MAX_QUERIES)
        check_queries(MetricDataQueries)
        if ScanBy not in ("TimestampDescending", "TimestampAscending"):
            raise InvalidParameterValueException(
                f"The value {ScanBy} for parameter ScanBy is invalid."
            )
        most = MAX_DATAPOINTS if MaxDatapoints is None else MaxDatapoints
        if not 1 <= most <= MAX_DATAPOINTS:
            raise InvalidParameterValueException(
                f"The value {most} for parameter MaxDatapoints is invalid: it must lie between 1 "
                f"and {MAX_DATAPOINTS}."
            )
        for query in MetricDataQueries:
            self._refuse(query)
        queries = Queries(
            MetricDataQueries, lambda stat: self._metric_series(ctx, stat, StartTime, EndTime)
        )
        newest_first = ScanBy == "TimestampDescending"
        results, following = page(queries.results(), most, newest_first, NextToken)
        reply: dict[str, Any] = {"MetricDataResults": results, "Messages": []}
        if following is not None:
            reply["NextToken"] = following
        return reply

    def _metric_series(
        self,
        ctx: Context,
        stat: Mapping[str, Any],
        start_time: float | datetime,
        end_time: float | datetime,
    ) -> Series:
        """Reads a MetricStat; data of several units count together unless it names one."""
        metric, period = stat["Metric"], stat["Period"]
        if "MetricName" not in metric or "Namespace" not in metric:
            raise ValidationException("A MetricStat must have a MetricName and a Namespace.")
        start, end = self._range(start_time, end_time, period)
        number = statistic(stat["Stat"])
        found = read_series(
            self._database,
            self.sink,
            Metric(
                ctx.region,
                metric["Namespace"],
                metric["MetricName"],
                dimensions_of(metric.get("Dimensions")),
            ),
            start,
            end,
            period,
        )
        merged: dict[int, Aggregate] = {}
        for unit, periods in found.items():
            if stat.get("Unit") in (None, unit):
                for time, aggregate in periods.items():
                    merged.setdefault(time, Aggregate()).merge(aggregate)
        return series_of(
            metric["MetricName"], merged, number, range(start, int(-(-end // 1)), period)
        )

    def _range(
        self, start_time: float | datetime, end_time: float | datetime, period: int
    ) -> tuple[int, float]:
        check_period(period)
        start, end = epoch(start_time), epoch(end_time)
        if start >= end:
            raise InvalidParameterValueException(
                "The parameter StartTime must be less than the parameter EndTime."
            )
        return rounded_start(start, period, self.parts.clock.policy()), end

    def _refuse(self, query: Mapping[str, Any]) -> None:
        """Raises NotImplementedByKennel for what a query has that is not done."""
        if query.get("AccountId", self.parts.account_id) != self.parts.account_id:
            raise NotImplementedByKennel("Kennel has no metrics of other accounts (AccountId).")
        if "${" in query.get("Label", ""):
            raise NotImplementedByKennel("Kennel does not fill in dynamic labels (${…}).")


def _datapoint(
    time: int,
    unit: str,
    aggregate: Aggregate,
    simple: Mapping[str, Statistic],
    extended: Mapping[str, Statistic],
) -> dict[str, Any]:
    """A Datapoint; empty if the aggregate has none of the statistics."""
    datapoint: dict[str, Any] = {name: number(aggregate) for name, number in simple.items()}
    known = {name: number(aggregate) for name, number in extended.items()}
    known = {name: value for name, value in known.items() if value is not None}
    if known:
        datapoint["ExtendedStatistics"] = known
    return {"Timestamp": float(time), "Unit": unit, **datapoint} if datapoint else {}
