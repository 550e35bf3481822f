"""Servers that answer from a script, for tests of the client."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

__all__ = ["CLOSE", "OK_REPLY", "STAY_SILENT", "Scripted", "scripted"]

OK_REPLY = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
CLOSE = b""
STAY_SILENT = b"-"


class Scripted:
    """Its URL, how many connections it took, and the requests that it read."""

    def __init__(self, replies: Sequence[bytes]) -> None:
        self.url = ""
        self.connections = 0
        self.requests: list[bytes] = []
        self._replies = iter(replies)
        self._writers: list[asyncio.StreamWriter] = []

    def end(self) -> None:
        """Closes every connection."""
        for writer in self._writers:
            writer.close()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        self._writers.append(writer)
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                self.requests.append(head)
                reply = next(self._replies, OK_REPLY)
                if reply == CLOSE:
                    return
                if reply == STAY_SILENT:
                    await reader.read()
                    return
                # In two pieces: a reply need not come in one.
                writer.write(reply[:9])
                await writer.drain()
                writer.write(reply[9:])
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()


@asynccontextmanager
async def scripted(*replies: bytes, tls: ssl.SSLContext | None = None) -> AsyncIterator[Scripted]:
    """A server that gives these replies in turn, over all its connections, and then OK_REPLY."""
    script = Scripted(replies)
    server = await asyncio.start_server(script.serve, "localhost", 0, ssl=tls)
    port = server.sockets[0].getsockname()[1]
    script.url = f"{'https' if tls else 'http'}://localhost:{port}"
    async with server:
        yield script
