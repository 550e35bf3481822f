"""Open and closed loop against a pool that answers when the test says so."""

from __future__ import annotations

import asyncio
import time
from typing import cast

from kennel.cli.load.driver import ClosedLoop, OpenLoop, Sender
from kennel.cli.load.outcome import Outcome
from kennel.cli.load.pool import Exchange, Pool
from kennel.cli.load.record import Recorder
from kennel.cli.load.requests import Requests


class Held:
    """A pool that answers nothing until `open` is set."""

    def __init__(self) -> None:
        self.open = asyncio.Event()
        self.asked: list[bytes] = []

    async def send(self, request) -> Exchange:
        self.asked.append(request())
        sent = time.perf_counter()
        await self.open.wait()
        return Exchange(sent, time.perf_counter(), Outcome("ok"))


class Numbered:
    def get(self, number: int) -> bytes:
        return b"%d" % number


def sender_on(pool: Held) -> tuple[Sender, Recorder]:
    recorder = Recorder(60)
    sender = Sender(cast(Pool, pool), cast(Requests, Numbered()), recorder)
    sender.began = time.perf_counter()
    return sender, recorder


def test_an_open_loop_sends_on_whatever_comes_back():
    async def run():
        pool = Held()
        sender, recorder = sender_on(pool)
        await OpenLoop([0.0, 0.001, 0.002, 0.003], 0.01).run(sender)
        assert sender.in_flight == 4
        pool.open.set()
        await sender.finish()
        return pool.asked, recorder.ok

    assert asyncio.run(run()) == ([b"0", b"1", b"2", b"3"], 4)


def test_a_closed_loop_has_one_request_a_client_at_a_time():
    async def run():
        pool = Held()
        sender, recorder = sender_on(pool)
        loop = ClosedLoop(3, 0.0, 0.05)
        running = asyncio.create_task(loop.run(sender))
        while len(pool.asked) < 3:
            await asyncio.sleep(0)
        for _ in range(10):
            await asyncio.sleep(0)
        assert sender.in_flight == len(pool.asked) == 3
        pool.open.set()
        await running
        return recorder

    recorder = asyncio.run(run())
    assert recorder.ok > 3
    assert recorder.lateness.largest == 0.0  # a client that waits is never late


def test_a_load_that_is_stopped_waits_for_what_is_in_flight_or_gives_it_up():
    async def run():
        pool = Held()
        sender, recorder = sender_on(pool)
        loop = ClosedLoop(2, 3600.0, 7200.0)
        running = asyncio.create_task(loop.run(sender))
        while len(pool.asked) < 2:
            await asyncio.sleep(0)
        loop.stop()
        await running
        assert sender.in_flight == 2
        sender.give_up()
        await sender.finish()
        return sender.unanswered, recorder.requests

    assert asyncio.run(run()) == (2, 0)
