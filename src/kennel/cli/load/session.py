"""A load from its first request to its last answer."""

from __future__ import annotations

import asyncio
import resource
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass

import uvloop

from kennel.cli.load.capacity import Capacity, watch
from kennel.cli.load.driver import Driver, Sender
from kennel.cli.load.order import Order
from kennel.cli.load.pool import Pool
from kennel.cli.load.record import Recorder
from kennel.cli.load.requests import Requests

__all__ = ["Moment", "Session"]

_PATIENCE = 2.0  # seconds for what is in flight when the load is ended early
_TELL_EVERY = 0.2
_FILES_BESIDE = 100  # descriptors that are not connections


@dataclass(frozen=True, slots=True)
class Moment:
    """How the load goes. `at` in seconds from the beginning."""

    at: float
    in_flight: int
    capacity: int | None


@dataclass(slots=True)
class Session:
    """Runs an order. After `run`: `seconds` is how long requests were sent, `unanswered` how many
    were given up because the load was ended early."""

    order: Order
    requests: Requests
    recorder: Recorder
    capacity: Capacity
    question: Callable[[], int | None] | None
    tell: Callable[[Moment], None]
    began: float = 0.0  # time.time
    seconds: float = 0.0
    unanswered: int = 0
    was_interrupted: bool = False

    def run(self) -> None:
        """Blocks until the load is over, or Ctrl-C or SIGTERM ends it."""
        _allow_files(self.order.connections + _FILES_BESIDE)
        self.requests.get(0)  # signs it, and finds missing credentials before anything is sent
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(self._run())

    async def _run(self) -> None:
        loop = asyncio.get_running_loop()
        pool = Pool(self.requests.url, self.order.timeout, self.order.connections)
        sender = Sender(pool, self.requests, self.recorder)
        driver = self.order.plan.driver()
        beside: list[asyncio.Task[None]] = []
        self.began, sender.began = time.time(), time.perf_counter()
        if self.question is not None:
            beside.append(asyncio.create_task(watch(self.capacity, self.question, sender.began)))
        beside.append(asyncio.create_task(self._tell(sender)))
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, self._end_early, driver, sender)
        try:
            await driver.run(sender)
            self.seconds = min(sender.now, self.order.plan.seconds)
            await sender.finish()
            self.unanswered = sender.unanswered
        finally:
            for number in (signal.SIGINT, signal.SIGTERM):
                loop.remove_signal_handler(number)
            for task in beside:
                task.cancel()
            await asyncio.gather(*beside, return_exceptions=True)
            pool.close()

    def _end_early(self, driver: Driver, sender: Sender) -> None:
        driver.stop()
        patience = 0.0 if self.was_interrupted else _PATIENCE  # asked twice: at once
        self.was_interrupted = True
        asyncio.get_running_loop().call_later(patience, sender.give_up)

    async def _tell(self, sender: Sender) -> None:
        while True:
            self.tell(Moment(sender.now, sender.in_flight, self.capacity.now))
            await asyncio.sleep(_TELL_EVERY)


def _allow_files(wanted: int) -> None:
    """Raises this process's limit of open files, as far as it may."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < wanted:
        most = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))
