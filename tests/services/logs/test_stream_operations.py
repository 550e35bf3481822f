from __future__ import annotations

from typing import Any

import pytest

from kennel.clock import SimulatedClock
from kennel.services.logs.errors import (
    InvalidParameterException,
    ResourceAlreadyExistsException,
    ResourceNotFoundException,
)
from tests.services.logs.stage import ACCOUNT, Stage


def names(stage: Stage, **parameters: Any) -> list[str]:
    found: list[str] = []
    token: dict[str, str] = {}
    while True:
        page = stage.call("DescribeLogStreams", logGroupName="g", **parameters, **token)
        found += [stream["logStreamName"] for stream in page["logStreams"]]
        if "nextToken" not in page:
            return found
        token = {"nextToken": page["nextToken"]}


def put(stage: Stage, stream: str, timestamp: int) -> None:
    stage.call(
        "PutLogEvents",
        logGroupName="g",
        logStreamName=stream,
        logEvents=[{"timestamp": timestamp, "message": "m"}],
    )


def test_a_stream_is_described_with_the_times_of_its_events(
    stage: Stage, clock: SimulatedClock
) -> None:
    created = int(clock.wall() * 1000)
    clock.advance(10)
    now = int(clock.wall() * 1000)
    put(stage, "s", now - 5)
    put(stage, "s", now - 900)
    (stream,) = stage.call("DescribeLogStreams", logGroupName="g")["logStreams"]
    token = stream.pop("uploadSequenceToken")
    assert len(token) == 56
    assert token.isdigit()
    assert stream == {
        "logStreamName": "s",
        "creationTime": created,
        "firstEventTimestamp": now - 900,
        "lastEventTimestamp": now - 5,
        "lastIngestionTime": now,
        "arn": f"arn:aws:logs:us-east-1:{ACCOUNT}:log-group:g:log-stream:s",
        "storedBytes": 0,
    }


def test_a_second_stream_of_a_name_is_an_error(stage: Stage) -> None:
    with pytest.raises(ResourceAlreadyExistsException, match="log stream already exists"):
        stage.call("CreateLogStream", logGroupName="g", logStreamName="s")


@pytest.mark.parametrize("name", ["", "a:b", "a*", "x" * 513])
def test_a_stream_of_a_bad_name_is_an_error(stage: Stage, name: str) -> None:
    with pytest.raises(InvalidParameterException):
        stage.call("CreateLogStream", logGroupName="g", logStreamName=name)


def test_streams_are_listed_by_name_in_both_directions(stage: Stage) -> None:
    made = [f"job/algo-{number:03d}" for number in range(110)]
    for name in made:
        stage.call("CreateLogStream", logGroupName="g", logStreamName=name)
    assert names(stage, logStreamNamePrefix="job/") == made
    assert names(stage, logStreamNamePrefix="job/", limit=9, descending=True) == made[::-1]
    assert names(stage) == [*made, "s"]


def test_streams_are_listed_by_their_last_event(stage: Stage, clock: SimulatedClock) -> None:
    now = int(clock.wall() * 1000)
    for number in range(70):
        stage.call("CreateLogStream", logGroupName="g", logStreamName=f"t{number:02d}")
        put(stage, f"t{number:02d}", now - (number * 37) % 70)
    by_age = sorted((-((n * 37) % 70), f"t{n:02d}") for n in range(70))
    expected = ["s", *(name for _, name in by_age)]
    assert names(stage, orderBy="LastEventTime") == expected
    assert names(stage, orderBy="LastEventTime", descending=True, limit=8) == expected[::-1]


def test_ordering_by_time_excludes_a_prefix(stage: Stage) -> None:
    with pytest.raises(InvalidParameterException, match="Cannot order by LastEventTime"):
        names(stage, orderBy="LastEventTime", logStreamNamePrefix="s")


def test_a_group_is_named_exactly_once(stage: Stage) -> None:
    with pytest.raises(InvalidParameterException):
        stage.call("DescribeLogStreams")
    with pytest.raises(InvalidParameterException):
        stage.call("DescribeLogStreams", logGroupName="g", logGroupIdentifier="g")
    arn = stage.call("DescribeLogGroups")["logGroups"][0]["arn"]
    assert len(stage.call("DescribeLogStreams", logGroupIdentifier=arn)["logStreams"]) == 1


@pytest.mark.parametrize("limit", [0, 51])
def test_a_page_has_one_to_fifty_streams(stage: Stage, limit: int) -> None:
    with pytest.raises(InvalidParameterException, match="limit"):
        names(stage, limit=limit)


def test_a_deleted_stream_is_gone_with_its_events(stage: Stage, clock: SimulatedClock) -> None:
    put(stage, "s", int(clock.wall() * 1000))
    stage.call("DeleteLogStream", logGroupName="g", logStreamName="s")
    with pytest.raises(ResourceNotFoundException, match="log stream does not exist"):
        stage.call("DeleteLogStream", logGroupName="g", logStreamName="s")
    stage.call("CreateLogStream", logGroupName="g", logStreamName="s")
    assert stage.messages("g", "s") == []
    assert stage.call("FilterLogEvents", logGroupName="g")["events"] == []
