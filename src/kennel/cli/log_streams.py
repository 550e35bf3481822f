"""Reads the streams of a log, each from where the last look ended, in order of time."""

from __future__ import annotations

import heapq
from collections.abc import Iterator
from dataclasses import dataclass
from operator import attrgetter
from typing import Any

from kennel.cli.log_sources import LogSource

__all__ = ["LogEvent", "LogReader"]


@dataclass(frozen=True, slots=True)
class LogEvent:
    """A line of a stream; `milliseconds` since the epoch. The stream's name lacks what all names
    have in common: a training job's hosts are `algo-1-…`, without the job."""

    milliseconds: int
    stream: str
    message: str


class LogReader:
    """Every call of `read` gives what has come since the one before."""

    def __init__(self, client: Any, source: LogSource) -> None:
        self._client = client
        self._source = source
        self._tokens: dict[str, str | None] = {}
        self._common = ""

    @property
    def several(self) -> bool:
        """Whether lines of more than one stream may be mixed."""
        return len(self._tokens) > 1

    def read(self) -> Iterator[LogEvent]:
        """New events of all streams; a page of each is in memory at a time."""
        for stream in self._streams():
            self._tokens.setdefault(stream, None)
        # Each stream is in order by itself, so merging keeps a line's place in its stream.
        streams = [self._new_events(stream) for stream in self._tokens]
        return heapq.merge(*streams, key=attrgetter("milliseconds"))

    def _streams(self) -> Iterator[str]:
        missing = self._client.exceptions.ResourceNotFoundException
        pages = self._client.get_paginator("describe_log_streams")
        prefixes = self._source.prefixes()
        self._common = prefixes[0] if len(prefixes) == 1 else ""
        for prefix in prefixes:
            asked = {"logGroupName": self._source.group}
            if prefix:
                asked["logStreamNamePrefix"] = prefix
            try:
                for page in pages.paginate(**asked):
                    yield from (stream["logStreamName"] for stream in page["logStreams"])
            except missing:
                continue  # nothing has been logged yet

    def _new_events(self, stream: str) -> Iterator[LogEvent]:
        while True:
            before = self._tokens[stream]
            asked = {"nextToken": before} if before else {}
            page = self._client.get_log_events(
                logGroupName=self._source.group,
                logStreamName=stream,
                startFromHead=True,
                **asked,
            )
            for event in page["events"]:
                yield LogEvent(
                    event["timestamp"],
                    stream.removeprefix(self._common),
                    event["message"].rstrip("\n"),
                )
            self._tokens[stream] = page["nextForwardToken"]
            if page["nextForwardToken"] == before:
                return  # AWS's sign that there is no more for now
