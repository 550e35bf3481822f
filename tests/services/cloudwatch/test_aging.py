from __future__ import annotations

import sqlite3

from kennel.clock import SimulatedClock
from kennel.services.cloudwatch import aging
from kennel.services.cloudwatch.aging import age
from tests.services.cloudwatch.stage import Stage

HOUR, DAY = 3600, 86_400


def rows(stage: Stage) -> dict[int, int]:
    """Stored points by level."""

    def read(connection: sqlite3.Connection) -> dict[int, int]:
        counts = connection.execute("SELECT level, COUNT(*) FROM points GROUP BY level")
        return dict(counts.fetchall())

    return stage.cloudwatch._database.read(read)


def fill(stage: Stage, now: float) -> None:
    stage.put(
        *(
            {"MetricName": "m", "Value": second, "StorageResolution": 1, "Timestamp": now + second}
            for second in range(600)
        )
    )


def summary(stage: Stage, now: float, period: int) -> list[tuple[float, ...]]:
    names = ("SampleCount", "Sum", "Minimum", "Maximum")
    found = stage.statistics(now, now + 600, Statistics=names, Period=period)
    return [(point["Timestamp"], *(point[name] for name in names)) for point in found]


def test_points_grow_coarser_with_age_and_sums_stay(
    stage: Stage, clock: SimulatedClock, now: float
) -> None:
    fill(stage, now)
    by_minute = summary(stage, now, 60)
    by_five = summary(stage, now, 300)
    database = stage.cloudwatch._database
    age(database, now + 600)
    assert rows(stage) == {1: 600}
    age(database, now + 600 + 3 * HOUR)
    assert rows(stage) == {60: 10}
    assert summary(stage, now, 1) == []
    assert summary(stage, now, 60) == by_minute
    age(database, now + 600 + 15 * DAY)
    assert rows(stage) == {300: 2}
    assert summary(stage, now, 60) == []
    assert summary(stage, now, 300) == by_five
    age(database, now + 600 + 63 * DAY)
    assert rows(stage) == {3600: 1}
    assert [point[1:] for point in summary(stage, now, 3600)] == [(600, 179_700, 0, 599)]
    age(database, now + HOUR + 455 * DAY)
    assert rows(stage) == {}
    assert stage.call("ListMetrics")["Metrics"] == []


def test_half_of_a_minute_may_be_aged(stage: Stage, now: float) -> None:
    fill(stage, now)
    whole = summary(stage, now, 60)
    age(stage.cloudwatch._database, now + 3 * HOUR + 90)
    assert rows(stage) == {1: 510, 60: 2}
    assert summary(stage, now, 60) == whole
    age(stage.cloudwatch._database, now + 4 * HOUR)
    assert summary(stage, now, 60) == whole


def test_percentiles_outlive_aging(stage: Stage, now: float) -> None:
    stage.put(*({"MetricName": "m", "Value": n % 50, "Timestamp": now + n} for n in range(100)))
    age(stage.cloudwatch._database, now + 16 * DAY)
    (point,) = stage.statistics(now, now + 300, ExtendedStatistics=["p50"], Period=300)
    assert point["ExtendedStatistics"] == {"p50": 24}


def test_aging_stops_when_it_is_told_to(stage: Stage, now: float) -> None:
    fill(stage, now)
    age(stage.cloudwatch._database, now + DAY, stopping=lambda: True)
    assert rows(stage) == {1: 600}


def test_retention_is_awss() -> None:
    assert aging.RETENTION == {1: 3 * HOUR, 60: 15 * DAY, 300: 63 * DAY, 3600: 455 * DAY}
