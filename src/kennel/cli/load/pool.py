"""All connections to one host, and what becomes of a request on them."""

from __future__ import annotations

import asyncio
import os
import ssl
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import urlsplit

import certifi

from kennel.cli.load.connection import Connection, ConnectionEnded, Reply
from kennel.cli.load.outcome import Outcome, outcome_of

__all__ = ["TIMED_OUT", "UNREACHABLE", "Exchange", "Pool"]

TIMED_OUT = "Timeout"
UNREACHABLE = "ConnectionError"


@dataclass(frozen=True, slots=True)
class Exchange:
    """A request that is over: when its first byte went and its last came (time.perf_counter),
    and what came of it."""

    sent: float
    ended: float
    outcome: Outcome


class Pool:
    """Keep-alive connections to the host of a URL, made as they are needed, `most` at a time; a
    request that finds all of them busy waits for its turn."""

    def __init__(self, url: str, timeout: float, most: int) -> None:
        parts = urlsplit(url)
        self._is_tls = parts.scheme == "https"
        self._host = parts.hostname or ""
        self._port = parts.port or (443 if self._is_tls else 80)
        self._timeout = timeout
        self._left = most
        self._tls = _tls_context() if self._is_tls else None
        self._idle: list[Connection] = []
        self._waiting: deque[asyncio.Future[None]] = deque()

    async def send(self, request: Callable[[], bytes]) -> Exchange:
        """Asks for the request when its turn has come, sends it once, and never fails.

        It goes a second time only if a connection that had been idle turns out to be closed: every
        client does that, since a server may close an idle connection at any moment.
        """
        sent = time.perf_counter()
        try:
            async with asyncio.timeout(self._timeout):
                await self._turn()
                try:
                    data = request()
                    sent = time.perf_counter()
                    reply = await self._exchange(data)
                finally:
                    self._next()
        except TimeoutError:
            outcome = Outcome(TIMED_OUT, f"No answer within {self._timeout:g} s.")
        except (OSError, ConnectionEnded) as error:
            outcome = Outcome(UNREACHABLE, str(error))
        else:
            return Exchange(sent, reply.ended, outcome_of(reply.status, reply.headers, reply.body))
        return Exchange(sent, time.perf_counter(), outcome)

    def close(self) -> None:
        """Closes the idle connections."""
        for connection in self._idle:
            connection.close()
        self._idle.clear()

    async def _exchange(self, request: bytes) -> Reply:
        while True:
            connection = await self._connection()
            is_fresh = connection.uses == 0
            try:
                reply = await connection.exchange(request)
            except ConnectionEnded as error:
                if is_fresh or error.answered:
                    raise
                continue
            except asyncio.CancelledError:
                connection.close()
                raise
            if connection.is_open:
                self._idle.append(connection)
            return reply

    async def _connection(self) -> Connection:
        while self._idle:
            connection = self._idle.pop()
            if connection.is_open:
                return connection
        loop = asyncio.get_running_loop()
        return (await loop.create_connection(Connection, self._host, self._port, ssl=self._tls))[1]

    async def _turn(self) -> None:
        if self._left > 0:
            self._left -= 1
            return
        waiter: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append(waiter)
        try:
            await waiter
        except asyncio.CancelledError:
            if waiter.done() and not waiter.cancelled():
                self._next()  # the turn had just come, and goes to another
            raise

    def _next(self) -> None:
        while self._waiting:
            waiter = self._waiting.popleft()
            if not waiter.done():
                waiter.set_result(None)
                return
        self._left += 1


def _tls_context() -> ssl.SSLContext:
    """Trusts what botocore trusts."""
    bundle = os.environ.get("AWS_CA_BUNDLE") or os.environ.get("REQUESTS_CA_BUNDLE")
    return ssl.create_default_context(cafile=bundle or certifi.where())
