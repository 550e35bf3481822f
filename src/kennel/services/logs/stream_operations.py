"""Operations on log streams: create, describe, delete."""

from __future__ import annotations

import sqlite3
from typing import Any

from kennel.services.context import Context
from kennel.services.logs import groups, streams, tokens
from kennel.services.logs.base import STREAM_NAME, LogsBase, name_of
from kennel.services.logs.errors import InvalidParameterException, invalid_value
from kennel.services.logs.group_operations import DESCRIBE_LIMIT, page_limit
from kennel.services.page_token import encode_place

__all__ = ["StreamOperations"]


class StreamOperations(LogsBase):
    """CreateLogStream, DescribeLogStreams, DeleteLogStream."""

    def create_log_stream(self, ctx: Context, *, logGroupName: str, logStreamName: str) -> None:
        if STREAM_NAME.fullmatch(logStreamName) is None:
            raise invalid_value(
                "logStreamName",
                logStreamName,
                "Member must satisfy regular expression pattern: [^:*]*",
            )
        self._database.write(
            lambda connection: streams.create(
                connection,
                groups.find(connection, ctx.region, logGroupName),
                logStreamName,
                self._now(),
            )
        )

    def delete_log_stream(self, ctx: Context, *, logGroupName: str, logStreamName: str) -> None:
        def write(connection: sqlite3.Connection) -> None:
            group = groups.find(connection, ctx.region, logGroupName)
            streams.delete(connection, streams.find(connection, group, logStreamName))

        self._database.write(write)
        self._sweeper.wake()

    def describe_log_streams(
        self,
        ctx: Context,
        *,
        logGroupName: str | None = None,
        logGroupIdentifier: str | None = None,
        logStreamNamePrefix: str | None = None,
        orderBy: str = "LogStreamName",
        descending: bool = False,
        nextToken: str | None = None,
        limit: int | None = None,
    ) -> dict[str, Any]:
        name = name_of(logGroupName, logGroupIdentifier)
        most = page_limit(limit, DESCRIBE_LIMIT)
        if orderBy not in ("LogStreamName", "LastEventTime"):
            raise invalid_value(
                "orderBy",
                orderBy,
                "Member must satisfy enum value set: [LogStreamName, LastEventTime]",
            )
        by_time = orderBy == "LastEventTime"
        if by_time and logStreamNamePrefix:
            raise InvalidParameterException(
                "Cannot order by LastEventTime with a logStreamNamePrefix."
            )
        place: tuple[int, str] | None = None
        if nextToken is not None:
            timestamp, after = tokens.place_of(nextToken, "streams", int, str)
            place = (timestamp, after)

        def read(connection: sqlite3.Connection) -> list[streams.LogStream]:
            group = groups.find(connection, ctx.region, name)
            if by_time:
                return streams.by_last_event(
                    connection, group, after=place, descending=descending, limit=most + 1
                )
            return streams.by_name(
                connection,
                group,
                prefix=logStreamNamePrefix or "",
                after=None if place is None else place[1],
                descending=descending,
                limit=most + 1,
            )

        found = self._database.read(read)
        reply: dict[str, Any] = {
            "logStreams": [_described(ctx, name, stream) for stream in found[:most]]
        }
        if len(found) > most:
            last = found[most - 1]
            reply["nextToken"] = encode_place("streams", last.last_event or 0, last.name)
        return reply


def _described(ctx: Context, group: str, stream: streams.LogStream) -> dict[str, Any]:
    described: dict[str, Any] = {
        "logStreamName": stream.name,
        "creationTime": stream.created,
        "arn": ctx.arn("logs", f"log-group:{group}:log-stream:{stream.name}"),
        "storedBytes": 0,  # AWS has reported 0 for streams since 2019
    }
    if stream.last_event is not None:
        described |= {
            "firstEventTimestamp": stream.first_event,
            "lastEventTimestamp": stream.last_event,
            "lastIngestionTime": stream.last_ingestion,
            "uploadSequenceToken": tokens.sequence_token(stream.last_sequence),
        }
    return described
