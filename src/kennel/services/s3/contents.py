"""Contents: which pieces of which blobs, in which order, make up an object or a part."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from kennel.services.s3.ranges import Span
from kennel.store import Piece, StagedBlob

__all__ = [
    "EMPTY",
    "Change",
    "cut",
    "drop_contents",
    "joined_pieces",
    "pieces_of",
    "store_pieces",
    "whole",
]

T = TypeVar("T")

_BATCH = 500  # values in one statement
EMPTY = 0
"""The content without a piece."""


@dataclass(slots=True)
class Change:
    """A write under way. `doomed` gathers the blobs that nothing refers to once it is committed."""

    connection: sqlite3.Connection
    doomed: list[str] = field(default_factory=list)


def whole(blob: StagedBlob) -> list[Piece]:
    """A blob's only piece; none if it is empty, whose file then need not be kept."""
    return [Piece(blob.blob_id, 0, blob.size)] if blob.size else []


def pieces_of(connection: sqlite3.Connection, content_id: int) -> list[Piece]:
    """The pieces in order."""
    rows = connection.execute(
        "SELECT blob_id, start, length FROM s3_pieces WHERE content_id = ? ORDER BY position",
        (content_id,),
    )
    return [Piece(*row) for row in rows]


def joined_pieces(connection: sqlite3.Connection, content_ids: Sequence[int]) -> list[Piece]:
    """The pieces of several contents, laid end to end."""
    found: dict[int, list[Piece]] = {}
    for some in _batches(content_ids):
        rows = connection.execute(
            "SELECT content_id, blob_id, start, length FROM s3_pieces "
            f"WHERE content_id IN ({_marks(some)}) ORDER BY content_id, position",
            some,
        )
        for content_id, *piece in rows:
            found.setdefault(content_id, []).append(Piece(*piece))
    return [piece for content_id in content_ids for piece in found.get(content_id, ())]


def cut(pieces: Iterable[Piece], span: Span) -> list[Piece]:
    """What of the pieces lies in `span` of the whole."""
    kept = []
    position = 0
    for piece in pieces:
        start = max(span.start - position, 0)
        end = min(span.end - position, piece.length)
        if start < end:
            kept.append(Piece(piece.blob_id, piece.offset + start, end - start))
        position += piece.length
    return kept


def store_pieces(change: Change, pieces: Iterable[Piece]) -> int:
    """A new content of these pieces; returns its id."""
    rows = list(pieces)
    if not rows:
        return EMPTY
    # One writer at a time, so the next number is free. Numbers of dropped contents come again,
    # but no row that lives still names them.
    (content_id,) = change.connection.execute(
        "SELECT coalesce(max(content_id), 0) + 1 FROM s3_pieces"
    ).fetchone()
    change.connection.executemany(
        "INSERT INTO s3_pieces VALUES (?, ?, ?, ?, ?)",
        [(content_id, position, *piece) for position, piece in enumerate(rows)],
    )
    return int(content_id)


def drop_contents(change: Change, content_ids: Sequence[int]) -> None:
    """Forgets contents; blobs that no other content shares are doomed."""
    dropped: set[str] = set()
    for some in _batches([content_id for content_id in content_ids if content_id != EMPTY]):
        which = f"FROM s3_pieces WHERE content_id IN ({_marks(some)})"
        rows = change.connection.execute(f"SELECT blob_id {which}", some)
        dropped.update(blob_id for (blob_id,) in rows)
        change.connection.execute(f"DELETE {which}", some)
    shared: set[str] = set()
    for blob_ids in _batches(list(dropped)):
        rows = change.connection.execute(
            f"SELECT blob_id FROM s3_pieces WHERE blob_id IN ({_marks(blob_ids)})", blob_ids
        )
        shared.update(blob_id for (blob_id,) in rows)
    change.doomed.extend(dropped - shared)


def _batches(items: Sequence[T]) -> Iterator[Sequence[T]]:
    for start in range(0, len(items), _BATCH):
        yield items[start : start + _BATCH]


def _marks(items: Sequence[object]) -> str:
    return ", ".join("?" * len(items))
