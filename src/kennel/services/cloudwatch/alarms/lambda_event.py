"""What a Lambda function gets that an alarm invokes.

Source: "Event object from CloudWatch to Lambda" of the user guide's page on Lambda actions.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Any

import msgspec

from kennel.services.cloudwatch.alarms.instants import iso
from kennel.services.cloudwatch.alarms.record import Alarm

__all__ = ["lambda_event"]


def lambda_event(before: Alarm, after: Alarm) -> str:
    """The event for a change of state, as JSON."""
    configuration: dict[str, Any] = {}
    if after.configuration.alarm_description is not None:
        configuration["description"] = after.configuration.alarm_description
    configuration["metrics"] = _metrics(after)
    event = {
        "source": "aws.cloudwatch",
        "alarmArn": after.arn,
        "accountId": after.arn.split(":")[4],
        "time": iso(after.updated),
        "region": after.region,
        "alarmData": {
            "alarmName": after.name,
            "state": _state(after),
            "previousState": _state(before),
            "configuration": configuration,
        },
    }
    return msgspec.json.encode(event).decode()


def _state(alarm: Alarm) -> dict[str, str]:
    state = {"value": alarm.state.value, "reason": alarm.reason}
    if alarm.reason_data is not None:
        state["reasonData"] = alarm.reason_data
    return state | {"timestamp": iso(alarm.updated)}


def _metrics(alarm: Alarm) -> list[dict[str, Any]]:
    given = alarm.configuration
    if given.metrics is not None:
        return [_query(query) for query in given.metrics]
    assert given.namespace is not None
    assert given.metric_name is not None
    stat = {
        "metric": _metric(given.namespace, given.metric_name, given.dimensions),
        "period": given.period,
        "stat": given.statistic or given.extended_statistic,
    }
    if given.unit is not None:
        stat["unit"] = given.unit
    name = str(uuid.uuid5(uuid.NAMESPACE_URL, alarm.arn))  # CloudWatch makes one up, too
    return [{"id": name, "metricStat": stat, "returnData": True}]


def _query(query: Mapping[str, Any]) -> dict[str, Any]:
    shown: dict[str, Any] = {"id": query["Id"]}
    if query.get("Label"):
        shown["label"] = query["Label"]
    if query.get("MetricStat"):
        stat = query["MetricStat"]
        metric = stat["Metric"]
        shown["metricStat"] = {
            "metric": _metric(
                metric["Namespace"], metric["MetricName"], metric.get("Dimensions") or ()
            ),
            "period": stat["Period"],
            "stat": stat["Stat"],
        }
        if stat.get("Unit"):
            shown["metricStat"]["unit"] = stat["Unit"]
    else:
        shown["expression"] = query["Expression"]
    return shown | {"returnData": query.get("ReturnData", True)}


def _metric(namespace: str, name: str, dimensions: Any) -> dict[str, Any]:
    return {
        "namespace": namespace,
        "name": name,
        "dimensions": {pair["Name"]: pair["Value"] for pair in dimensions},
    }
