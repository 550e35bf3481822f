"""The server's side of AWS's Runtime API, version 2018-06-01, on the event loop.

One listener an environment, on a port of its own, as `AWS_LAMBDA_RUNTIME_API` is a bare
`HOST:PORT`. On AWS nobody else can reach that address; here every process of the machine can, so
the runtime shows the environment's token. Written for the warm path: handing an event over and
taking the result back cost two small parses.
"""

from __future__ import annotations

import asyncio
import hmac
import secrets
from dataclasses import dataclass
from typing import Protocol, cast

from kennel.services.lambda_.environments.report import RESPONSE_LIMIT

__all__ = ["Order", "RuntimeApi", "RuntimeListener"]

_BASE = "/2018-06-01/runtime/"
_ACCEPTED = (
    b"HTTP/1.1 202 Accepted\r\nContent-Type: application/json\r\nContent-Length: 16\r\n\r\n"
    b'{"status":"OK"}\n'
)
_HEAD_LIMIT = 1 << 16  # bytes of a request's head


@dataclass(frozen=True, slots=True)
class Order:
    """An invocation on its way to the runtime. `deadline` is in seconds since the epoch."""

    request_id: str
    deadline: float
    arn: str
    trace_id: str
    client_context: str
    payload: bytes

    def reply(self) -> list[bytes]:
        """The answer to GET …/invocation/next."""
        lines = [
            "HTTP/1.1 200 OK",
            "Content-Type: application/json",
            f"Lambda-Runtime-Aws-Request-Id: {self.request_id}",
            f"Lambda-Runtime-Deadline-Ms: {int(self.deadline * 1000)}",
            f"Lambda-Runtime-Invoked-Function-Arn: {self.arn}",
            f"Lambda-Runtime-Trace-Id: {self.trace_id}",
        ]
        if self.client_context:
            lines.append(f"Lambda-Runtime-Client-Context: {self.client_context}")
        lines.append(f"Content-Length: {len(self.payload)}\r\n\r\n")
        return ["\r\n".join(lines).encode("latin-1", "replace"), self.payload]


class RuntimeListener(Protocol):
    """Who hears what the runtime says. All on the event loop."""

    def runtime_ready(self) -> None:
        """It asks for the next invocation."""

    def runtime_answered(self, request_id: str, body: bytes, *, size: int) -> None:
        """The result. `size` is how long it was; above the limit, `body` is empty."""

    def runtime_failed(self, request_id: str, error: bytes, kind: str) -> None:
        """An error of the handler's."""

    def init_failed(self, error: bytes, kind: str) -> None:
        """The handler can't be loaded."""


class RuntimeApi:
    """One environment's API. `start`, then `deliver` each invocation; `close` at the end.

    `token` is what the runtime shows with every request, in the header Kennel-Runtime-Token."""

    def __init__(self, listener: RuntimeListener) -> None:
        self.token = secrets.token_urlsafe(24)
        self._listener = listener
        self._server: asyncio.Server | None = None
        self._connections: set[_Connection] = set()
        self._parked: _Connection | None = None
        self._order: Order | None = None

    async def start(self) -> str:
        """Listens; returns `HOST:PORT`."""
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(lambda: _Connection(self), "127.0.0.1", 0)
        host, port = self._server.sockets[0].getsockname()[:2]
        return f"{host}:{port}"

    @property
    def parked(self) -> bool:
        """Whether the runtime waits for an invocation."""
        return self._parked is not None

    def deliver(self, order: Order) -> None:
        """Hands an invocation out, now or when the runtime asks for it."""
        if self._parked is None:
            self._order = order
            return
        parked, self._parked = self._parked, None
        parked.reply(order.reply())

    def close(self) -> None:
        """Closes the port and every connection."""
        if self._server is not None:
            self._server.close()
        for connection in list(self._connections):
            connection.close()
        self._parked = self._order = None

    def handle(self, connection: _Connection, request: _Request) -> None:
        """One whole request."""
        shown = request.headers.get("kennel-runtime-token", "")
        if not hmac.compare_digest(shown.encode("latin-1"), self.token.encode()):
            connection.reply([_refusal(403, "Forbidden")])
            return
        path = request.path.removeprefix(_BASE)
        if request.method == "GET" and path == "invocation/next":
            self._next(connection)
            return
        noun, _, rest = path.partition("/")
        request_id, _, verb = rest.partition("/")
        kind = request.headers.get("lambda-runtime-function-error-type", "")
        if request.method != "POST":
            connection.reply([_refusal(404, "InvalidPath")])
        elif noun == "invocation" and verb == "response":
            connection.reply([_ACCEPTED])
            self._listener.runtime_answered(request_id, request.body, size=request.size)
        elif noun == "invocation" and verb == "error":
            connection.reply([_ACCEPTED])
            self._listener.runtime_failed(request_id, request.body, kind)
        elif path == "init/error":
            connection.reply([_ACCEPTED])
            self._listener.init_failed(request.body, kind)
        else:
            connection.reply([_refusal(404, "InvalidPath")])

    def joined(self, connection: _Connection) -> None:
        self._connections.add(connection)

    def left(self, connection: _Connection) -> None:
        self._connections.discard(connection)
        if self._parked is connection:
            self._parked = None

    def _next(self, connection: _Connection) -> None:
        if self._order is not None:
            order, self._order = self._order, None
            connection.reply(order.reply())
        else:
            self._parked = connection
        self._listener.runtime_ready()


@dataclass(slots=True)
class _Request:
    method: str
    path: str
    headers: dict[str, str]
    size: int
    body: bytes = b""


class _Connection(asyncio.Protocol):
    """HTTP/1.1 as far as runtimes use it: one request at a time, with a Content-Length."""

    def __init__(self, api: RuntimeApi) -> None:
        self._api = api
        self._transport: asyncio.Transport | None = None
        self._received = bytearray()
        self._request: _Request | None = None
        self._skipped = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop's transports are Transports by behaviour, not by class.
        self._transport = cast(asyncio.Transport, transport)
        self._api.joined(self)

    def connection_lost(self, exc: Exception | None) -> None:
        self._transport = None
        self._api.left(self)

    def reply(self, pieces: list[bytes]) -> None:
        if self._transport is not None:
            self._transport.writelines(pieces)

    def close(self) -> None:
        if self._transport is not None:
            self._transport.abort()

    def data_received(self, data: bytes) -> None:
        self._received += data
        while self._advance():
            pass

    def _advance(self) -> bool:
        """Takes one request out of what came; false if it is not whole."""
        if self._request is None:
            end = self._received.find(b"\r\n\r\n")
            if end < 0:
                if len(self._received) > _HEAD_LIMIT:
                    self.close()
                return False
            self._request = _parse(bytes(self._received[:end]))
            del self._received[: end + 4]
            if self._request is None:
                self.reply([_refusal(400, "InvalidRequest")])
                self.close()
                return False
        request = self._request
        if request.size > RESPONSE_LIMIT:
            # Too long to be kept: only its end is of interest.
            taken = min(len(self._received), request.size - self._skipped)
            del self._received[:taken]
            self._skipped += taken
            if self._skipped < request.size:
                return False
            self._skipped = 0
        elif len(self._received) < request.size:
            return False
        else:
            request.body = bytes(self._received[: request.size])
            del self._received[: request.size]
        self._request = None
        self._api.handle(self, request)
        return bool(self._received)


def _parse(head: bytes) -> _Request | None:
    first, *lines = head.decode("latin-1").split("\r\n")
    words = first.split(" ")
    headers: dict[str, str] = {}
    for line in lines:
        name, _, value = line.partition(":")
        headers[name.lower()] = value.strip()
    length = headers.get("content-length", "0")
    if (
        len(words) != 3
        or not (length.isdecimal() and len(length) < 12)
        or "transfer-encoding" in headers
    ):
        return None
    return _Request(words[0], words[1], headers, int(length))


def _refusal(status: int, kind: str) -> bytes:
    body = f'{{"errorType":"{kind}","errorMessage":"{kind}"}}\n'
    return (
        f"HTTP/1.1 {status} Refused\r\nContent-Type: application/json\r\n"
        f"Content-Length: {len(body)}\r\n\r\n{body}"
    ).encode()
