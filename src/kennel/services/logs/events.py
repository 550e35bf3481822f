"""Log events as rows, in one total order: by timestamp, then by sequence.

A sequence number is given out once in the whole store, in the order of arrival, and starts at 1.
So an event that arrives later with a timestamp that was already read still comes after what was
read. All functions work on a connection inside somebody's transaction.
"""

from __future__ import annotations

import heapq
import sqlite3
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from kennel.services.logs.groups import LogGroup
from kennel.services.logs.streams import LogStream

__all__ = [
    "END",
    "OVERHEAD",
    "START",
    "Event",
    "Position",
    "after",
    "append",
    "before",
    "in_order",
]

OVERHEAD = 26
"""Bytes that AWS adds to each event's message when it counts."""

_FORWARD = (
    "SELECT timestamp, sequence, ingestion, message FROM events "
    "WHERE stream = ? AND (timestamp, sequence) > (?, ?) AND timestamp < ? "
    "ORDER BY timestamp, sequence"
)
_BACKWARD = (
    "SELECT timestamp, sequence, ingestion, message FROM events "
    "WHERE stream = ? AND (timestamp, sequence) < (?, ?) AND timestamp >= ? "
    "ORDER BY timestamp DESC, sequence DESC"
)


class Position(NamedTuple):
    """A place in the order of events."""

    timestamp: int
    sequence: int


START = Position(0, 0)
END = Position(2**63 - 1, 2**63 - 1)


class Event(NamedTuple):
    """One stored event; times in milliseconds since the epoch."""

    timestamp: int
    sequence: int
    ingestion: int
    message: str

    @property
    def position(self) -> Position:
        return Position(self.timestamp, self.sequence)


def append(
    connection: sqlite3.Connection,
    group: LogGroup,
    stream: LogStream,
    events: Sequence[tuple[int, str]],
    size: int,
    ingestion: int,
) -> int:
    """Stores (timestamp, message) pairs, oldest first, of `size` bytes in all with the overhead.

    Returns the last one's sequence number.
    """
    if not events:
        return stream.last_sequence
    (last,) = connection.execute(
        "UPDATE sequence SET last = last + ? RETURNING last", (len(events),)
    ).fetchone()
    first = last - len(events) + 1
    connection.executemany(
        "INSERT INTO events VALUES (?, ?, ?, ?, ?)",
        [
            (stream.id, timestamp, sequence, ingestion, message)
            for sequence, (timestamp, message) in enumerate(events, first)
        ],
    )
    oldest, newest = events[0][0], events[-1][0]
    connection.execute(
        "UPDATE streams SET first_event = MIN(COALESCE(first_event, ?1), ?1), "
        "last_event = MAX(COALESCE(last_event, ?2), ?2), last_ingestion = ?3, last_sequence = ?4 "
        "WHERE id = ?5",
        (oldest, newest, ingestion, last, stream.id),
    )
    connection.execute(
        "UPDATE groups SET stored_bytes = stored_bytes + ? WHERE id = ?", (size, group.id)
    )
    return int(last)


def after(
    connection: sqlite3.Connection, stream: LogStream, position: Position, start: int, end: int
) -> Iterator[Event]:
    """A stream's events after a position, oldest first, with start <= timestamp < end."""
    position = max(position, Position(start, 0))
    for row in connection.execute(_FORWARD, (stream.id, *position, end)):
        yield Event(*row)


def before(
    connection: sqlite3.Connection, stream: LogStream, position: Position, start: int, end: int
) -> Iterator[Event]:
    """A stream's events before a position, newest first, with start <= timestamp < end."""
    position = min(position, Position(end, 0))
    for row in connection.execute(_BACKWARD, (stream.id, *position, start)):
        yield Event(*row)


def in_order(
    connection: sqlite3.Connection,
    streams: Sequence[LogStream],
    position: Position,
    start: int,
    end: int,
    newest_first: bool = False,
) -> Iterator[tuple[LogStream, Event]]:
    """The events of several streams in one order, from a position on, start <= timestamp < end.

    A stream is opened only once its first possible event is due, so a page costs what it shows
    and not what the group holds.
    """
    sign = -1 if newest_first else 1
    # (timestamp, sequence, index, event): a stream that is still closed has no event, and a
    # sequence that puts it before any real one of the same timestamp.
    heap: list[tuple[int, int, int, Event | None]] = []
    cursors: dict[int, Iterator[Event]] = {}
    for index, stream in enumerate(streams):
        if stream.first_event is None or stream.last_event is None:
            continue
        if stream.last_event < start or stream.first_event >= end:
            continue
        due = min(stream.last_event, end) if newest_first else max(stream.first_event, start)
        heap.append((sign * due, -END.sequence, index, None))
    heapq.heapify(heap)
    read = before if newest_first else after
    while heap:
        _, _, index, event = heapq.heappop(heap)
        if event is None:
            cursors[index] = read(connection, streams[index], position, start, end)
        else:
            yield streams[index], event
        following = next(cursors[index], None)
        if following is not None:
            key = (sign * following.timestamp, sign * following.sequence, index, following)
            heapq.heappush(heap, key)
