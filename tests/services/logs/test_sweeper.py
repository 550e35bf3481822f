from __future__ import annotations

import sqlite3

from kennel.clock import SimulatedClock
from tests.planes import wait_until
from tests.services.logs.stage import Stage


def stored(stage: Stage) -> int:
    def count(connection: sqlite3.Connection) -> int:
        return int(connection.execute("SELECT COUNT(*) FROM events").fetchone()[0])

    return stage.logs._database.read(count)


def fill(stage: Stage, clock: SimulatedClock, stream: str = "s", count: int = 5_000) -> None:
    now = int(clock.wall() * 1000)
    events = [{"timestamp": now, "message": "mm"}] * count
    stage.call("PutLogEvents", logGroupName="g", logStreamName=stream, logEvents=events)


def test_the_events_of_a_deleted_stream_are_removed_and_no_others(
    stage: Stage, clock: SimulatedClock
) -> None:
    stage.call("CreateLogStream", logGroupName="g", logStreamName="kept")
    fill(stage, clock)
    fill(stage, clock, "kept", 10)
    stage.call("DeleteLogStream", logGroupName="g", logStreamName="s")
    wait_until(lambda: stored(stage) == 10)
    assert len(stage.messages("g", "kept")) == 10
    assert stage.call("DescribeLogGroups")["logGroups"][0]["storedBytes"] == 10 * 28


def test_the_events_of_a_deleted_group_are_removed(stage: Stage, clock: SimulatedClock) -> None:
    fill(stage, clock)
    stage.call("DeleteLogGroup", logGroupName="g")
    wait_until(lambda: stored(stage) == 0)


def test_expired_events_are_removed(stage: Stage, clock: SimulatedClock) -> None:
    fill(stage, clock)
    clock.advance(2 * 86_400)
    fill(stage, clock, count=7)
    stage.call("PutRetentionPolicy", logGroupName="g", retentionInDays=1)
    wait_until(lambda: stored(stage) == 7)
    (stream,) = stage.call("DescribeLogStreams", logGroupName="g")["logStreams"]
    now = int(clock.wall() * 1000)
    wait_until(
        lambda: (
            stage.call("DescribeLogStreams", logGroupName="g")["logStreams"][0][
                "firstEventTimestamp"
            ]
            == now
        )
    )
    assert stream["lastEventTimestamp"] == now


def test_what_a_stop_left_is_removed_after_the_next_start(
    stage: Stage, clock: SimulatedClock
) -> None:
    fill(stage, clock)
    stage.logs._sweeper.stop()
    stage.call("DeleteLogStream", logGroupName="g", logStreamName="s")
    assert stored(stage) == 5_000
    stage.logs._sweeper.start()
    wait_until(lambda: stored(stage) == 0)
