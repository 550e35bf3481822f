"""An instance's loop: many connections, one request at a time, in one thread.

One thread, because a second request beside the first would take its cores and its caches; the
plane queues before the instance. Besides the handler itself a request costs about 30 µs.
"""

from __future__ import annotations

import os
import select
import socket
import time
from collections.abc import Callable

from kennel.runtimes.serving.connection import Connection
from kennel.runtimes.serving.http import BadRequest, Head, Response

__all__ = ["Server"]

_SCRATCH = 256 * 1024
_READ = select.POLLIN
_WRITE = select.POLLOUT
# How long a client that has begun a request may take to finish it once the server drains.
_DRAIN_SECONDS = 10.0


class Server:
    """Answers on a listening socket until it is told to drain.

    `wakeup` is a descriptor that becomes readable when `is_draining` may have changed.
    """

    def __init__(
        self,
        listener: socket.socket,
        answer: Callable[[Head, bytearray], Response],
        *,
        max_body: int,
        wakeup: int,
        is_draining: Callable[[], bool],
    ) -> None:
        self._listener = listener
        self._answer = answer
        self._max_body = max_body
        self._wakeup = wakeup
        self._is_draining = is_draining
        self._connections: dict[int, Connection] = {}
        self._poll = select.poll()
        self._scratch = memoryview(bytearray(_SCRATCH))

    def run(self) -> None:
        """Returns when it has drained."""
        self._listener.setblocking(False)
        self._poll.register(self._listener, _READ)
        self._poll.register(self._wakeup, _READ)
        while not self._is_draining():
            self._step(None)
        self._drain()

    def _step(self, milliseconds: float | None) -> int:
        """Handles what is there; waits for something first, at most so long. Returns how much."""
        events = self._poll.poll(milliseconds)
        for descriptor, event in events:
            connection = self._connections.get(descriptor)
            if connection is not None:
                self._attend(connection, event)
            elif descriptor == self._listener.fileno():
                self._accept()
            elif descriptor == self._wakeup:
                os.read(descriptor, 4096)
        return len(events)

    def _accept(self) -> None:
        try:
            sock, _ = self._listener.accept()
        except OSError:
            return  # the client has gone again
        self._connections[sock.fileno()] = Connection(sock, self._max_body)
        self._poll.register(sock, _READ)

    def _attend(self, connection: Connection, event: int) -> None:
        if event & _WRITE:
            alive = connection.flush()
        else:
            alive = connection.receive(self._scratch)
        while alive and not connection.has_output and not connection.closing:
            try:
                request = connection.next_request()
            except BadRequest as error:
                message = f"{error}\n".encode()
                alive = connection.reply(Response(error.status, message), keep_alive=False)
                break
            if request is None:
                break
            head, body = request
            response = self._answer(head, body)
            alive = connection.reply(response, head.keep_alive and not self._is_draining())
        self._settle(connection, alive)

    def _settle(self, connection: Connection, alive: bool) -> None:
        """Waits for what the connection needs next, or ends it."""
        if not alive or (connection.closing and not connection.has_output):
            self._forget(connection)
        elif connection.has_output:
            self._poll.modify(connection.socket, _WRITE)
        else:
            self._poll.modify(connection.socket, _READ)

    def _forget(self, connection: Connection) -> None:
        self._poll.unregister(connection.socket)
        del self._connections[connection.socket.fileno()]
        connection.close()

    def _drain(self) -> None:
        """Answers whoever has connected or begun a request; everybody else is let go."""
        self._poll.unregister(self._wakeup)
        deadline = time.monotonic() + _DRAIN_SECONDS
        while self._step(0) and time.monotonic() < deadline:
            continue
        self._poll.unregister(self._listener)
        self._listener.close()
        while self._connections and time.monotonic() < deadline:
            for connection in list(self._connections.values()):
                if connection.is_idle:
                    self._forget(connection)
            self._step(100)
        for connection in list(self._connections.values()):
            self._forget(connection)
