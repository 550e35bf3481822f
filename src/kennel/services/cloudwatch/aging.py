"""Makes old points coarser, and drops the oldest and old histories of alarms, as CloudWatch does.

Points of a second are there for 3 hours, of a minute for 15 days, of 5 minutes for 63 days, of an
hour for 455 days. Source: GetMetricData's reference. Age is counted in policy time.
"""

from __future__ import annotations

import logging
import sqlite3
import threading
from collections.abc import Callable
from functools import partial

from kennel.services.cloudwatch import points
from kennel.services.cloudwatch.aggregate import Aggregate
from kennel.services.cloudwatch.alarms import HISTORY_SECONDS, forget
from kennel.services.cloudwatch.metric import LEVELS, Place
from kennel.store import Database

__all__ = ["AGING_SECONDS", "RETENTION", "Aging", "age"]

_HOUR = 3600
_DAY = 24 * _HOUR

RETENTION = {1: 3 * _HOUR, 60: 15 * _DAY, 300: 63 * _DAY, 3600: 455 * _DAY}
"""Seconds that points of each level are kept as they are."""

AGING_SECONDS = 600.0
"""How often it is looked for old points, in wall time."""

_CHUNK = 500  # points that one write changes; bounds how long other writes wait for it

log = logging.getLogger(__name__)


def age(database: Database, now: float, stopping: Callable[[], bool] = lambda: False) -> None:
    """Makes everything coarser that is due at the policy time `now`."""
    for metric in database.read(_metrics):
        for level, coarser in zip(LEVELS, (*LEVELS[1:], None), strict=True):
            before = now - RETENTION[level]
            while not stopping():
                if database.write(partial(_coarsen, metric, level, coarser, before)) < _CHUNK:
                    break
    database.write(_drop_empty)
    database.write(lambda connection: forget(connection, now - HISTORY_SECONDS))


class Aging:
    """Does `age` now and then, in a thread."""

    def __init__(self, database: Database, now: Callable[[], float]) -> None:
        """`now` is the policy time."""
        self._database = database
        self._now = now
        self._closing = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        self._closing.clear()
        self._thread = threading.Thread(target=self._run, name="metric-aging", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        self._closing.set()
        if self._thread is not None:
            self._thread.join()
            self._thread = None

    def _run(self) -> None:
        while not self._closing.wait(AGING_SECONDS):
            try:
                age(self._database, self._now(), self._closing.is_set)
            except Exception:  # the thread's boundary: a full disk must not end it
                log.exception("old metric data could not be made coarser; trying again later")


def _metrics(connection: sqlite3.Connection) -> list[int]:
    return [row[0] for row in connection.execute("SELECT id FROM metrics")]


def _coarsen(
    metric: int, level: int, coarser: int | None, before: float, connection: sqlite3.Connection
) -> int:
    """Moves up to _CHUNK points to the next level, or away; returns how many."""
    rows = connection.execute(
        "SELECT time, unit, count, total, minimum, maximum, covered, distribution FROM points "
        "WHERE metric = ? AND level = ? AND time < ? ORDER BY time LIMIT ?",
        (metric, level, before, _CHUNK),
    ).fetchall()
    merged: dict[Place, Aggregate] = {}
    for time, unit, *row in rows:
        connection.execute(
            "DELETE FROM points WHERE metric = ? AND level = ? AND time = ? AND unit = ?",
            (metric, level, time, unit),
        )
        if coarser is not None:
            place = Place.at(coarser, time, unit)
            merged.setdefault(place, Aggregate()).merge(Aggregate.decode(tuple(row)))
    points.write_points(connection, metric, merged)
    return len(rows)


def _drop_empty(connection: sqlite3.Connection) -> None:
    connection.execute(
        "DELETE FROM metrics WHERE NOT EXISTS (SELECT 1 FROM points WHERE metric = metrics.id)"
    )
