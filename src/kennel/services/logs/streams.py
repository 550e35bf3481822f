"""Log streams as rows. All functions work on a connection inside somebody's transaction."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from typing import Any

from kennel.services.logs.errors import ResourceAlreadyExistsException, ResourceNotFoundException
from kennel.services.logs.groups import LogGroup

__all__ = ["LogStream", "by_last_event", "by_name", "create", "delete", "find", "named"]

_COLUMNS = "id, name, created, first_event, last_event, last_ingestion, last_sequence"


@dataclass(frozen=True, slots=True)
class LogStream:
    """One log stream. Times are in milliseconds since the epoch, None before the first event.

    `first_event` and `last_event` enclose the timestamps of all its events.
    """

    id: int
    name: str
    created: int
    first_event: int | None
    last_event: int | None
    last_ingestion: int | None
    last_sequence: int


def create(connection: sqlite3.Connection, group: LogGroup, name: str, created: int) -> None:
    """Adds a stream. Raises ResourceAlreadyExistsException."""
    cursor = connection.execute(
        "INSERT OR IGNORE INTO streams (group_id, name, created) VALUES (?, ?, ?)",
        (group.id, name, created),
    )
    if cursor.rowcount != 1:
        raise ResourceAlreadyExistsException("The specified log stream already exists")


def find(connection: sqlite3.Connection, group: LogGroup, name: str) -> LogStream:
    """The stream of that name. Raises ResourceNotFoundException."""
    row = connection.execute(
        f"SELECT {_COLUMNS} FROM streams WHERE group_id = ? AND name = ?", (group.id, name)
    ).fetchone()
    if row is None:
        raise ResourceNotFoundException("The specified log stream does not exist.")
    return _stream(row)


def named(connection: sqlite3.Connection, group: LogGroup, names: list[str]) -> list[LogStream]:
    """The streams of those names. Raises ResourceNotFoundException if one does not exist."""
    return [find(connection, group, name) for name in dict.fromkeys(names)]


def by_name(
    connection: sqlite3.Connection,
    group: LogGroup,
    *,
    prefix: str = "",
    after: str | None = None,
    descending: bool = False,
    limit: int = -1,
) -> list[LogStream]:
    """Streams that start with `prefix` and come after the name `after` in the order asked for."""
    order, beyond = ("DESC", "<") if descending else ("ASC", ">")
    rows = connection.execute(
        f"SELECT {_COLUMNS} FROM streams WHERE group_id = ? AND name >= ? "
        f"AND substr(name, 1, ?) = ? AND (? IS NULL OR name {beyond} ?) "
        f"ORDER BY name {order} LIMIT ?",
        (group.id, prefix, len(prefix), prefix, after, after, limit),
    )
    return [_stream(row) for row in rows]


def by_last_event(
    connection: sqlite3.Connection,
    group: LogGroup,
    *,
    after: tuple[int, str] | None = None,
    descending: bool = False,
    limit: int,
) -> list[LogStream]:
    """Streams by the time of their last event, one without events counting as 0, then by name.

    `after` is the last event's time (0 for none) and the name of the stream to go on after.
    """
    order, beyond = ("DESC", "<") if descending else ("ASC", ">")
    bound = "" if after is None else f"AND (COALESCE(last_event, 0), name) {beyond} (?, ?)"
    rows = connection.execute(
        f"SELECT {_COLUMNS} FROM streams WHERE group_id = ? {bound} "
        f"ORDER BY COALESCE(last_event, 0) {order}, name {order} LIMIT ?",
        (group.id, *(after or ()), limit),
    )
    return [_stream(row) for row in rows]


def delete(connection: sqlite3.Connection, stream: LogStream) -> None:
    """Removes a stream; the sweeper removes its events later."""
    connection.execute(
        "INSERT INTO doomed SELECT id, group_id FROM streams WHERE id = ?", (stream.id,)
    )
    connection.execute("DELETE FROM streams WHERE id = ?", (stream.id,))


def _stream(row: tuple[Any, ...]) -> LogStream:
    return LogStream(*row)
