"""Whatever connects to the plane's port: told apart by its first bytes.

An AWS client's connection goes to uvicorn's protocol as it is; after its first bytes nothing of
ours is in its way.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Coroutine
from dataclasses import dataclass, field
from typing import Any

from kennel.gateway.capture.authority import CertificateAuthority
from kennel.gateway.capture.far_hosts import Unreachable, connect
from kennel.gateway.capture.request_head import (
    HEAD_LIMIT,
    BadHead,
    ProxyRequest,
    is_for_a_proxy,
    read_head,
)
from kennel.gateway.connection import BoundedConnection, Bounds
from kennel.relay import Half
from kennel.wire.hosts import is_aws_host

__all__ = ["Capture", "FrontDoor"]

log = logging.getLogger(__name__)

_HANDSHAKE_SECONDS = 15.0
_HTTPS, _HTTP = 443, 80


@dataclass(slots=True)
class Capture:
    """What the connections of a plane share."""

    authority: CertificateAuthority
    tasks: set[asyncio.Task[None]] = field(default_factory=set)
    distrusted: set[str] = field(default_factory=set)

    def spawn(self, work: Coroutine[Any, Any, None]) -> None:
        """Runs `work` on the loop and keeps it from being collected."""
        task = asyncio.get_running_loop().create_task(work)
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)


class FrontDoor(asyncio.Protocol):
    """One connection until it is known what it is. uvicorn makes it where it would make its own
    protocol, with the arguments for that."""

    def __init__(self, capture: Capture, bounds: Bounds, **server: Any) -> None:
        self._capture = capture
        self._bounds = bounds
        self._server = server
        self._connections: set[Any] = server["server_state"].connections
        self._transport: asyncio.Transport | None = None
        self._head = bytearray()
        self._begun = asyncio.get_running_loop().time()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport  # type: ignore[assignment]  # uvloop's is no subclass
        if len(self._connections) >= self._bounds.connections:
            self._refuse("503 Service Unavailable", "The plane has too many connections.")
        else:
            self._connections.add(self)

    def connection_lost(self, exc: Exception | None) -> None:
        self._leave()

    def shutdown(self) -> None:
        """uvicorn asks every connection for this when it stops."""
        if self._transport is not None:
            self._transport.close()

    def end_if_overdue(self, now: float) -> None:
        """Closes the connection if nothing came by which it could be told. `now` is the loop's
        time."""
        if now - self._begun > self._bounds.head_seconds:
            self.shutdown()

    def data_received(self, data: bytes) -> None:
        assert self._transport is not None
        if self._transport.is_closing():
            return
        if not self._head and not is_for_a_proxy(data):
            self._hand_over(self._transport, data)
            return
        self._head += data
        end = self._head.find(b"\r\n\r\n")
        if end < 0:
            if len(self._head) > HEAD_LIMIT:
                self._refuse("431 Request Header Fields Too Large", "The head is too long.")
            return
        try:
            request = read_head(bytes(self._head[: end + 4]))
        except BadHead as error:
            self._refuse("400 Bad Request", str(error))
            return
        self._go(request, bytes(self._head[end + 4 :]))

    def _go(self, request: ProxyRequest, rest: bytes) -> None:
        assert self._transport is not None
        if not is_aws_host(request.host):
            self._transport.pause_reading()
            self._capture.spawn(self._tunnel(request, rest))
        elif not request.tunnel and request.port == _HTTP:
            self._hand_over(self._transport, request.head + rest)
        elif request.tunnel and request.port == _HTTPS and not rest:
            self._capture.spawn(self._end_tls(request.host))
        else:
            self._refuse("400 Bad Request", f"AWS's {request.host} is served on HTTPS's port only.")

    def _hand_over(self, transport: asyncio.Transport, data: bytes) -> None:
        """Gives the connection to the web server."""
        self._leave()
        protocol = BoundedConnection(self._bounds, **self._server)
        protocol.connection_made(transport)
        transport.set_protocol(protocol)
        if data:
            protocol.data_received(data)

    async def _end_tls(self, host: str) -> None:
        """Answers for a host of AWS's; what it sends inside of TLS goes to the web server."""
        assert self._transport is not None
        loop = asyncio.get_running_loop()
        context = await loop.run_in_executor(None, self._capture.authority.server_context, host)
        early = _Early()
        if self._transport.is_closing():  # the client left while the certificate was made
            return
        self._transport.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
        try:
            secured = await loop.start_tls(
                self._transport,
                early,
                context,
                server_side=True,
                ssl_handshake_timeout=_HANDSHAKE_SECONDS,
            )
        except (OSError, ConnectionError) as error:
            if host not in self._capture.distrusted:
                self._capture.distrusted.add(host)
                log.info("a client did not go on with TLS for %s: %s", host, error)
            self._leave()
            self._transport.close()
            return
        if secured is not None and not early.lost:
            self._hand_over(secured, early.data)
        else:
            self._leave()

    async def _tunnel(self, request: ProxyRequest, rest: bytes) -> None:
        assert self._transport is not None
        try:
            far = await connect(request.host, request.port)
        except Unreachable as error:
            self._refuse(error.status, str(error))
            return
        if self._transport.is_closing():  # the client left while the host was looked for
            far.shutdown()
            return
        self._leave()
        near = _NearHalf(self._connections)
        near.join(far)
        near.connection_made(self._transport)
        self._transport.set_protocol(near)
        if request.tunnel:
            self._transport.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
        near.data_received(request.head + rest)
        self._transport.resume_reading()

    def _leave(self) -> None:
        self._connections.discard(self)

    def _refuse(self, status: str, message: str) -> None:
        assert self._transport is not None
        if self._transport.is_closing():
            return
        body = f"{message}\n".encode()
        self._transport.write(
            f"HTTP/1.1 {status}\r\nContent-Type: text/plain; charset=utf-8\r\n"
            f"Content-Length: {len(body)}\r\nConnection: close\r\n\r\n".encode()
            + body
        )
        self._transport.close()


class _Early(asyncio.Protocol):
    """Keeps what comes between the end of a handshake and the hand-over."""

    def __init__(self) -> None:
        self.data = b""
        self.lost = False

    def data_received(self, data: bytes) -> None:
        self.data += data

    def connection_lost(self, exc: Exception | None) -> None:
        self.lost = True


class _NearHalf(Half):
    """The client's end of a tunnel, which the web server knows of when it stops."""

    def __init__(self, connections: set[Any]) -> None:
        super().__init__()
        self._connections = connections

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport  # type: ignore[assignment]  # uvloop's is no subclass
        self._connections.add(self)

    def connection_lost(self, exc: Exception | None) -> None:
        self._connections.discard(self)
        super().connection_lost(exc)
