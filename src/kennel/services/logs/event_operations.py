"""Operations on log events: put, get, filter."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from kennel.services.context import Context
from kennel.services.logs import events, groups, offsets, streams, tokens
from kennel.services.logs.base import LogsBase, name_of
from kennel.services.logs.batch import Batch
from kennel.services.logs.errors import InvalidParameterException
from kennel.services.logs.events import END, START, Event, Position
from kennel.services.logs.filter_pattern import Matcher, compile_pattern
from kennel.services.logs.group_operations import page_limit
from kennel.services.logs.tokens import EventToken
from kennel.services.page_token import encode_place

__all__ = ["PAGE_BYTES", "PAGE_EVENTS", "SCAN_EVENTS", "EventOperations"]

PAGE_EVENTS = 10_000
PAGE_BYTES = 1_048_576
SCAN_EVENTS = 100_000
"""Events that one FilterLogEvents looks at. A page that found less than it might goes with a
token, as AWS's do."""

_NEWEST_FIRST_SINCE = 1_704_067_200_000  # 2024-01-01, AWS's bound for reading newest first
_FOREVER = END.timestamp


class EventOperations(LogsBase):
    """PutLogEvents, GetLogEvents, FilterLogEvents."""

    def put_log_events(
        self,
        ctx: Context,
        *,
        logGroupName: str,
        logStreamName: str,
        logEvents: Sequence[Mapping[str, Any]],
        sequenceToken: str | None = None,
    ) -> dict[str, Any]:
        """The sequence token is accepted and ignored, as by AWS."""
        shipped = offsets.Shipped.of(ctx.source)
        batch = Batch(logEvents)
        now = self._now()

        def write(connection: sqlite3.Connection) -> tuple[int, dict[str, int]]:
            group = groups.find(connection, ctx.region, logGroupName)
            stream = streams.find(connection, group, logStreamName)
            admitted = batch.admit(now, group.oldest(now))
            if shipped is not None and not offsets.advance(connection, shipped):
                return stream.last_sequence, {}
            last = events.append(connection, group, stream, admitted.events, admitted.size, now)
            return last, admitted.rejected

        last, rejected = self._database.write(write)
        reply: dict[str, Any] = {"nextSequenceToken": tokens.sequence_token(last)}
        if rejected:
            reply["rejectedLogEventsInfo"] = rejected
        return reply

    def get_log_events(
        self,
        ctx: Context,
        *,
        logStreamName: str,
        logGroupName: str | None = None,
        logGroupIdentifier: str | None = None,
        startTime: int | None = None,
        endTime: int | None = None,
        nextToken: str | None = None,
        limit: int | None = None,
        startFromHead: bool = False,
        unmask: bool = False,
    ) -> dict[str, Any]:
        """A token carries its direction; `startFromHead` matters without one. Nothing is masked
        here, so `unmask` changes nothing."""
        name = name_of(logGroupName, logGroupIdentifier)
        most = page_limit(limit, PAGE_EVENTS)
        token = None if nextToken is None else EventToken.parse(nextToken)
        if token is None:
            token = EventToken(True, START) if startFromHead else EventToken(False, END)
        _, position = token
        end = _FOREVER if endTime is None else min(endTime, _FOREVER)

        def read(connection: sqlite3.Connection) -> list[Event]:
            group = groups.find(connection, ctx.region, name)
            stream = streams.find(connection, group, logStreamName)
            start = min(max(startTime or 0, group.oldest(self._now())), _FOREVER)
            walk = events.after if token.forward else events.before
            return _page(walk(connection, stream, position, start, end), most)

        page = self._database.read(read)
        if not token.forward:
            page.reverse()
        forward, backward = _tokens_around(page, token)
        return {
            "events": [
                {
                    "timestamp": event.timestamp,
                    "message": event.message,
                    "ingestionTime": event.ingestion,
                }
                for event in page
            ],
            "nextForwardToken": str(forward),
            "nextBackwardToken": str(backward),
        }

    def filter_log_events(
        self,
        ctx: Context,
        *,
        logGroupName: str | None = None,
        logGroupIdentifier: str | None = None,
        logStreamNames: Sequence[str] | None = None,
        logStreamNamePrefix: str | None = None,
        startTime: int | None = None,
        endTime: int | None = None,
        filterPattern: str = "",
        nextToken: str | None = None,
        limit: int | None = None,
        startFromHead: bool = True,
        interleaved: bool = True,
        unmask: bool = False,
    ) -> dict[str, Any]:
        """Always interleaved, as AWS's since 2019. Unlike GetLogEvents', `endTime` is inclusive."""
        name = name_of(logGroupName, logGroupIdentifier)
        if logStreamNames and logStreamNamePrefix:
            raise InvalidParameterException(
                "Only one of logStreamNames and logStreamNamePrefix can be specified."
            )
        if not startFromHead and (startTime or 0) < _NEWEST_FIRST_SINCE:
            raise InvalidParameterException(
                "startFromHead can be false only with a startTime on or after 2024-01-01."
            )
        most = page_limit(limit, PAGE_EVENTS)
        matches = compile_pattern(filterPattern)
        newest_first, position = not startFromHead, START if startFromHead else END
        if nextToken is not None:
            newest_first, timestamp, sequence = tokens.place_of(nextToken, "events", bool, int, int)
            position = Position(timestamp, sequence)
        end = _FOREVER if endTime is None else min(endTime + 1, _FOREVER)

        def read(connection: sqlite3.Connection) -> tuple[list[dict[str, Any]], Position | None]:
            group = groups.find(connection, ctx.region, name)
            if logStreamNames:
                chosen = streams.named(connection, group, list(logStreamNames))
            else:
                chosen = streams.by_name(connection, group, prefix=logStreamNamePrefix or "")
            start = min(max(startTime or 0, group.oldest(self._now())), _FOREVER)
            walk = events.in_order(connection, chosen, position, start, end, newest_first)
            return _matching(walk, matches, most)

        found, last = self._database.read(read)
        reply: dict[str, Any] = {"events": found, "searchedLogStreams": []}
        if last is not None:
            reply["nextToken"] = encode_place("events", newest_first, *last)
        return reply


def _page(walk: Iterator[Event], most: int) -> list[Event]:
    """The first events of a walk that fit a page; at least one if there is any."""
    page: list[Event] = []
    size = 0
    for event in walk:
        size += len(event.message)
        if page and size > PAGE_BYTES:
            break
        page.append(event)
        if len(page) == most:
            break
    return page


def _matching(
    walk: Iterator[tuple[streams.LogStream, Event]], matches: Matcher, most: int
) -> tuple[list[dict[str, Any]], Position | None]:
    """The events of a walk that match, as many as fit a page, and where to go on; None there if
    the walk is over."""
    found: list[dict[str, Any]] = []
    size = 0
    last: Position | None = None
    for scanned, (stream, event) in enumerate(walk):
        if scanned == SCAN_EVENTS:
            return found, last
        if matches(event.message):
            size += len(event.message)
            if found and (len(found) == most or size > PAGE_BYTES):
                return found, last
            found.append(_filtered(stream, event))
        last = event.position
    return found, None


def _tokens_around(page: Sequence[Event], asked: EventToken) -> tuple[EventToken, EventToken]:
    """The forward and the backward token of a page. An empty one gives back the token that was
    asked for, and the place between the same two events in the other direction."""
    if page:
        return EventToken(True, page[-1].position), EventToken(False, page[0].position)
    timestamp, sequence = asked.position
    if asked.forward:
        return asked, EventToken(False, Position(timestamp, sequence + 1))
    if asked.position == END:  # nothing yet: what comes later is ahead
        return EventToken(True, START), asked
    return EventToken(True, Position(timestamp, max(sequence - 1, 0))), asked


def _filtered(stream: streams.LogStream, event: Event) -> dict[str, Any]:
    return {
        "logStreamName": stream.name,
        "timestamp": event.timestamp,
        "message": event.message,
        "ingestionTime": event.ingestion,
        "eventId": f"{event.timestamp:020d}{event.sequence:036d}",
    }
