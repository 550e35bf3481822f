"""The bare web server: uvicorn as the plane runs it, with an application that does next to nothing.

A POST is read and answered with its length; `GET /N` with N bytes from memory. As a program it
prints its port.
"""

from __future__ import annotations

import asyncio
import socket
import subprocess
import sys
from collections.abc import Awaitable, Callable, Iterator, MutableMapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

__all__ = ["BareServer", "bare_server"]

_Message = MutableMapping[str, Any]


@dataclass(frozen=True, slots=True)
class BareServer:
    """A running server."""

    pid: int
    port: int

    @property
    def address(self) -> tuple[str, int]:
        return "127.0.0.1", self.port

    @staticmethod
    def get(size: int) -> bytes:
        """The request for so many bytes."""
        return f"GET /{size} HTTP/1.1\r\nhost: bare\r\n\r\n".encode()


@contextmanager
def bare_server() -> Iterator[BareServer]:
    """Starts the server in a process of its own."""
    command = [sys.executable, str(Path(__file__))]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            yield BareServer(process.pid, int(process.stdout.readline()))
        finally:
            process.terminate()


async def _application(
    scope: _Message,
    receive: Callable[[], Awaitable[_Message]],
    send: Callable[[_Message], Awaitable[None]],
) -> None:
    pieces, more = bytearray(), True
    while more:
        message = await receive()
        pieces += message.get("body", b"")
        more = bool(message.get("more_body"))
    answer = str(len(pieces)).encode()
    if scope["method"] == "GET":
        answer = bytes(int(scope["path"][1:]))
    headers = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(answer))]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": answer})


def _main() -> None:
    import uvicorn
    import uvloop

    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    listener.listen()
    print(listener.getsockname()[1], flush=True)
    config = uvicorn.Config(
        _application,
        loop="none",
        http="httptools",
        ws="none",
        lifespan="off",
        log_config=None,
        access_log=False,
        proxy_headers=False,
        server_header=False,
    )
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(uvicorn.Server(config).serve(sockets=[listener]))


if __name__ == "__main__":
    _main()
