"""Alarms with boto3 on a plane where a minute takes a second."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from tests.conftest import PlaneFactory
from tests.integration.functions import Functions
from tests.planes import Plane, wait_until

MINUTE = ("--time-scale", "60")
KEEPS = """
import json

def handler(event, context):
    print("EVENT " + json.dumps(event))
"""


@pytest.fixture(scope="module")
def plane(module_plane_factory: PlaneFactory) -> Plane:
    """Shared: each test has a metric and alarms of its own."""
    return module_plane_factory(*MINUTE)


@contextmanager
def publishing(plane: Plane, value: float, metric: str = "m") -> Iterator[None]:
    """A client that goes on publishing a value, also while the plane is away for a moment."""
    done = threading.Event()
    client = plane.client("cloudwatch")

    def publish() -> None:
        while not done.wait(0.1):
            data = [{"MetricName": metric, "Value": value}]
            try:
                client.put_metric_data(Namespace="N", MetricData=data)
            except Exception:  # the plane is down: that is what some of these tests are about
                continue

    thread = threading.Thread(target=publish)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()


def put_alarm(plane: Plane, name: str, **values: Any) -> None:
    plane.client("cloudwatch").put_metric_alarm(
        **{
            "AlarmName": name,
            "Namespace": "N",
            "MetricName": "m",
            "Statistic": "Maximum",
            "Period": 60,
            "EvaluationPeriods": 1,
            "Threshold": 10.0,
            "ComparisonOperator": "GreaterThanThreshold",
            **values,
        }
    )


def state(plane: Plane, name: str) -> str:
    reply = plane.client("cloudwatch").describe_alarms(AlarmNames=[name])
    return str(reply["MetricAlarms"][0]["StateValue"])


def await_state(plane: Plane, name: str, wanted: str) -> None:
    wait_until(lambda: state(plane, name) == wanted, 30, f"{name} is {wanted}")


def history(plane: Plane, name: str, kind: str) -> list[dict[str, Any]]:
    """Oldest first."""
    paginator = plane.client("cloudwatch").get_paginator("describe_alarm_history")
    pages = paginator.paginate(AlarmName=name, HistoryItemType=kind, ScanBy="TimestampAscending")
    return [item for page in pages for item in page["AlarmHistoryItems"]]


def test_an_alarm_follows_its_metric_and_tells_why(plane: Plane) -> None:
    put_alarm(plane, "high", EvaluationPeriods=2, MetricName="followed")
    with publishing(plane, 20, "followed"):
        await_state(plane, "high", "ALARM")
    with publishing(plane, 2, "followed"):
        await_state(plane, "high", "OK")
    await_state(plane, "high", "INSUFFICIENT_DATA")
    changes = history(plane, "high", "StateUpdate")
    found = [item["HistorySummary"] for item in changes]
    assert found[-3].endswith("to ALARM")
    assert found[-2:] == [
        "Alarm updated from ALARM to OK",
        "Alarm updated from OK to INSUFFICIENT_DATA",
    ]
    raised = json.loads(changes[-3]["HistoryData"])["newState"]
    assert raised["stateReason"].startswith("Threshold Crossed: 2 out of the last 2 datapoints [20")
    assert raised["stateReasonData"]["recentDatapoints"] == [20.0, 20.0]
    times = [item["Timestamp"] for item in changes]
    assert times == sorted(times)


def test_an_alarm_invokes_a_function(plane: Plane) -> None:
    functions = Functions(plane)
    functions.create("told", KEEPS)
    arn = functions.client.get_function(FunctionName="told")["Configuration"]["FunctionArn"]
    functions.client.add_permission(
        FunctionName="told",
        StatementId="alarm",
        Action="lambda:InvokeFunction",
        Principal="lambda.alarms.cloudwatch.amazonaws.com",
    )
    put_alarm(plane, "calls", AlarmActions=[arn], AlarmDescription="too high", Unit="None")
    with publishing(plane, 20):
        lines = wait_until(
            lambda: [line for line in functions.lines("told") if line.startswith("EVENT ")],
            60,
            "the function was invoked",
        )
    event = json.loads(lines[0].removeprefix("EVENT "))
    (alarm,) = plane.client("cloudwatch").describe_alarms(AlarmNames=["calls"])["MetricAlarms"]
    assert event["source"] == "aws.cloudwatch"
    assert event["alarmArn"] == alarm["AlarmArn"]
    assert event["region"] == plane.connection.region
    data = event["alarmData"]
    assert data["alarmName"] == "calls"
    assert data["state"]["value"] == "ALARM"
    assert json.loads(data["state"]["reasonData"])["recentDatapoints"] == [20.0]
    assert data["previousState"]["value"] in ("INSUFFICIENT_DATA", "OK")
    assert data["configuration"]["description"] == "too high"
    (metric,) = data["configuration"]["metrics"]
    assert metric["metricStat"] == {
        "metric": {"namespace": "N", "name": "m", "dimensions": {}},
        "period": 60,
        "stat": "Maximum",
        "unit": "None",
    }
    (action,) = wait_until(lambda: history(plane, "calls", "Action"), 10, "the action's row")
    assert action["HistorySummary"] == f"Successfully executed action {arn}"


def test_a_function_that_is_not_there_is_a_failed_action(plane: Plane) -> None:
    region = plane.connection.region
    arn = f"arn:aws:lambda:{region}:000000000000:function:nobody"
    put_alarm(
        plane,
        "drill",
        MetricName="none",
        InsufficientDataActions=[arn],
        TreatMissingData="notBreaching",
    )
    await_state(plane, "drill", "OK")
    plane.client("cloudwatch").set_alarm_state(
        AlarmName="drill", StateValue="INSUFFICIENT_DATA", StateReason="a drill"
    )
    (action,) = wait_until(lambda: history(plane, "drill", "Action"), 10, "the action's row")
    assert action["HistorySummary"].startswith(f"Failed to execute action {arn}. Received error: ")
    await_state(plane, "drill", "OK")


def test_a_dozen_alarms_and_an_expression_keep_up(plane: Plane) -> None:
    names = [f"alarm-{number}" for number in range(12)]
    for name in names:
        put_alarm(plane, name, MetricName="kept up")
    plane.client("cloudwatch").put_metric_alarm(
        AlarmName="math",
        EvaluationPeriods=1,
        Threshold=0.5,
        ComparisonOperator="GreaterThanOrEqualToThreshold",
        Metrics=[
            {
                "Id": "m1",
                "MetricStat": {
                    "Metric": {"Namespace": "N", "MetricName": "kept up"},
                    "Period": 60,
                    "Stat": "Maximum",
                },
                "ReturnData": False,
            },
            {"Id": "e1", "Expression": "IF(m1 > 15, 1, 0)", "ReturnData": True},
        ],
    )
    for value, wanted in ((20, "ALARM"), (1, "OK"), (20, "ALARM")):
        with publishing(plane, value, "kept up"):
            for name in [*names, "math"]:
                await_state(plane, name, wanted)


def test_alarms_outlive_a_killed_plane(plane_factory: PlaneFactory) -> None:
    plane = plane_factory(*MINUTE)
    put_alarm(plane, "high", EvaluationPeriods=3)
    put_alarm(plane, "low", ComparisonOperator="LessThanThreshold", EvaluationPeriods=3)
    with publishing(plane, 20):
        await_state(plane, "high", "ALARM")
        await_state(plane, "low", "OK")
        before = {name: history(plane, name, "StateUpdate") for name in ("high", "low")}
        assert all(before.values())
        plane.kill()
        plane.start()
        put_alarm(plane, "third", EvaluationPeriods=3)
        await_state(plane, "third", "ALARM")  # some periods later
        for name, changes in before.items():
            assert history(plane, name, "StateUpdate") == changes
    with publishing(plane, 1):
        await_state(plane, "high", "OK")
        await_state(plane, "low", "ALARM")
