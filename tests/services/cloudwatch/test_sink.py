from __future__ import annotations

import math
import sqlite3
import threading
from typing import Any
from unittest.mock import patch

import pytest

from kennel.clock import SimulatedClock
from tests.planes import wait_until
from tests.services.cloudwatch.conftest import StageFactory
from tests.services.cloudwatch.stage import Stage

DIMENSIONS = (("EndpointName", "e"), ("VariantName", "v"))
ASKED = [{"Name": name, "Value": value} for name, value in DIMENSIONS]


def total(stage: Stage, now: float, **parameters: Any) -> float:
    points = stage.statistics(
        now - 60, now + 60, Dimensions=ASKED, Statistics=["Sum"], **parameters
    )
    return sum(float(point["Sum"]) for point in points)


def test_a_read_sees_what_was_added_a_moment_before(stage: Stage, now: float) -> None:
    sink = stage.cloudwatch.sink
    sink.add("N", "m", DIMENSIONS, 2, "Count")
    sink.add("N", "m", dict(reversed(DIMENSIONS)), 3, "Count")
    (point,) = stage.statistics(now, now + 60, Dimensions=ASKED, Statistics=["Sum", "SampleCount"])
    assert point == {"Timestamp": now, "Unit": "Count", "Sum": 5, "SampleCount": 2}
    (listed,) = stage.call("ListMetrics")["Metrics"]
    assert listed == {"Namespace": "N", "MetricName": "m", "Dimensions": ASKED}


def test_each_value_counts_once_before_and_after_a_flush(stage: Stage, now: float) -> None:
    sink = stage.cloudwatch.sink
    for number in range(1, 6):
        sink.add("N", "m", DIMENSIONS, 1)
        assert total(stage, now) == number
        sink.flush()
        assert total(stage, now) == number


def test_each_value_counts_once_while_it_is_flushed(stage: Stage, now: float) -> None:
    """A read between the commit and the moment when memory lets go, and one before the commit."""
    sink, database = stage.cloudwatch.sink, stage.cloudwatch._database
    original = database.write
    seen: list[float] = []

    def write(work: Any) -> Any:
        seen.append(total(stage, now))
        sink.add("N", "m", DIMENSIONS, 10)
        result = original(work)
        seen.append(total(stage, now))
        return result

    sink.add("N", "m", DIMENSIONS, 1)
    with patch.object(database, "write", write):
        sink.flush()
    assert seen == [1, 11]
    assert total(stage, now) == 11


def test_a_flush_that_fails_keeps_everything(stage: Stage, now: float) -> None:
    sink, database = stage.cloudwatch.sink, stage.cloudwatch._database

    def fail(work: Any) -> Any:
        sink.add("N", "m", DIMENSIONS, 10)
        raise sqlite3.OperationalError("database or disk is full")

    sink.add("N", "m", DIMENSIONS, 1)
    with patch.object(database, "write", fail), pytest.raises(sqlite3.OperationalError):
        sink.flush()
    assert total(stage, now) == 11
    sink.flush()
    assert total(stage, now) == 11
    assert not sink.metrics()


def test_values_are_flushed_by_themselves_and_outlive_a_restart(
    make_stage: StageFactory, clock: SimulatedClock, now: float
) -> None:
    first = make_stage(clock=clock)
    first.cloudwatch.sink.add("N", "m", DIMENSIONS, 1)
    wait_until(lambda: not first.cloudwatch.sink.metrics())
    first.cloudwatch.sink.add("N", "m", DIMENSIONS, 2)
    first.cloudwatch.stop()
    second = make_stage(clock=clock)
    assert total(second, now) == 3
    second.cloudwatch.sink.add("N", "m", DIMENSIONS, 4)
    assert total(second, now) == 7
    second.cloudwatch.sink.flush()
    assert total(second, now) == 7


def test_many_threads_add_and_flush_and_nothing_is_lost(stage: Stage, now: float) -> None:
    sink = stage.cloudwatch.sink

    def add() -> None:
        for number in range(2_000):
            sink.add("N", "m", DIMENSIONS, 1)
            if number % 500 == 0:
                sink.flush()

    threads = [threading.Thread(target=add) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert total(stage, now) == 8_000


def test_a_value_that_is_no_finite_number_is_left_out(stage: Stage, now: float) -> None:
    for value in (math.nan, math.inf, -math.inf, 2.0**361, 5):
        stage.cloudwatch.sink.add("N", "m", DIMENSIONS, value)
    assert total(stage, now) == 5


def test_a_timestamp_a_resolution_and_a_region_are_as_given(stage: Stage, now: float) -> None:
    sink = stage.cloudwatch.sink
    sink.add("N", "m", DIMENSIONS, 1, timestamp=now - 30.5, resolution=1)
    sink.add("N", "m", DIMENSIONS, 7, region="eu-west-1")
    points = stage.statistics(now - 60, now + 60, Dimensions=ASKED, Statistics=["Sum"], Period=10)
    assert points == [{"Timestamp": now - 40, "Unit": "None", "Sum": 1}]
    assert total(stage, now) == 1
    assert len(stage.call("ListMetrics", region="eu-west-1")["Metrics"]) == 1


def test_policy_time_is_the_time_of_a_value(
    stage: Stage, clock: SimulatedClock, now: float
) -> None:
    for _ in range(3):
        stage.cloudwatch.sink.add("N", "m", DIMENSIONS, 1)
        clock.advance(60)
    points = stage.statistics(now, now + 180, Dimensions=ASKED, Statistics=["Sum"])
    assert [point["Timestamp"] for point in points] == [now, now + 60, now + 120]
