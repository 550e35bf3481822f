"""Metrics and their points as rows. All functions work on a connection inside somebody's
transaction."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence

from kennel.services.cloudwatch.aggregate import Aggregate
from kennel.services.cloudwatch.metric import Metric, Place

__all__ = [
    "Points",
    "generation",
    "listing",
    "read",
    "set_generation",
    "summed_up",
    "write",
    "write_points",
]

Points = Mapping[Metric, Mapping[Place, Aggregate]]

_COLUMNS = "count, total, minimum, maximum, covered, distribution"


def write(connection: sqlite3.Connection, data: Points, now: float) -> None:
    """Adds what came by the policy time `now` to what is stored."""
    for metric, points in data.items():
        write_points(connection, _register(connection, metric, now), points)


def write_points(
    connection: sqlite3.Connection, metric: int, points: Mapping[Place, Aggregate]
) -> None:
    """Adds points to those of the metric with that id."""
    for place, aggregate in points.items():
        row = connection.execute(
            f"SELECT {_COLUMNS} FROM points "
            "WHERE metric = ? AND level = ? AND time = ? AND unit = ?",
            (metric, *place),
        ).fetchone()
        if row is not None:
            stored = Aggregate.decode(row)
            stored.merge(aggregate)
            aggregate = stored
        connection.execute(
            "INSERT OR REPLACE INTO points VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (metric, *place, *aggregate.encode()),
        )


def read(
    connection: sqlite3.Connection,
    metric: Metric,
    levels: Sequence[int],
    start: float,
    end: float,
) -> list[tuple[Place, Aggregate]]:
    """A metric's points with start <= time < end at those levels, in no order."""
    number = _id(connection, metric)
    if number is None:
        return []
    return [
        (Place(level, time, unit), Aggregate.decode(tuple(row)))
        for level in levels
        for time, unit, *row in connection.execute(
            f"SELECT time, unit, {_COLUMNS} FROM points "
            "WHERE metric = ? AND level = ? AND time >= ? AND time < ?",
            (number, level, start, end),
        )
    ]


def summed_up(
    connection: sqlite3.Connection,
    metric: Metric,
    levels: Sequence[int],
    start: int,
    end: int,
    period: int,
    unit: str | None,
) -> list[tuple[int, Aggregate]]:
    """What came in each period that is not empty, with the time when it begins; all units
    together unless one is given. Without the distributions, so SQLite adds up: 17 minutes of
    points of a second each take 0.4 ms, and 5 ms with their distributions."""
    number = _id(connection, metric)
    if number is None:
        return []
    rows = connection.execute(
        "SELECT (time - ?1) / ?2, SUM(count), SUM(total), MIN(minimum), MAX(maximum) FROM points "
        f"WHERE metric = ?3 AND level IN ({', '.join(map(str, levels))}) "
        "AND time >= ?4 AND time < ?5 AND (?6 IS NULL OR unit = ?6) GROUP BY 1",
        (start, period, number, start, end, unit),
    )
    return [(start + slot * period, Aggregate.of(*sums)) for slot, *sums in rows]


def listing(
    connection: sqlite3.Connection,
    region: str,
    namespace: str | None,
    name: str | None,
    seen_since: float,
) -> list[Metric]:
    """A region's metrics that had data since the policy time `seen_since`, in no order."""
    rows = connection.execute(
        "SELECT namespace, name, dimensions FROM metrics WHERE region = ? AND seen >= ? "
        "AND (?3 IS NULL OR namespace = ?3) AND (?4 IS NULL OR name = ?4)",
        (region, seen_since, namespace, name),
    )
    return [Metric(region, row[0], row[1], Metric.dimensions_of(row[2])) for row in rows]


def _id(connection: sqlite3.Connection, metric: Metric) -> int | None:
    found = connection.execute(
        "SELECT id FROM metrics WHERE region = ? AND namespace = ? AND name = ? AND dimensions = ?",
        (metric.region, metric.namespace, metric.name, metric.dimensions_key),
    ).fetchone()
    return None if found is None else int(found[0])


def generation(connection: sqlite3.Connection) -> int:
    """The last generation of the sink whose data are in the store."""
    return int(connection.execute("SELECT generation FROM flushed").fetchone()[0])


def set_generation(connection: sqlite3.Connection, number: int) -> None:
    connection.execute("UPDATE flushed SET generation = ?", (number,))


def _register(connection: sqlite3.Connection, metric: Metric, now: float) -> int:
    """The metric's id; it is made if it is new."""
    (number,) = connection.execute(
        "INSERT INTO metrics (region, namespace, name, dimensions, seen) VALUES (?, ?, ?, ?, ?) "
        "ON CONFLICT DO UPDATE SET seen = MAX(seen, excluded.seen) RETURNING id",
        (metric.region, metric.namespace, metric.name, metric.dimensions_key, now),
    ).fetchone()
    return int(number)
