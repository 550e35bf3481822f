"""What an alarm has to do is done though its plane dies."""

from __future__ import annotations

import json

from tests.conftest import PlaneFactory
from tests.integration.functions import Functions
from tests.planes import wait_until
from tests.soak import kills

ROUNDS = kills(1)
ALARMS = 10
TELLS = """
def handler(event, context):
    print("TOLD", event["alarmData"]["alarmName"])
"""


def test_a_change_of_state_that_is_acknowledged_invokes_its_function(
    plane_factory: PlaneFactory,
) -> None:
    plane = plane_factory()
    functions = Functions(plane)
    arn = functions.create("told", TELLS)["FunctionArn"]
    functions.client.add_permission(
        FunctionName="told",
        StatementId="alarms",
        Action="lambda:InvokeFunction",
        Principal="lambda.alarms.cloudwatch.amazonaws.com",
    )
    expected = []
    for number in range(ROUNDS):
        cloudwatch = plane.client("cloudwatch")
        names = [f"alarm-{number}-{one}" for one in range(ALARMS)]
        for name in names:
            cloudwatch.put_metric_alarm(
                AlarmName=name,
                Namespace="N",
                MetricName="m",
                Statistic="Sum",
                Period=3600,
                EvaluationPeriods=1,
                Threshold=1.0,
                ComparisonOperator="GreaterThanThreshold",
                TreatMissingData="ignore",
                AlarmActions=[arn],
            )
        for name in names:
            cloudwatch.set_alarm_state(AlarmName=name, StateValue="ALARM", StateReason="a drill")
        plane.kill()
        plane.start()
        expected += [f"TOLD {name}" for name in names]

    def is_told() -> bool:
        return set(expected) <= {line.strip() for line in Functions(plane).lines("told")}

    wait_until(is_told, 60, "every alarm's function was invoked")
    items = plane.client("cloudwatch").get_paginator("describe_alarm_history")
    rows = [
        item
        for page in items.paginate(HistoryItemType="Action")
        for item in page["AlarmHistoryItems"]
    ]
    assert {row["HistorySummary"] for row in rows} == {f"Successfully executed action {arn}"}
    assert {json.loads(row["HistoryData"])["actionState"] for row in rows} == {"Succeeded"}
    assert len({row["AlarmName"] for row in rows}) == ROUNDS * ALARMS
