"""Log groups as rows. All functions work on a connection inside somebody's transaction."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import msgspec

from kennel.services.logs.errors import (
    ResourceAlreadyExistsException,
    ResourceNotFoundException,
)

__all__ = [
    "MAX_TAGS",
    "LogGroup",
    "create",
    "delete",
    "find",
    "listing",
    "set_retention",
    "set_tags",
]

MAX_TAGS = 50

_COLUMNS = "id, region, name, created, class, retention, stored_bytes, tags"


@dataclass(frozen=True, slots=True)
class LogGroup:
    """One log group. `created` is in milliseconds since the epoch, `retention` in days."""

    id: int
    region: str
    name: str
    created: int
    log_class: str
    retention: int | None
    stored_bytes: int
    tags: Mapping[str, str]

    def oldest(self, now: int) -> int:
        """The first millisecond that has not expired at `now`; 0 without a retention."""
        return 0 if self.retention is None else now - self.retention * 86_400_000


def create(
    connection: sqlite3.Connection,
    region: str,
    name: str,
    created: int,
    log_class: str,
    tags: Mapping[str, str],
) -> None:
    """Adds a group. Raises ResourceAlreadyExistsException."""
    cursor = connection.execute(
        "INSERT OR IGNORE INTO groups (region, name, created, class, tags) VALUES (?, ?, ?, ?, ?)",
        (region, name, created, log_class, _encode(tags)),
    )
    if cursor.rowcount != 1:
        raise ResourceAlreadyExistsException("The specified log group already exists")


def find(connection: sqlite3.Connection, region: str, name: str) -> LogGroup:
    """The group of that name. Raises ResourceNotFoundException."""
    row = connection.execute(
        f"SELECT {_COLUMNS} FROM groups WHERE region = ? AND name = ?", (region, name)
    ).fetchone()
    if row is None:
        raise ResourceNotFoundException("The specified log group does not exist.")
    return _group(row)


def listing(
    connection: sqlite3.Connection, region: str, *, prefix: str = "", after: str = "", limit: int
) -> list[LogGroup]:
    """Groups in the order of their names (ASCII): those that start with `prefix`, after `after`."""
    rows = connection.execute(
        f"SELECT {_COLUMNS} FROM groups WHERE region = ? AND name > ? AND name >= ? "
        "AND substr(name, 1, ?) = ? ORDER BY name LIMIT ?",
        (region, after, prefix, len(prefix), prefix, limit),
    )
    return [_group(row) for row in rows]


def delete(connection: sqlite3.Connection, group: LogGroup) -> None:
    """Removes a group and its streams; the sweeper removes their events later."""
    connection.execute(
        "INSERT INTO doomed SELECT id, group_id FROM streams WHERE group_id = ?", (group.id,)
    )
    connection.execute("DELETE FROM streams WHERE group_id = ?", (group.id,))
    connection.execute("DELETE FROM groups WHERE id = ?", (group.id,))


def set_retention(connection: sqlite3.Connection, group: LogGroup, days: int | None) -> None:
    connection.execute("UPDATE groups SET retention = ? WHERE id = ?", (days, group.id))


def set_tags(connection: sqlite3.Connection, group: LogGroup, tags: Mapping[str, str]) -> None:
    """Replaces all tags of a group."""
    connection.execute("UPDATE groups SET tags = ? WHERE id = ?", (_encode(tags), group.id))


def _encode(tags: Mapping[str, str]) -> str:
    return msgspec.json.encode(dict(tags)).decode()


def _group(row: tuple[Any, ...]) -> LogGroup:
    tags = msgspec.json.decode(row[-1], type=dict[str, str])
    return LogGroup(*(*row[:-1], tags))
