"""Removes, in the background and a little at a time, events that nobody can read any more."""

from __future__ import annotations

import logging
import sqlite3
import threading
from collections.abc import Callable
from functools import partial

from kennel.services.logs.events import OVERHEAD
from kennel.store import Database

__all__ = ["SWEEP_SECONDS", "Sweeper"]

SWEEP_SECONDS = 3600.0
"""How often events are looked for that have expired."""

_CHUNK = 2_000  # events removed in one write; bounds how long other writes wait for it

_REMOVE = (
    "DELETE FROM events WHERE (stream, timestamp, sequence) IN "
    "(SELECT stream, timestamp, sequence FROM events WHERE stream = ? AND timestamp < ? LIMIT ?) "
    "RETURNING length(CAST(message AS BLOB))"
)
_FOREVER = 2**63 - 1

log = logging.getLogger(__name__)


class Sweeper:
    """Events of deleted streams and groups, and events older than their group's retention."""

    def __init__(self, database: Database, now: Callable[[], int]) -> None:
        """`now` gives milliseconds since the epoch."""
        self._database = database
        self._now = now
        self._wake = threading.Event()
        self._stopping = False
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        self._stopping = False
        self._thread = threading.Thread(target=self._run, name="logs-sweeper", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """What is not removed yet is removed after the next start."""
        self._stopping = True
        self._wake.set()
        if self._thread is not None:
            self._thread.join()
            self._thread = None

    def wake(self) -> None:
        """Something was deleted, or a retention was changed."""
        self._wake.set()

    def sweep(self) -> None:
        """Removes everything that is due."""
        for stream, group in self._database.read(_doomed):
            if self._empty(stream, group, _FOREVER):
                self._database.write(partial(_forget, stream))
        for stream, group, retention in self._database.read(_expiring):
            oldest = self._now() - retention * 86_400_000
            if self._empty(stream, group, oldest):
                self._database.write(partial(_renew_first_event, stream))

    def _empty(self, stream: int, group: int, before: int) -> bool:
        """Removes the stream's events before that time; False if told to stop meanwhile."""
        while not self._stopping:
            count = self._database.write(
                lambda connection: _remove(connection, stream, group, before)
            )
            if count < _CHUNK:
                return True
        return False

    def _run(self) -> None:
        while not self._stopping:
            try:
                self.sweep()
            except Exception:  # the thread's boundary: a full disk must not end it
                log.exception("expired log events could not be removed; trying again later")
            self._wake.wait(SWEEP_SECONDS)
            self._wake.clear()


def _doomed(connection: sqlite3.Connection) -> list[tuple[int, int]]:
    return connection.execute("SELECT stream, group_id FROM doomed").fetchall()


def _expiring(connection: sqlite3.Connection) -> list[tuple[int, int, int]]:
    return connection.execute(
        "SELECT streams.id, groups.id, groups.retention FROM streams "
        "JOIN groups ON groups.id = streams.group_id WHERE groups.retention IS NOT NULL"
    ).fetchall()


def _remove(connection: sqlite3.Connection, stream: int, group: int, before: int) -> int:
    sizes = [row[0] for row in connection.execute(_REMOVE, (stream, before, _CHUNK))]
    if sizes:
        connection.execute(
            "UPDATE groups SET stored_bytes = MAX(stored_bytes - ?, 0) WHERE id = ?",
            (sum(sizes) + OVERHEAD * len(sizes), group),
        )
    return len(sizes)


def _forget(stream: int, connection: sqlite3.Connection) -> None:
    connection.execute("DELETE FROM doomed WHERE stream = ?", (stream,))


def _renew_first_event(stream: int, connection: sqlite3.Connection) -> None:
    """An emptied stream keeps its times, as AWS's do; they only say where to look."""
    connection.execute(
        "UPDATE streams SET first_event = COALESCE("
        "(SELECT MIN(timestamp) FROM events WHERE stream = streams.id), first_event) WHERE id = ?",
        (stream,),
    )
