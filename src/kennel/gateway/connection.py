"""One client's connection to the web server, held to bounds that uvicorn does not set.

uvicorn's parser refuses what could be read in two ways (two lengths, a length beside chunks, bare
line feeds). It takes heads of any size, though, and waits for as long as a client likes. Here
a head is bounded in bytes and in time, and a connection that moves nothing while it should is
closed. Only silence counts, so a large upload over a slow line is fine.

What costs the least is done for each piece of data; who is overdue is looked up every few seconds.
"""

from __future__ import annotations

import asyncio
import resource
from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum, auto
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

__all__ = ["BoundedConnection", "Bounds", "close_overdue"]


_CONNECTIONS = 4096
_LINGER_SECONDS = 0.5


@dataclass(frozen=True, slots=True)
class Bounds:
    """Bytes of a request's head; seconds for a whole head, for the next piece of a body, and for a
    client to take something of its reply; connections at once."""

    head_bytes: int = 64 << 10
    head_seconds: float = 30.0
    silence_seconds: float = 60.0
    unread_seconds: float = 300.0
    connections: int = _CONNECTIONS

    @classmethod
    def of_this_machine(cls) -> Bounds:
        """The usual ones; half of the files that the process may open are left for its work."""
        files, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
        if files == resource.RLIM_INFINITY:
            return cls()
        return cls(connections=max(64, min(_CONNECTIONS, files // 2)))


class _Stage(Enum):
    """What the client has to send next."""

    HEAD = auto()
    BODY = auto()
    NOTHING = auto()


class BoundedConnection(HttpToolsProtocol):
    """uvicorn's protocol for one connection, within bounds."""

    def __init__(self, bounds: Bounds, **server: Any) -> None:
        super().__init__(**server)
        self._bounds = bounds
        self._stage = _Stage.HEAD
        self._head_bytes = 0
        self._heard = self._begun = self.loop.time()
        self._unread_since: float | None = None
        self._refused = False
        self._unanswered: list[RequestResponseCycle] = []  # uvicorn forgets who is at work

    def data_received(self, data: bytes) -> None:
        if self._refused:
            return
        self._heard = self.loop.time()
        super().data_received(data)
        if self._stage is _Stage.HEAD:
            self._head_bytes += len(data)
            if self._head_bytes > self._bounds.head_bytes:
                self._refuse("431 Request Header Fields Too Large", "The head is too long.")

    def on_message_begin(self) -> None:
        self._expect_head()
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        self._stage = _Stage.BODY
        super().on_headers_complete()
        unanswered = [one for one in self._unanswered if not one.response_complete]
        self._unanswered = [*unanswered, self.cycle]

    def on_message_complete(self) -> None:
        super().on_message_complete()
        self._stage = _Stage.NOTHING
        if self.cycle.response_complete:
            self._expect_head()

    def on_response_complete(self) -> None:
        super().on_response_complete()
        if self._stage is _Stage.NOTHING and self.cycle.response_complete:
            self._expect_head()

    def eof_received(self) -> bool | None:  # type: ignore[override]  # asyncio's may say more
        """A client that has said all it has to say still gets its reply."""
        waits = self._stage is _Stage.NOTHING and not self.cycle.response_complete
        if waits and self.transport.can_write_eof():
            last = self.pipeline[0][0] if self.pipeline else self.cycle
            last.keep_alive = False  # so that the connection is closed behind it
            return True
        self._abandon()
        return None

    def send_400_response(self, msg: str) -> None:
        super().send_400_response(msg)
        self._abandon()

    def pause_writing(self) -> None:
        self._unread_since = self.loop.time()
        super().pause_writing()

    def resume_writing(self) -> None:
        self._unread_since = None
        super().resume_writing()

    def end_if_overdue(self, now: float) -> None:
        """Closes the connection if its client is too slow. `now` is the loop's time."""
        bounds = self._bounds
        unread = self._unread_since
        if self._refused or (unread is not None and now - unread > bounds.unread_seconds):
            self._abandon()
            self.transport.abort()
        elif self._stage is _Stage.HEAD and now - self._begun > bounds.head_seconds:
            self._refuse("408 Request Timeout", "The head did not come in time.")
        elif (
            self._stage is _Stage.BODY
            and not self.flow.read_paused
            and now - self._heard > bounds.silence_seconds
        ):
            self._refuse("408 Request Timeout", "The body did not go on in time.")

    def _expect_head(self) -> None:
        self._stage = _Stage.HEAD
        self._head_bytes = 0
        self._begun = self.loop.time()

    def _refuse(self, status: str, message: str) -> None:
        if self._owes_no_other_reply():
            body = f"{message}\n".encode()
            self.transport.write(
                f"HTTP/1.1 {status}\r\nContent-Type: text/plain; charset=utf-8\r\n"
                f"Content-Length: {len(body)}\r\nConnection: close\r\n\r\n".encode()
                + body
            )
        self._refused = True
        self._abandon()
        # What still comes is thrown away for a moment: closed at once, the client would see a
        # reset and not the reply.
        if self.transport.can_write_eof():
            self.transport.write_eof()
        self.loop.call_later(_LINGER_SECONDS, self.transport.close)

    def _abandon(self) -> None:
        """Tells what is at work on this connection's requests that nobody waits for it any more: a
        reply would be written to a closed transport."""
        for cycle in self._unanswered:
            cycle.disconnected = True
            cycle.message_event.set()

    def _owes_no_other_reply(self) -> bool:
        """Whether a reply written now would be taken for the one to the present request."""
        no_request_yet = self.cycle is None  # whatever uvicorn's annotation says
        if no_request_yet or self.cycle.response_complete:
            return self._stage is _Stage.HEAD
        return self._stage is _Stage.BODY and not (self.cycle.response_started or self.pipeline)


async def close_overdue(connections: Iterable[Any], seconds: float = 5.0) -> None:
    """Looks at all connections again and again, until it is cancelled."""
    loop = asyncio.get_running_loop()
    while True:
        await asyncio.sleep(seconds)
        now = loop.time()
        for connection in list(connections):
            end_if_overdue = getattr(connection, "end_if_overdue", None)
            if end_if_overdue is not None:
                end_if_overdue(now)
