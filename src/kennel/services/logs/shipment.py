"""One log file on its way into one log stream.

The order for every piece of the file: the subscriber gets its lines, PutLogEvents stores them and,
in the same transaction, how far the file is. So each line is stored exactly once whatever dies
when, and the subscriber gets it at least once, with the offset that tells it apart.
"""

from __future__ import annotations

import errno
import logging
import os
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from kennel.clock import Clock
from kennel.errors import AccessDeniedException, AwsError
from kennel.identity import Principal
from kennel.services.context import Context
from kennel.services.dispatch import Dispatcher
from kennel.services.logs import offsets
from kennel.services.logs.errors import ResourceAlreadyExistsException, ResourceNotFoundException
from kennel.services.logs.lines import Piece, split_lines
from kennel.store import Database

__all__ = ["Destination", "LineHandler", "LogLine", "Shipment"]

CHUNK_BYTES = 1_048_576
PROGRESS_SECONDS = 1.0
"""How often a progress bar that goes on without a newline shows where it is."""
_DRAIN_ATTEMPTS = 5
_RETRY_SECONDS = 0.2  # doubled after each attempt that failed

log = logging.getLogger(__name__)


class LogLine(NamedTuple):
    """One line of a log file.

    `offset` is that of its first byte in the file: it grows from line to line and is the same
    whenever the line is handed out again. `timestamp` is the wall time when the line was seen,
    in seconds since the epoch.
    """

    offset: int
    timestamp: float
    text: str


LineHandler = Callable[[Sequence[LogLine]], None]
"""Gets lines in the file's order, before they are acknowledged: after a crash, lines that it got
last come again. One that raises has had its lines all the same."""


@dataclass(frozen=True, slots=True)
class Destination:
    """Where lines go and as whom. The group and the stream are made when the first line comes."""

    group: str
    stream: str
    principal: Principal
    region: str = ""


class Shipment:
    """Made by LogShipper.ship."""

    def __init__(
        self,
        path: Path,
        key: str,
        destination: Destination,
        on_lines: LineHandler | None,
        *,
        dispatcher: Dispatcher,
        database: Database,
        clock: Clock,
        release: Callable[[Shipment], None],
        closing: threading.Event,
    ) -> None:
        self.path = path
        self.key = key
        self.destination = destination
        self._on_lines = on_lines
        self._dispatcher = dispatcher
        self._database = database
        self._clock = clock
        self._release = release
        self._closing = closing
        self._lock = threading.Lock()
        acknowledged = database.read(lambda connection: offsets.read(connection, key))
        self._acknowledged, self._timestamp = acknowledged
        self._place = self._acknowledged  # what is beyond the acknowledged part is blank lines
        self._seen = 0
        self._progress_at = 0.0
        self._progressing = False
        self._denied = False

    @property
    def offset(self) -> int:
        """Bytes of the file that are in the log store for good."""
        return self._acknowledged

    def grown(self) -> bool:
        """Whether a look at the file is worth it; cheap enough to ask all the time."""
        if self._progressing and self._progress_due():
            return True
        try:
            return os.stat(self.path).st_size > self._seen
        except FileNotFoundError:
            return False

    def flush(self) -> None:
        """Ships every finished line that is in the file now. Raises what the store raises."""
        with self._lock:
            while self._ship(last=False):
                pass

    def drain(self) -> bool:
        """Ships all the rest, an unfinished last line too, and ends the shipment: for when the
        process has ended. False, after a few attempts, if the store did not take it all."""
        self._release(self)
        delay = _RETRY_SECONDS
        for attempt in range(1, _DRAIN_ATTEMPTS + 1):
            try:
                with self._lock:
                    while self._ship(last=True):
                        pass
                return True
            except Exception:  # a full disk, a closed store: the caller's end must not fail of it
                log.exception("%s: its last lines could not be stored (%d)", self.path, attempt)
            if attempt == _DRAIN_ATTEMPTS or self._closing.wait(delay):
                break
            delay *= 2
        return False

    def close(self) -> None:
        """Ends the shipment where it is; a later one goes on from there."""
        self._release(self)

    def _ship(self, *, last: bool) -> bool:
        """Ships one piece; False if there was none."""
        data = self._read()
        whole = len(data) < CHUNK_BYTES
        piece = split_lines(data, last=last and whole, progress=self._progress_due())
        if piece.covered == 0:
            self._seen = self._place + len(data)
            self._progressing = b"\r" in data
            return False
        if data[piece.covered - 1 : piece.covered] == b"\r":
            self._progress_at = time.monotonic()
        end = self._place + piece.covered
        if piece.lines:
            # The time never goes back within a stream, even where the machine's clock does.
            self._timestamp = max(int(self._clock.wall() * 1000), self._timestamp)
            self._announce(piece)
            shipped = offsets.Shipped(self.key, self._acknowledged, end, self._timestamp)
            self._put(piece, shipped)
            self._acknowledged = end
        self._place = end
        return True

    def _progress_due(self) -> bool:
        return time.monotonic() - self._progress_at >= PROGRESS_SECONDS

    def _read(self) -> bytes:
        try:
            # A process may write in the folder of its log: a link to somebody's keys is not read.
            descriptor = os.open(self.path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
        except OSError as error:
            if error.errno in (errno.ENOENT, errno.ELOOP):
                return b""
            raise
        with os.fdopen(descriptor, "rb") as file:
            file.seek(self._place)
            return file.read(CHUNK_BYTES)

    def _announce(self, piece: Piece) -> None:
        if self._on_lines is None:
            return
        timestamp = self._timestamp / 1000
        lines = [LogLine(self._place + offset, timestamp, text) for offset, text in piece.lines]
        try:
            self._on_lines(lines)
        except Exception:  # somebody else's code: it must not hold the log up
            log.exception("%s: the subscriber to its lines failed", self.path)

    def _put(self, piece: Piece, shipped: offsets.Shipped) -> None:
        context = self._dispatcher.context(
            self.destination.principal, region=self.destination.region, source=shipped.source()
        )
        events = [{"timestamp": self._timestamp, "message": text} for _, text in piece.lines]
        try:
            try:
                self._put_events(context, events)
            except ResourceNotFoundException:
                self._make_stream(context)
                self._put_events(context, events)
        except (AccessDeniedException, ResourceNotFoundException) as error:
            self._give_up(shipped, error)

    def _put_events(self, context: Context, events: list[dict[str, Any]]) -> None:
        context.call(
            "logs",
            "PutLogEvents",
            logGroupName=self.destination.group,
            logStreamName=self.destination.stream,
            logEvents=events,
        )

    def _make_stream(self, context: Context) -> None:
        group: dict[str, Any] = {"logGroupName": self.destination.group}
        stream = {**group, "logStreamName": self.destination.stream}
        for operation, parameters in (("CreateLogGroup", group), ("CreateLogStream", stream)):
            try:
                context.call("logs", operation, **parameters)
            except (ResourceAlreadyExistsException, AccessDeniedException):
                continue  # a role may well write to a group that it could not make

    def _give_up(self, shipped: offsets.Shipped, error: AwsError) -> None:
        """The role may not write here: the lines are lost, as they are on AWS; the job goes on."""
        if not self._denied:
            self._denied = True
            log.warning(
                "%s does not reach the log group %s: %s",
                self.path,
                self.destination.group,
                error.message,
            )
        self._database.write(lambda connection: offsets.advance(connection, shipped))
