"""A closed-loop load of raw requests over keep-alive connections, in this thread.

Costs about 40 µs a request of its own, so that two cores are not spent on the client.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

import uvloop

__all__ = ["Load", "LoadError", "drive"]

_STUCK = 60.0  # seconds without the end of a load that should be over


class LoadError(Exception):
    """A reply that was none, or not a good one."""


@dataclass(slots=True)
class Load:
    """What came of a load: seconds of each request, and of the whole."""

    latencies: list[float] = field(default_factory=list)
    seconds: float = 0.0

    @property
    def requests(self) -> int:
        return len(self.latencies)

    @property
    def per_second(self) -> float:
        return self.requests / self.seconds


def drive(
    address: tuple[str, int],
    requests: Iterable[bytes],
    *,
    clients: int = 1,
    seconds: float | None = None,
) -> Load:
    """Sends the requests, each client its next one when the last is answered, until they are
    all sent or `seconds` are over. Raises LoadError for any status but 2xx."""
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(_drive(address, iter(requests), clients, seconds))


async def _drive(
    address: tuple[str, int], requests: Iterator[bytes], clients: int, seconds: float | None
) -> Load:
    loop = asyncio.get_running_loop()
    load = Load()
    connections = [(await loop.create_connection(_Client, *address))[1] for _ in range(clients)]
    until = None if seconds is None else time.perf_counter() + seconds
    began = time.perf_counter()
    ended = [client.run(requests, load, until) for client in connections]
    try:
        await asyncio.wait_for(asyncio.gather(*ended), _STUCK + (seconds or 0.0))
    finally:
        load.seconds = time.perf_counter() - began
        for client in connections:
            client.transport.abort()
    return load


class _Client(asyncio.Protocol):
    """One connection; its reply's body is counted and, unless the status is bad, not kept."""

    transport: asyncio.Transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport  # type: ignore[assignment]  # uvloop's have no such class

    def run(
        self, requests: Iterator[bytes], load: Load, until: float | None
    ) -> asyncio.Future[None]:
        """Begins; the future is done with the last reply."""
        self._requests, self._load, self._until = requests, load, until
        self._done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._next()
        return self._done

    def _next(self) -> None:
        self._head, self._missing = b"", -1
        self._sent = time.perf_counter()
        over = self._until is not None and self._sent >= self._until
        request = None if over else next(self._requests, None)
        if request is None:
            self._done.set_result(None)
        else:
            self.transport.write(request)

    def data_received(self, data: bytes) -> None:
        if self._missing < 0:
            self._head += data
            end = self._head.find(b"\r\n\r\n")
            if end < 0:
                return
            if self._head[9:10] != b"2":
                self._fail(self._head[:600].decode("latin-1"))
                return
            self._missing = _content_length(self._head[:end]) - (len(self._head) - end - 4)
        else:
            self._missing -= len(data)
        if self._missing <= 0:
            self._load.latencies.append(time.perf_counter() - self._sent)
            self._next()

    def connection_lost(self, exc: Exception | None) -> None:
        self._fail(f"the server closed the connection: {exc}")

    def _fail(self, reason: str) -> None:
        if not self._done.done():
            self._done.set_exception(LoadError(reason))


def _content_length(head: bytes) -> int:
    for line in head.split(b"\r\n")[1:]:
        name, _, value = line.partition(b":")
        if name.lower() == b"content-length":
            return int(value)
    if head[9:12] in (b"204", b"304"):
        return 0
    raise LoadError(f"a reply without a length: {head[:200]!r}")
