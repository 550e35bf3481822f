"""The control socket: lines of JSON from clients that come and go."""

from __future__ import annotations

import json
import os
import socket
from collections.abc import Callable
from typing import Any

from kennel.runtimes.serving import sockets
from kennel.runtimes.serving.loop import Loop

__all__ = ["Client", "Control"]

_LONGEST_LINE = 1 << 20


class Client:
    """One connection. Sending to one that has gone does nothing."""

    def __init__(self, sock: socket.socket) -> None:
        sock.setblocking(False)
        self.socket = sock
        self.inbox = bytearray()

    def reply(self, request: dict[str, Any], **members: Any) -> None:
        self._send({"id": request["id"]} if "id" in request else {}, {"ok": True}, members)

    def refuse(self, request: dict[str, Any], error: str) -> None:
        answer = {"ok": False, "error": error}
        self._send({"id": request["id"]} if "id" in request else {}, answer, {})

    def _send(self, *parts: dict[str, Any]) -> None:
        message: dict[str, Any] = {}
        for part in parts:
            message |= part
        try:
            # A client that reads so little that its buffer is full has itself to blame.
            self.socket.sendall(json.dumps(message).encode() + b"\n")
        except OSError:
            pass  # the loop notices that it has gone


class Control:
    """Accepts clients and hands their requests to `handle`."""

    def __init__(
        self, loop: Loop, path: str, handle: Callable[[Client, dict[str, Any]], None]
    ) -> None:
        self._loop = loop
        self._path = path
        self._handle = handle
        self._listener: socket.socket | None = None
        self._clients: dict[int, Client] = {}

    def start(self) -> None:
        self._listener = sockets.listen(self._path)
        self._listener.setblocking(False)
        self._loop.add(self._listener.fileno(), self._accept)

    def stop(self) -> None:
        for client in list(self._clients.values()):
            self._forget(client)
        if self._listener is not None:
            self._loop.remove(self._listener.fileno())
            self._listener.close()
            os.unlink(self._path)

    def _accept(self) -> None:
        assert self._listener is not None
        try:
            sock, _ = self._listener.accept()
        except OSError:
            return  # the client has gone again
        client = Client(sock)
        self._clients[sock.fileno()] = client
        self._loop.add(sock.fileno(), lambda: self._receive(client))

    def _receive(self, client: Client) -> None:
        try:
            chunk = client.socket.recv(65536)
        except BlockingIOError:
            return
        except OSError:
            chunk = b""
        client.inbox += chunk
        if not chunk or len(client.inbox) > _LONGEST_LINE:
            self._forget(client)
            return
        *lines, rest = client.inbox.split(b"\n")
        client.inbox = bytearray(rest)
        for line in lines:
            self._take(client, bytes(line))

    def _take(self, client: Client, line: bytes) -> None:
        try:
            request = json.loads(line)
        except ValueError:
            request = None
        if isinstance(request, dict):
            self._handle(client, request)
        else:
            client.refuse({}, "A request is one JSON object a line.")

    def _forget(self, client: Client) -> None:
        del self._clients[client.socket.fileno()]
        self._loop.remove(client.socket.fileno())
        client.socket.close()
