"""CloudWatch Logs with boto3 as people use it."""

from __future__ import annotations

import time
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.conftest import ClientFactory, PlaneFactory


@pytest.fixture
def logs(client: ClientFactory) -> Any:
    return client("logs")


def now() -> int:
    return int(time.time() * 1000)


def put(logs: Any, group: str, stream: str, messages: list[str], since: int) -> dict[str, Any]:
    reply: dict[str, Any] = logs.put_log_events(
        logGroupName=group,
        logStreamName=stream,
        logEvents=[
            {"timestamp": since + number, "message": message}
            for number, message in enumerate(messages)
        ],
    )
    return reply


def test_a_group_goes_from_creation_to_deletion(logs: Any) -> None:
    group = "/test/life"
    logs.create_log_group(logGroupName=group, tags={"team": "dogs"})
    with pytest.raises(logs.exceptions.ResourceAlreadyExistsException):
        logs.create_log_group(logGroupName=group)
    logs.put_retention_policy(logGroupName=group, retentionInDays=30)
    (described,) = logs.describe_log_groups(logGroupNamePrefix=group)["logGroups"]
    assert described["retentionInDays"] == 30
    assert logs.list_tags_for_resource(resourceArn=described["logGroupArn"])["tags"] == {
        "team": "dogs"
    }
    logs.delete_log_group(logGroupName=group)
    with pytest.raises(logs.exceptions.ResourceNotFoundException) as caught:
        logs.describe_log_streams(logGroupName=group)
    assert caught.value.response["Error"]["Message"] == "The specified log group does not exist."
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 400


def test_events_are_put_got_and_filtered(logs: Any) -> None:
    group, since = "/test/events", now()
    logs.create_log_group(logGroupName=group)
    for stream in ("job/algo-1", "job/algo-2"):
        logs.create_log_stream(logGroupName=group, logStreamName=stream)
    put(logs, group, "job/algo-1", ["epoch 1", "Testing Loss: 0.52", "größe 🐶"], since)
    put(logs, group, "job/algo-2", ["epoch 1", '{"level": "ERROR", "code": 7}'], since + 1)
    page = logs.get_log_events(
        logGroupName=group, logStreamName="job/algo-1", startFromHead=True, startTime=since
    )
    assert [event["message"] for event in page["events"]] == [
        "epoch 1",
        "Testing Loss: 0.52",
        "größe 🐶",
    ]
    again = logs.get_log_events(
        logGroupName=group,
        logStreamName="job/algo-1",
        startFromHead=True,
        nextToken=page["nextForwardToken"],
    )
    assert again["events"] == []
    assert again["nextForwardToken"] == page["nextForwardToken"]
    for pattern, stream in {'"Loss:"': "job/algo-1", "{ $.code > 6 }": "job/algo-2"}.items():
        (found,) = logs.filter_log_events(logGroupName=group, filterPattern=pattern)["events"]
        assert found["logStreamName"] == stream


def test_the_clients_paginators_find_everything_once(logs: Any) -> None:
    group, since = "/test/pages", now()
    logs.create_log_group(logGroupName=group)
    names = [f"stream-{number:03d}" for number in range(60)]
    for number, name in enumerate(names):
        logs.create_log_stream(logGroupName=group, logStreamName=name)
        put(logs, group, name, [f"{name} {part}" for part in range(3)], since + number)
    pages = logs.get_paginator("describe_log_streams").paginate(logGroupName=group)
    assert [stream["logStreamName"] for page in pages for stream in page["logStreams"]] == names
    pages = logs.get_paginator("filter_log_events").paginate(
        logGroupName=group, PaginationConfig={"PageSize": 7}
    )
    events = [event for page in pages for event in page["events"]]
    assert len({event["eventId"] for event in events}) == len(events) == 180
    assert [event["timestamp"] for event in events] == sorted(
        event["timestamp"] for event in events
    )


def test_streams_are_found_by_their_last_event(logs: Any) -> None:
    group, since = "/test/newest", now()
    logs.create_log_group(logGroupName=group)
    for number, name in enumerate(["b", "c", "a"]):
        logs.create_log_stream(logGroupName=group, logStreamName=name)
        put(logs, group, name, ["x"], since + number)
    (newest,) = logs.describe_log_streams(
        logGroupName=group, orderBy="LastEventTime", descending=True, limit=1
    )["logStreams"]
    assert newest["logStreamName"] == "a"
    assert newest["lastEventTimestamp"] == since + 2


def test_a_batch_out_of_order_is_an_invalid_parameter(logs: Any) -> None:
    logs.create_log_group(logGroupName="/test/order")
    logs.create_log_stream(logGroupName="/test/order", logStreamName="s")
    with pytest.raises(logs.exceptions.InvalidParameterException, match="chronological order"):
        logs.put_log_events(
            logGroupName="/test/order",
            logStreamName="s",
            logEvents=[
                {"timestamp": now(), "message": "later"},
                {"timestamp": now() - 1000, "message": "earlier"},
            ],
        )


def test_ten_thousand_events_go_in_one_call(logs: Any) -> None:
    logs.create_log_group(logGroupName="/test/many")
    logs.create_log_stream(logGroupName="/test/many", logStreamName="s")
    put(logs, "/test/many", "s", [f"line {number}" for number in range(10_000)], now() - 10_000)
    page = logs.get_log_events(
        logGroupName="/test/many", logStreamName="s", startFromHead=True, limit=10_000
    )
    assert page["events"][9_999]["message"] == "line 9999"


def test_what_is_not_done_says_so(logs: Any) -> None:
    with pytest.raises(ClientError, match="does not run the operation StartQuery"):
        logs.start_query(logGroupName="g", startTime=0, endTime=1, queryString="fields @message")


def test_acknowledged_events_outlive_a_kill(plane_factory: PlaneFactory) -> None:
    plane = plane_factory()
    logs = plane.client("logs")
    logs.create_log_group(logGroupName="g")
    logs.create_log_stream(logGroupName="g", logStreamName="s")
    since = now()
    for number in range(20):
        put(logs, "g", "s", [f"{number}"], since + number)
    plane.kill()
    plane.start()
    page = logs.get_log_events(logGroupName="g", logStreamName="s", startFromHead=True)
    assert [event["message"] for event in page["events"]] == [str(number) for number in range(20)]
