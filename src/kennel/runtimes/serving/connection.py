"""One client of an instance: bytes in, requests out; replies in, bytes out."""

from __future__ import annotations

import socket

from kennel.runtimes.serving.http import MAX_HEAD, BadRequest, Head, Response, parse_head
from kennel.runtimes.serving.http import render_head as _render_head

__all__ = ["Connection"]

_CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"
# Below this, copying head and body into one buffer is cheaper than sending from two.
_JOINED = 64 * 1024


class Connection:
    """Non-blocking. Never waits for its client, so a slow one holds up nobody."""

    __slots__ = ("_body", "_filled", "_head", "_inbox", "_max_body", "_outbox", "closing", "socket")

    def __init__(self, sock: socket.socket, max_body: int) -> None:
        sock.setblocking(False)
        self.socket = sock
        self.closing = False
        self._max_body = max_body
        self._inbox = bytearray()
        self._head: Head | None = None
        self._body = bytearray()
        self._filled = 0
        self._outbox: list[memoryview] = []

    @property
    def is_idle(self) -> bool:
        """Whether nothing of a request has come and nothing of a reply is left to send."""
        return not (self._inbox or self._head or self._outbox)

    @property
    def has_output(self) -> bool:
        return bool(self._outbox)

    def receive(self, scratch: memoryview) -> bool:
        """Takes what has come. False when the client has closed the connection."""
        try:
            if self._head is not None:
                # Straight into the body, without a copy.
                with memoryview(self._body) as body:
                    count = self.socket.recv_into(body[self._filled :])
                self._filled += count
            else:
                count = self.socket.recv_into(scratch)
                self._inbox += scratch[:count]
        except BlockingIOError:
            return True
        except OSError:
            return False
        return count > 0

    def next_request(self) -> tuple[Head, bytearray] | None:
        """A request that has come whole, or None. Raises BadRequest."""
        if self._head is None:
            end = self._inbox.find(b"\r\n\r\n")
            if end > MAX_HEAD or (end < 0 and len(self._inbox) > MAX_HEAD):
                raise BadRequest(431, f"The head is larger than {MAX_HEAD:,} bytes.")
            if end < 0:
                return None
            self._begin(parse_head(self._inbox[:end], self._max_body), end + 4)
        head = self._head
        assert head is not None
        if self._filled < head.length:
            return None
        body = self._body
        self._head, self._body, self._filled = None, bytearray(), 0
        return head, body

    def _begin(self, head: Head, end: int) -> None:
        """The head is known; what came behind it is the body's, and perhaps the next request's."""
        available = len(self._inbox) - end
        if available >= head.length:
            self._body = self._inbox[end : end + head.length]
            self._filled = head.length
            del self._inbox[: end + head.length]
        else:
            self._body = bytearray(head.length)
            self._body[:available] = self._inbox[end:]
            self._filled = available
            self._inbox.clear()
            if head.expects_continue:
                self._outbox.append(memoryview(_CONTINUE))
                self.flush()
        self._head = head

    def reply(self, response: Response, keep_alive: bool) -> bool:
        """Sends what can be sent at once and keeps the rest. False when the client is gone."""
        if not keep_alive:
            self.closing = True
        head = _render_head(response, keep_alive)
        if not self._outbox and len(response.body) < _JOINED:
            message = head + response.body
            try:
                sent = self.socket.send(message)
            except BlockingIOError:
                sent = 0
            except OSError:
                return False
            if sent < len(message):
                self._outbox.append(memoryview(message)[sent:])
            return True
        self._outbox += [memoryview(head), memoryview(response.body)]
        return self.flush()

    def flush(self) -> bool:
        """Sends what the client takes. False when it is gone."""
        try:
            while self._outbox:
                sent = self.socket.send(self._outbox[0])
                if sent < len(self._outbox[0]):
                    self._outbox[0] = self._outbox[0][sent:]
                else:
                    del self._outbox[0]
        except BlockingIOError:
            return True
        except OSError:
            return False
        return True

    def close(self) -> None:
        self.socket.close()
