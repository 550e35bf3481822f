"""CloudWatch Logs' lists."""

from __future__ import annotations

import time

from tests.integration.listings.registry import FIVE, Listing, listing
from tests.integration.stage import Stage

__all__: list[str] = []


@listing("logs", "DescribeLogGroups")
def log_groups(stage: Stage) -> Listing:
    names = [f"/listed/{number}" for number in FIVE]
    for name in reversed(names):
        stage.client("logs").create_log_group(logGroupName=name)
    return Listing({"logGroups[].logGroupName": names}, {"logGroupNamePrefix": "/listed/"})


@listing("logs", "DescribeLogStreams")
def log_streams(stage: Stage) -> Listing:
    stage.client("logs").create_log_group(logGroupName="streams")
    names = [f"stream{number}" for number in FIVE]
    for name in reversed(names):
        stage.client("logs").create_log_stream(logGroupName="streams", logStreamName=name)
    return Listing({"logStreams[].logStreamName": names}, {"logGroupName": "streams"})


@listing("logs", "FilterLogEvents")
def log_events(stage: Stage) -> Listing:
    logs = stage.client("logs")
    logs.create_log_group(logGroupName="events")
    now = int(time.time() * 1000)
    for stream, numbers in (("one", (0, 2, 4)), ("two", (1, 3))):
        logs.create_log_stream(logGroupName="events", logStreamName=stream)
        logs.put_log_events(
            logGroupName="events",
            logStreamName=stream,
            logEvents=[{"timestamp": now + n, "message": f"line {n}"} for n in numbers],
        )
    return Listing(
        {"events[].message": [f"line {number}" for number in FIVE]}, {"logGroupName": "events"}
    )
