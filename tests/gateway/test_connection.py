"""A client that is too slow, too talkative or one too many loses its connection, and no other does.

The server here has bounds of fractions of a second; nothing else of a plane is behind it.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from functools import partial
from typing import Any, cast

import uvicorn

from kennel.gateway.capture import Capture, FrontDoor
from kennel.gateway.connection import Bounds, close_overdue

_BOUNDS = Bounds(
    head_bytes=4096, head_seconds=0.3, silence_seconds=0.3, unread_seconds=0.3, connections=4
)
_LARGE = 64 << 20


async def _application(scope: Any, receive: Any, send: Any) -> None:
    """Answers with the number of bytes of the body; /large with a great many."""
    size, more = 0, True
    while more:
        message = await receive()
        size += len(message.get("body", b""))
        more = message.get("more_body", False)
    await send({"type": "http.response.start", "status": 200, "headers": []})
    body = b"x" * _LARGE if scope["path"] == "/large" else b"%d" % size
    await send({"type": "http.response.body", "body": body})


@asynccontextmanager
async def _server(bounds: Bounds) -> AsyncIterator[int]:
    config = uvicorn.Config(
        _application,
        port=0,
        http=partial(FrontDoor, Capture(cast(Any, None)), bounds),  # type: ignore[arg-type]
        lifespan="off",
        log_config=None,
    )
    server = uvicorn.Server(config)
    serving = asyncio.ensure_future(server.serve())
    while not server.started:
        await asyncio.sleep(0.005)
    closing = asyncio.ensure_future(close_overdue(server.server_state.connections, 0.05))
    try:
        yield server.servers[0].sockets[0].getsockname()[1]
    finally:
        closing.cancel()
        server.should_exit = True
        await serving


def _served(check: Callable[[int], Awaitable[None]], bounds: Bounds = _BOUNDS) -> None:
    async def run() -> None:
        async with _server(bounds) as port, asyncio.timeout(30):
            await check(port)

    asyncio.run(run())


async def _closed(writer: asyncio.StreamWriter) -> None:
    writer.close()
    with suppress(OSError):  # the server may have been quicker
        await writer.wait_closed()


async def _drip(port: int, first: bytes, drop: bytes) -> bytes:
    """Sends `first` and then a drop every now and then until the server closes; its last words."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(first)
    reading = asyncio.ensure_future(reader.read())
    while not reading.done():
        writer.write(drop)
        await asyncio.sleep(0.02)
    await _closed(writer)
    return reading.result() if reading.exception() is None else b""


def test_a_head_that_never_ends_is_not_waited_for() -> None:
    async def check(port: int) -> None:
        reply = await _drip(port, b"GET / HTTP/1.1\r\nHost: localhost\r\n", b"X-A: b\r\n")
        assert reply.startswith(b"HTTP/1.1 408 ")
        assert (await _drip(port, b"", b"\r\n")).startswith((b"", b"HTTP/1.1 408 "))
        assert (await _drip(port, b"CONNECT a", b"a")) == b""

    _served(check)


def test_empty_lines_after_a_reply_do_not_keep_a_connection() -> None:
    async def check(port: int) -> None:
        reply = await _drip(port, b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n", b"\r\n")
        assert reply.startswith(b"HTTP/1.1 200 ")

    _served(check)


def test_a_connection_that_says_nothing_is_closed() -> None:
    async def check(port: int) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        assert await reader.read() == b""
        await _closed(writer)

    _served(check)


def test_a_body_that_stops_is_not_waited_for() -> None:
    async def check(port: int) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n\r\n1234")
        assert (await reader.read()).startswith(b"HTTP/1.1 408 ")
        await _closed(writer)

    _served(check)


def test_a_slow_body_that_goes_on_arrives() -> None:
    async def check(port: int) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 20\r\n\r\n")
        for _ in range(20):  # longer in all than any bound
            writer.write(b"1")
            await asyncio.sleep(0.04)
        assert (await reader.readuntil(b"\r\n")).startswith(b"HTTP/1.1 200 ")
        await _closed(writer)

    _served(check)


def test_a_head_above_the_bound_is_refused() -> None:
    async def check(port: int) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"GET / HTTP/1.1\r\nHost: localhost\r\nX-Long: " + b"a" * 5000)
        assert (await reader.read()).startswith(b"HTTP/1.1 431 ")
        await _closed(writer)

    _served(check)


def test_a_client_that_never_reads_its_reply_is_let_go() -> None:
    async def check(port: int) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=1024)
        writer.write(b"GET /large HTTP/1.1\r\nHost: localhost\r\n\r\n")
        await asyncio.sleep(1.0)
        try:
            received = len(await reader.read())
        except ConnectionResetError:
            received = 0
        assert received < _LARGE
        await _closed(writer)

    _served(check)


def test_one_connection_too_many_is_turned_away() -> None:
    async def check(port: int) -> None:
        many = [
            await asyncio.open_connection("127.0.0.1", port) for _ in range(_BOUNDS.connections)
        ]
        await asyncio.sleep(0.1)
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        assert (await reader.read()).startswith(b"HTTP/1.1 503 ")
        for _, one in [*many, (reader, writer)]:
            await _closed(one)

    _served(check)


def test_two_requests_at_once_on_one_connection_get_their_replies_in_order() -> None:
    async def check(port: int) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        one = b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: %d\r\n\r\n"
        writer.write(one % 3 + b"abc" + one % 5 + b"abcde")
        text = b""
        while text.count(b"HTTP/1.1 200") < 2 or not text.endswith(b"5\r\n0\r\n\r\n"):
            text += await reader.read(4096)
        assert text.index(b"\r\n3\r\n") < text.index(b"\r\n5\r\n")
        await _closed(writer)

    _served(check)


def test_a_client_that_hangs_up_its_end_still_gets_its_reply() -> None:
    async def check(port: int) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
        writer.write_eof()
        assert (await reader.read()).startswith(b"HTTP/1.1 200 ")
        await _closed(writer)

    _served(check)
