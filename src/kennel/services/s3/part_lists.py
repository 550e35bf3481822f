"""Which parts a completed object was uploaded in."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence

import msgspec

__all__ = ["PartEntry", "encode_part_list", "part_list"]


class PartEntry(msgspec.Struct, frozen=True, array_like=True):
    """A part: its number in the upload, size in bytes and checksum in base64."""

    number: int
    size: int
    checksum: str


_decoder = msgspec.json.Decoder(list[PartEntry])


def encode_part_list(parts: Sequence[PartEntry]) -> bytes:
    """As stored with the version."""
    return msgspec.json.encode(parts)


def part_list(connection: sqlite3.Connection, row_id: int) -> list[PartEntry]:
    """The parts of a version in order; empty if it was put in one request."""
    (stored,) = connection.execute(
        "SELECT parts FROM s3_versions WHERE row_id = ?", (row_id,)
    ).fetchone()
    return _decoder.decode(stored) if stored else []
