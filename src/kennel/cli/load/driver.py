"""Open loop and closed loop: who decides when the next request goes.

In an open loop the times are given, as users give them: a slow target makes requests pile up, and
each latency counts from when its request was due. In a closed loop each client waits for its
answer first, so a slow target is asked less often.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterable
from typing import Protocol

from kennel.cli.load.pacer import Pacer
from kennel.cli.load.pool import Pool
from kennel.cli.load.record import Recorder, Sample
from kennel.cli.load.requests import Requests

__all__ = ["ClosedLoop", "Driver", "OpenLoop", "Sender"]


class Sender:
    """Sends the requests of a load in turn and records what comes of them."""

    def __init__(self, pool: Pool, requests: Requests, recorder: Recorder) -> None:
        self._pool = pool
        self._requests = requests
        self._recorder = recorder
        self._tasks: set[asyncio.Task[None]] = set()
        self.began = 0.0
        self.started = 0
        self.unanswered = 0

    @property
    def in_flight(self) -> int:
        """Requests that are due and not over."""
        return len(self._tasks)

    @property
    def now(self) -> float:
        """Seconds from the beginning of the load."""
        return time.perf_counter() - self.began

    def start(self, due: float | None = None) -> asyncio.Task[None]:
        """Sends the next request, in a task of its own. `due` None: whenever it goes."""
        number, self.started = self.started, self.started + 1
        task = asyncio.create_task(self._send(number, due))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        asyncio.get_running_loop().call_soon(self._requests.get, number + 1)
        return task

    async def finish(self) -> None:
        """Waits for what is in flight."""
        if self._tasks:
            await asyncio.wait(self._tasks)

    def give_up(self) -> None:
        """Ends what is in flight, unanswered."""
        for task in self._tasks:
            task.cancel()
        self.unanswered += len(self._tasks)

    async def _send(self, number: int, due: float | None) -> None:
        exchange = await self._pool.send(lambda: self._requests.get(number))
        sent, ended = exchange.sent - self.began, exchange.ended - self.began
        due = sent if due is None else min(due, sent)
        self._recorder.add(Sample(due, sent, ended, exchange.outcome))


class Driver(Protocol):
    """Starts a load's requests."""

    async def run(self, sender: Sender) -> None:
        """Returns when the last has been started, or soon after `stop`."""

    def stop(self) -> None: ...


class OpenLoop:
    """A request at each of the moments, in seconds from the beginning; it lasts `seconds`."""

    def __init__(self, moments: Iterable[float], seconds: float) -> None:
        self._moments = moments
        self._seconds = seconds
        self._pacer: Pacer | None = None

    async def run(self, sender: Sender) -> None:
        def due(at: float) -> None:
            sender.start(at)

        self._pacer = Pacer(self._moments, self._seconds, due)
        await self._pacer.run(sender.began)

    def stop(self) -> None:
        if self._pacer is not None:
            self._pacer.stop()


class ClosedLoop:
    """So many clients, each of which waits for its answer, thinks and sends the next request, for
    so many seconds."""

    def __init__(self, clients: int, think: float, seconds: float) -> None:
        self._clients = clients
        self._think = think
        self._seconds = seconds
        self._running: list[asyncio.Task[None]] = []

    async def run(self, sender: Sender) -> None:
        self._running = [asyncio.create_task(self._client(sender)) for _ in range(self._clients)]
        await asyncio.wait(self._running)

    def stop(self) -> None:
        for client in self._running:
            client.cancel()

    async def _client(self, sender: Sender) -> None:
        while sender.now < self._seconds:
            await asyncio.wait({sender.start()})  # stopped here, the request still goes on
            if self._think:
                await asyncio.sleep(self._think)
