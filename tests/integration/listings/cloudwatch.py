"""CloudWatch's lists."""

from __future__ import annotations

import time

from tests.integration.listings.registry import FIVE, Listing, listing
from tests.integration.stage import Stage

__all__: list[str] = []


@listing("cloudwatch", "ListMetrics")
def metrics(stage: Stage) -> Listing:
    """Pages have 500 metrics, whatever the caller would like."""
    names = [f"m{number:04}" for number in range(1001)]
    for start in (0, 1000):
        stage.client("cloudwatch").put_metric_data(
            Namespace="listed",
            MetricData=[{"MetricName": name, "Value": 1} for name in names[start : start + 1000]],
        )
    return Listing({"Metrics[].MetricName": names}, {"Namespace": "listed"}, page_size=500)


@listing("cloudwatch", "GetMetricData")
def metric_data(stage: Stage) -> Listing:
    start = time.time() // 60 * 60 - 600
    stage.client("cloudwatch").put_metric_data(
        Namespace="data",
        MetricData=[
            {"MetricName": "m", "Value": number, "Timestamp": start + 60 * number}
            for number in FIVE
        ],
    )
    metric = {"Namespace": "data", "MetricName": "m"}
    statistic = {"Metric": metric, "Period": 60, "Stat": "Sum"}
    return Listing(
        {"MetricDataResults[].Values[]": [0, 1, 2, 3, 4]},
        {
            "MetricDataQueries": [{"Id": "q", "MetricStat": statistic}],
            "StartTime": start,
            "EndTime": start + 600,
            "ScanBy": "TimestampAscending",
        },
    )


def _alarm(stage: Stage, name: str, threshold: float = 1.0) -> None:
    stage.client("cloudwatch").put_metric_alarm(
        AlarmName=name,
        Namespace="watched",
        MetricName="m",
        Statistic="Sum",
        Period=60,
        EvaluationPeriods=1,
        Threshold=threshold,
        ComparisonOperator="GreaterThanThreshold",
    )


@listing("cloudwatch", "DescribeAlarms")
def alarms(stage: Stage) -> Listing:
    names = [f"listed-{number}" for number in FIVE]
    for name in reversed(names):
        _alarm(stage, name)
    return Listing({"MetricAlarms[].AlarmName": names}, {"AlarmNamePrefix": "listed-"})


@listing("cloudwatch", "DescribeAlarmHistory")
def alarm_history(stage: Stage) -> Listing:
    for number in FIVE:
        _alarm(stage, "changed", float(number))
    return Listing(
        {
            "AlarmHistoryItems[].HistorySummary": [
                'Alarm "changed" created',
                *['Alarm "changed" updated'] * 4,
            ]
        },
        {
            "AlarmName": "changed",
            "HistoryItemType": "ConfigurationUpdate",
            "ScanBy": "TimestampAscending",
        },
    )
