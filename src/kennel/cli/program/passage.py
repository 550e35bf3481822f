"""Connections that are passed on between a program's network and the machine's."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Awaitable, Callable

from kennel.relay import Half

__all__ = ["Opener", "pass_on"]

Opener = Callable[[], Awaitable[socket.socket]]
"""Gives a connected socket for each connection that is to be passed on. May raise OSError."""


async def pass_on(listener: socket.socket, opener: Opener) -> asyncio.Server:
    """Passes every connection that `listener` takes on to one that `opener` makes, until the
    server that is returned is closed."""
    tasks: set[asyncio.Task[None]] = set()

    def entrance() -> _Entrance:
        return _Entrance(opener, tasks)

    return await asyncio.get_running_loop().create_server(entrance, sock=listener)


class _Entrance(Half):
    """The near end of a connection; what comes before the far one is there, waits."""

    def __init__(self, opener: Opener, tasks: set[asyncio.Task[None]]) -> None:
        super().__init__()
        self._opener = opener
        self._tasks = tasks

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        assert self.transport is not None
        self.transport.pause_reading()
        task = asyncio.get_running_loop().create_task(self._open(self.transport))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _open(self, near: asyncio.Transport) -> None:
        try:
            far_socket = await self._opener()
            _, far = await asyncio.get_running_loop().create_connection(Half, sock=far_socket)
        except OSError:
            near.abort()  # as a port on which nobody listens
            return
        self.join(far)
        if near.is_closing():
            far.shutdown()
        else:
            near.resume_reading()
