"""Instances for the router's tests: real Unix sockets, with a handler of the test's own."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

from kennel.services.sagemaker_runtime import InstancePlace

Handler = Callable[[bytes], Awaitable[tuple[int, bytes] | None]]


class FakeInstance:
    """An instance that answers `/invocations` by `handler`; None closes the connection."""

    def __init__(self, folder: Path, name: str, handler: Handler) -> None:
        self.place = InstancePlace(name, folder / name)
        self._handler = handler
        self._server: asyncio.Server | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self.served = 0
        self.at_once = 0
        self.most_at_once = 0

    async def __aenter__(self) -> FakeInstance:
        self._server = await asyncio.start_unix_server(self._serve, str(self.place.socket))
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._server is not None
        self._server.close()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        try:
            await self._answer(reader, writer)
        except (asyncio.IncompleteReadError, asyncio.CancelledError, ConnectionError):
            pass
        finally:
            writer.transport.abort()

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            head = (await reader.readuntil(b"\r\n\r\n")).decode()
            length = int(head.lower().partition("content-length: ")[2].split("\r\n")[0])
            body = await reader.readexactly(length)
            self.at_once += 1
            self.most_at_once = max(self.at_once, self.most_at_once)
            answer = await self._handler(body)
            self.at_once -= 1
            if answer is None:
                break
            self.served += 1
            status, content = answer
            writer.write(
                f"HTTP/1.1 {status} X\r\nContent-Length: {len(content)}\r\n\r\n".encode() + content
            )


async def echo(body: bytes) -> tuple[int, bytes]:
    return 200, body


def held(gate: asyncio.Event) -> Handler:
    """Answers as `echo` does, once the gate is open."""

    async def answer(body: bytes) -> tuple[int, bytes]:
        await gate.wait()
        return await echo(body)

    return answer


async def die(body: bytes) -> None:
    return None
