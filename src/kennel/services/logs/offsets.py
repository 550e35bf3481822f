"""How far each shipped file is in the log store: the offset changes in the same transaction as
the events that came from before it, so a crash neither loses nor doubles a line."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from typing import NamedTuple

import msgspec

__all__ = ["SHIPMENT", "Offset", "Shipped", "advance", "files", "forget", "read"]

SHIPMENT = "logs.shipment"
"""The name in a context's `source` under which a shipper says what its events came from. The wire
never sets it, so no request from outside can."""


class Offset(NamedTuple):
    """Bytes of a file that are acknowledged, and the timestamp (ms) of the last line in them."""

    offset: int
    timestamp: int


class Shipped(msgspec.Struct, frozen=True, array_like=True):
    """Which bytes of a file a call of PutLogEvents carries: [start, end)."""

    file: str
    start: int
    end: int
    timestamp: int

    def source(self) -> Mapping[str, str]:
        return {SHIPMENT: msgspec.json.encode(self).decode()}

    @classmethod
    def of(cls, source: Mapping[str, str]) -> Shipped | None:
        """What a context's source says, None for every other caller."""
        text = source.get(SHIPMENT)
        return None if text is None else msgspec.json.decode(text, type=cls)


def read(connection: sqlite3.Connection, file: str) -> Offset:
    """How far a file is; 0 for an unknown one."""
    row = connection.execute(
        "SELECT offset, timestamp FROM offsets WHERE file = ?", (file,)
    ).fetchone()
    return Offset(0, 0) if row is None else Offset(*row)


def advance(connection: sqlite3.Connection, shipped: Shipped) -> bool:
    """Acknowledges the bytes. False if they are acknowledged already: then nothing is stored."""
    if read(connection, shipped.file).offset != shipped.start:
        return False
    connection.execute(
        "INSERT OR REPLACE INTO offsets VALUES (?, ?, ?)",
        (shipped.file, shipped.end, shipped.timestamp),
    )
    return True


def forget(connection: sqlite3.Connection, file: str) -> None:
    connection.execute("DELETE FROM offsets WHERE file = ?", (file,))


def files(connection: sqlite3.Connection) -> list[str]:
    return [row[0] for row in connection.execute("SELECT file FROM offsets")]
