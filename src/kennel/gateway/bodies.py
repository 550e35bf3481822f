"""Request bodies as they come in, and reply bodies as they go out."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator, MutableMapping
from concurrent.futures import Executor
from typing import Any, Protocol

from kennel.errors import ClientError
from kennel.store import BlobSlices, BlobWriter
from kennel.wire import HttpRequest

__all__ = [
    "SHORT_BODY",
    "ClientDisconnected",
    "Decoder",
    "Receive",
    "RequestEntityTooLargeException",
    "Send",
    "read_body",
    "send_slices",
    "spool",
    "stated_length",
]

Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

SHORT_BODY = 1 << 20
"""Bytes of an object that goes out from memory as a whole."""

_CHUNK = SHORT_BODY  # bytes that go to or come from a file in one hop to the thread pool


class ClientDisconnected(Exception):
    """The client went away in the middle of its request."""


class RequestEntityTooLargeException(ClientError):
    """The body is longer than the operation takes."""

    status = 413


class Decoder(Protocol):
    """Takes a transfer coding (aws-chunked) off a body, piece by piece."""

    def feed(self, data: bytes) -> bytes: ...

    def finish(self) -> None:
        """Raises if the body ended before its coding did."""


async def read_body(request: HttpRequest, receive: Receive, limit: int) -> bytes:
    """The whole body. Raises ClientDisconnected, and RequestEntityTooLargeException above `limit`
    bytes: before any of it is read, if the request says how long it is."""
    if stated_length(request) > limit:
        raise _too_large(limit)
    message = await receive()
    first = _piece(message)
    if not message.get("more_body"):
        if len(first) > limit:
            raise _too_large(limit)
        return first
    pieces = bytearray(first)
    while message.get("more_body"):
        message = await receive()
        pieces += _piece(message)
        if len(pieces) > limit:
            raise _too_large(limit)
    return bytes(pieces)


def stated_length(request: HttpRequest) -> int:
    """The body's bytes as Content-Length has them, which the parser has checked; 0 without it."""
    return int(request.headers.get("content-length") or 0)


async def spool(
    receive: Receive, writer: BlobWriter, pool: Executor, decoder: Decoder | None
) -> bytes:
    """Streams the body into `writer` in constant memory, all but a last piece of at most 1 MiB.

    Returns that piece for the caller to write on the thread that it needs anyway: a small body
    then costs one hop. Raises ClientDisconnected, or what `decoder` or the disk has to say; the
    caller then aborts the writer.
    """
    loop = asyncio.get_running_loop()
    pending = bytearray()
    more = True
    while more:
        message = await receive()
        data = _piece(message)
        more = bool(message.get("more_body"))
        pending += decoder.feed(data) if decoder is not None else data
        if len(pending) >= _CHUNK:
            chunk = bytes(pending)
            pending.clear()
            await loop.run_in_executor(pool, writer.write, chunk)
    if decoder is not None:
        decoder.finish()
    return bytes(pending)


async def send_slices(send: Send, slices: BlobSlices, pool: Executor) -> None:
    """Sends the slices as the reply's body, at most 1 MiB of them in memory."""
    loop = asyncio.get_running_loop()
    chunks = slices.chunks(_CHUNK)
    while True:
        chunk = await loop.run_in_executor(pool, _next, chunks)
        if chunk is None:
            break
        await send({"type": "http.response.body", "body": chunk, "more_body": True})
    await send({"type": "http.response.body", "body": b""})


def _next(chunks: Iterator[bytes]) -> bytes | None:
    return next(chunks, None)


def _piece(message: MutableMapping[str, Any]) -> bytes:
    if message["type"] == "http.disconnect":
        raise ClientDisconnected
    piece: bytes = message.get("body", b"")
    return piece


def _too_large(limit: int) -> RequestEntityTooLargeException:
    return RequestEntityTooLargeException(
        f"The request's body is larger than {limit} bytes, the most that this operation takes."
    )
