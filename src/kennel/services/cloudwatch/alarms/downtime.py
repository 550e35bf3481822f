"""When the plane was down, in policy time.

An alarm must not take periods for empty in which nobody could have sent data. So it looks past
them: a period that overlaps a time when the plane was down counts only if there is data in it. Not
past more than FURTHEST, since older data says nothing of today.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence

from kennel.store import Database

__all__ = ["FURTHEST", "Downtime"]

FURTHEST = 86_400.0
"""Seconds of policy time."""

_KEPT = 30 * 86_400.0


class Downtime:
    """`start` notes the time since the plane was last alive; `beat` says that it is."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._gaps: list[tuple[float, float]] = []

    def start(self, now: float) -> None:
        self._gaps = self._database.write(lambda connection: _resume(connection, now))

    def beat(self, now: float) -> None:
        self._database.write(lambda connection: _set_alive(connection, now))

    def live_periods(self, end: int, period: int, count: int) -> list[int]:
        """The beginnings of up to `count` periods before `end`, oldest first, in none of which the
        plane was down."""
        starts: list[int] = []
        start = end - period
        gaps = [gap for gap in self._gaps if gap[0] < end]
        passed = 0.0
        while len(starts) < count:
            gap = _overlapping(gaps, start, start + period)
            if gap is None:
                starts.append(start)
                start -= period
                continue
            began, ended = gap
            passed += ended - began
            if passed > FURTHEST:
                break
            # The newest period that ends before the plane went down.
            start = end - int(-(-(end - began) // period)) * period - period
        return starts[::-1]


def _overlapping(
    gaps: Sequence[tuple[float, float]], start: float, end: float
) -> tuple[float, float] | None:
    for gap in reversed(gaps):  # in the order of time, so the newest come first
        if gap[1] <= start:
            return None
        if gap[0] < end:
            return gap
    return None


def _resume(connection: sqlite3.Connection, now: float) -> list[tuple[float, float]]:
    row = connection.execute("SELECT alive FROM alarm_life").fetchone()
    if row is not None and row[0] < now:
        connection.execute("INSERT INTO alarm_downtime VALUES (?, ?)", (row[0], now))
    connection.execute("DELETE FROM alarm_downtime WHERE ended < ?", (now - _KEPT,))
    _set_alive(connection, now)
    return list(connection.execute("SELECT began, ended FROM alarm_downtime ORDER BY began"))


def _set_alive(connection: sqlite3.Connection, now: float) -> None:
    connection.execute("DELETE FROM alarm_life")
    connection.execute("INSERT INTO alarm_life VALUES (?)", (now,))
