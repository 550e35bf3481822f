"""Asynchronous invocations on a plane whose policy time runs fast."""

from __future__ import annotations

import pytest

from tests.conftest import PlaneFactory
from tests.inside import WHO, lives
from tests.integration.functions import Functions
from tests.planes import Plane, wait_until

SCALE = 240  # a minute of policy time passes in a quarter of a second

NOTES = """
import json, os

def handler(event, context):
    print("got", json.dumps(event), context.aws_request_id)
    if event.get("fail"):
        raise ValueError("no dog")
"""


@pytest.fixture(scope="module")
def fast(module_plane_factory: PlaneFactory) -> Plane:
    return module_plane_factory("--time-scale", str(SCALE))


@pytest.fixture(scope="module")
def functions(fast: Plane) -> Functions:
    return Functions(fast)


def got(functions: Functions, name: str) -> list[str]:
    return [line for line in functions.lines(name) if line.startswith("got ")]


def test_an_event_is_acknowledged_at_once_and_delivered_once(functions: Functions) -> None:
    functions.create("note", NOTES)
    reply = functions.client.invoke(
        FunctionName="note", InvocationType="Event", Payload=b'{"n": 1}'
    )
    assert reply["StatusCode"] == 202
    assert reply["Payload"].read() == b""
    wait_until(lambda: got(functions, "note"))
    request_id = reply["ResponseMetadata"]["RequestId"]
    assert got(functions, "note") == [f'got {{"n": 1}} {request_id}']


def test_an_event_that_fails_is_tried_three_times_under_one_request_id(
    functions: Functions, fast: Plane
) -> None:
    functions.create("fails", NOTES)
    functions.client.invoke(FunctionName="fails", InvocationType="Event", Payload=b'{"fail": true}')
    wait_until(lambda: len(got(functions, "fails")) == 3)
    assert len({line.split()[-1] for line in got(functions, "fails")}) == 1
    cloudwatch = fast.client("cloudwatch")

    def dropped() -> bool:
        metrics = cloudwatch.list_metrics(
            Namespace="AWS/Lambda",
            MetricName="AsyncEventsDropped",
            Dimensions=[{"Name": "FunctionName", "Value": "fails"}],
        )["Metrics"]
        return bool(metrics)

    wait_until(dropped)
    assert len(got(functions, "fails")) == 3


def test_the_number_of_retries_can_be_set(functions: Functions, fast: Plane) -> None:
    functions.create("once", NOTES)
    functions.client.put_function_event_invoke_config(FunctionName="once", MaximumRetryAttempts=0)
    functions.client.invoke(FunctionName="once", InvocationType="Event", Payload=b'{"fail": true}')
    functions.client.invoke(FunctionName="once", InvocationType="Event", Payload=b'{"n": 2}')
    wait_until(lambda: len(got(functions, "once")) == 2)
    functions.create("later", NOTES)
    functions.client.invoke(FunctionName="later", InvocationType="Event", Payload=b'{"fail": 1}')
    wait_until(lambda: len(got(functions, "later")) == 3)  # more than the time of a retry
    assert len(got(functions, "once")) == 2


def test_many_events_are_each_delivered(functions: Functions) -> None:
    functions.create("many", NOTES)
    for number in range(100):
        functions.client.invoke(
            FunctionName="many", InvocationType="Event", Payload=f'{{"n": {number}}}'.encode()
        )
    wait_until(lambda: len(got(functions, "many")) >= 100)
    assert len({line.rsplit(" ", 1)[0] for line in got(functions, "many")}) == 100


def test_an_idle_environment_ends_after_five_minutes_of_policy_time(functions: Functions) -> None:
    functions.create(
        "idle", WHO + "import os\ndef handler(event, context):\n    return who(os.getpid())\n"
    )
    first = functions.invoke("idle")["json"]
    wait_until(lambda: not lives(first))
    assert functions.invoke("idle")["json"] != first
