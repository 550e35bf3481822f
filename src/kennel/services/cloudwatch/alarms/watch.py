"""What an alarm watches: which data it needs, and the datapoints that come of it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from kennel.scaling import AlarmRule, AlarmState
from kennel.scaling.alarm import evaluate
from kennel.services.cloudwatch.alarms.reader import Reading, Wanted
from kennel.services.cloudwatch.alarms.reasons import Datapoint, evaluated
from kennel.services.cloudwatch.alarms.record import Alarm
from kennel.services.cloudwatch.data_queries import Queries
from kennel.services.cloudwatch.datum import dimensions_of
from kennel.services.cloudwatch.math_values import Series
from kennel.services.cloudwatch.metric import Metric

__all__ = ["EVALUATION_SECONDS", "MULTI_DAY_SECONDS", "Watch"]

EVALUATION_SECONDS = 60
"""How often an alarm is evaluated at most, if its period is not shorter. The window slides: each
evaluation looks at whole periods that end then. Source: "Alarm evaluation window"; the minute is
observed (queryDate and startDate of StateReasonData)."""

MULTI_DAY_SECONDS = 3600
"""How often one is evaluated that looks at more than a day. Source: "Alarm evaluation"."""

_DAY = 86_400
_PERCENTILE = re.compile(r"p(\d+(?:\.\d+)?)", re.IGNORECASE)


class Watch:
    """An alarm made ready to be evaluated."""

    def __init__(self, alarm: Alarm) -> None:
        configuration = alarm.configuration
        self.rule: AlarmRule = configuration.rule
        self._region = alarm.region
        self._queries: Sequence[Mapping[str, Any]] = configuration.metrics or (
            {"Id": "m1", "MetricStat": _only_stat(alarm)},
        )
        self._stats = [query["MetricStat"] for query in self._queries if query.get("MetricStat")]
        self._ignores_below = _least_samples(alarm)

    @property
    def cadence(self) -> int:
        """Seconds of policy time from one evaluation to the next."""
        if self.rule.period * self.rule.periods > _DAY:
            return MULTI_DAY_SECONDS
        return min(self.rule.period, EVALUATION_SECONDS)

    def wanted(self, start: int, end: int) -> list[Wanted]:
        """What is to be read for the periods from `start` to `end`."""
        return [
            Wanted(
                Metric(
                    self._region,
                    stat["Metric"]["Namespace"],
                    stat["Metric"]["MetricName"],
                    dimensions_of(stat["Metric"].get("Dimensions")),
                ),
                stat["Stat"],
                stat.get("Unit"),
                start,
                end,
                self.rule.period,
            )
            for stat in self._stats
        ]

    def datapoints(
        self, live: Sequence[int], start: int, end: int, readings: Sequence[Reading]
    ) -> list[Datapoint]:
        """The datapoints of the live periods and of those that have data, oldest first; as many
        as an evaluation looks at. The readings are of the periods from `start` to `end`. Raises
        ValidationException if an expression has no result."""
        size = self.rule.evaluation_range
        if len(self._queries) == 1 and self._stats:
            found = readings[0]
            times = sorted({*live, *found})[-size:]
            return [
                Datapoint(time, sample.value, sample.samples)
                if (sample := found.get(time))
                else Datapoint(time, None)
                for time in times
            ]
        values = self._evaluate(range(start, end, self.rule.period), readings)
        present = {time for reading in readings for time in reading}
        times = sorted({*live, *present})[-size:]
        return [Datapoint(time, values.get(time)) for time in times]

    def _evaluate(self, times: range, readings: Sequence[Reading]) -> Mapping[int, float]:
        series = {
            id(stat): Series(
                stat["Metric"]["MetricName"],
                {time: sample.value for time, sample in reading.items()},
                times,
            )
            for stat, reading in zip(self._stats, readings, strict=True)
        }
        results = Queries(self._queries, lambda stat: series[id(stat)]).results()
        return results[0][1].values if results else {}

    def state(self, points: Sequence[Datapoint], former: AlarmState, is_whole: bool) -> AlarmState:
        """The state after these datapoints. Without the whole evaluation range (the plane was
        down for long) missing data changes nothing."""
        chosen = evaluated(self.rule, points)
        if self._ignores_below:
            samples = sum(point.samples or 0.0 for point in chosen)
            if 0 < samples < self._ignores_below:
                return former
        if not is_whole and any(point.value is None for point in chosen):
            return former
        if len(chosen) < self.rule.periods:
            return former
        return evaluate(self.rule, [point.value for point in points], former)


def _only_stat(alarm: Alarm) -> dict[str, Any]:
    """The single metric of an alarm as a MetricStat."""
    configuration = alarm.configuration
    stat: dict[str, Any] = {
        "Metric": {
            "Namespace": configuration.namespace,
            "MetricName": configuration.metric_name,
            "Dimensions": list(configuration.dimensions),
        },
        "Period": configuration.period,
        "Stat": configuration.statistic or configuration.extended_statistic,
    }
    if configuration.unit is not None:
        stat["Unit"] = configuration.unit
    return stat


def _least_samples(alarm: Alarm) -> float:
    """How many samples a percentile needs to be significant, if the alarm is to ignore it with
    fewer; else 0. Source: "Percentile-based alarms and low data samples"."""
    configuration = alarm.configuration
    if configuration.evaluate_low_sample_count_percentile != "ignore":
        return 0.0
    match = _PERCENTILE.fullmatch(configuration.extended_statistic or "")
    if match is None:
        return 0.0
    percent = float(match[1])
    rare = min(percent, 100 - percent)
    return 1000 / rare if rare > 0 else 0.0
