"""Asynchronous events: on disk before their 202, delivered at least once, tried again as AWS does.

A function's error is retried after one minute, then after two; throttles and failures of the
plane's own after 1 s up to 5 min ("How Lambda handles errors and retries with asynchronous
invocation"). Delays and ages are policy time. An event leaves the queue when it was answered, has
been tried often enough, or is too old; the plane may die at any moment before that, and the next
one delivers it again.
"""

from __future__ import annotations

import asyncio
import heapq
import logging
import sqlite3
import uuid
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from kennel.errors import AwsError
from kennel.services.lambda_.document import EventInvokeConfig, Function
from kennel.services.lambda_.environments import Answer, Request
from kennel.services.lambda_.errors import (
    InvalidParameterValueException,
    ResourceNotFoundException,
)
from kennel.services.lambda_.naming import LATEST, FunctionName
from kennel.store import Collection, Migration

if TYPE_CHECKING:
    from kennel.services.service import Parts

__all__ = ["MIGRATIONS", "EventQueue", "Server"]

log = logging.getLogger(__name__)

MIGRATIONS = (
    Migration(
        "lambda",
        1,
        """
        CREATE TABLE lambda_events (
            id TEXT PRIMARY KEY,
            request_id TEXT NOT NULL,
            function TEXT NOT NULL,
            qualifier TEXT NOT NULL,
            arn TEXT NOT NULL,
            payload BLOB NOT NULL,
            client_context TEXT NOT NULL,
            trace_id TEXT NOT NULL,
            received REAL NOT NULL,
            due REAL NOT NULL,
            errors INTEGER NOT NULL DEFAULT 0,
            refusals INTEGER NOT NULL DEFAULT 0
        );
        """,
    ),
)

_RETRIES = 2
_AGE = 6 * 3600  # seconds of policy time
_MINUTE = 60.0
_LONGEST_PAUSE = 300.0
_AT_ONCE = 16  # events of one function that are under way
_CATCH_UP = 0.01  # the least seconds between two looks at what is due


class Server(Protocol):
    """Who serves the events (the Invoker)."""

    async def serve(self, named: FunctionName, request: Request) -> Answer:
        """Raises AwsError where nothing could be served."""

    def stopped(self, named: FunctionName) -> bool:
        """Whether the function may never run, so that its events are not kept for later."""

    def count(self, named: FunctionName, metric: str, value: float, unit: str = "Count") -> None:
        """Publishes a metric."""


@dataclass(frozen=True, slots=True, order=True)
class _Due:
    """An event in memory: everything else is in its row."""

    due: float
    id: str
    function: str


@dataclass(frozen=True, slots=True)
class _Event:
    named: FunctionName
    request: Request
    received: float
    errors: int
    refusals: int


class EventQueue:
    """`start` on the event loop with what is on disk; `put` on the loop too."""

    def __init__(self, parts: Parts, functions: Collection[Function]) -> None:
        self._parts = parts
        self._functions = functions
        self._server: Server | None = None
        self._heap: list[_Due] = []
        self._ready: dict[str, deque[_Due]] = {}
        self._running: dict[str, int] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._timer: asyncio.TimerHandle | None = None
        self._stopped = False

    def load(self) -> Callable[[], None]:
        """Reads what is due from disk; what it returns starts the deliveries, on the loop."""
        rows = self._parts.database.read(
            lambda connection: connection.execute(
                "SELECT due, id, function FROM lambda_events"
            ).fetchall()
        )

        def start() -> None:
            for row in rows:
                heapq.heappush(self._heap, _Due(*row))
            self._pump()

        return start

    def serve_by(self, server: Server) -> None:
        """Names who serves the events."""
        self._server = server

    async def stop(self) -> None:
        """Delivers no more. What is under way is delivered again by the next plane."""
        self._stopped = True
        if self._timer is not None:
            self._timer.cancel()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def put(self, named: FunctionName, request: Request) -> None:
        """Returns once the event is on disk."""
        now = self._parts.clock.policy()
        event_id = str(uuid.uuid4())
        row = (
            event_id,
            request.request_id,
            named.name,
            named.qualifier,
            request.arn,
            request.payload,
            request.client_context,
            request.trace_id,
            now,
            now,
        )
        await self._write(
            "INSERT INTO lambda_events (id, request_id, function, qualifier, arn, payload, "
            "client_context, trace_id, received, due) VALUES (?,?,?,?,?,?,?,?,?,?)",
            row,
        )
        self._add(_Due(now, event_id, named.name))

    def _add(self, due: _Due) -> None:
        heapq.heappush(self._heap, due)
        self._pump()

    def _pump(self) -> None:
        """Starts what is due, as far as its function has room, and sets the timer for the rest."""
        if self._stopped:
            return
        now = self._parts.clock.policy()
        while self._heap and self._heap[0].due <= now:
            due = heapq.heappop(self._heap)
            self._ready.setdefault(due.function, deque()).append(due)
            self._start_next(due.function)
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._heap:
            seconds = (self._heap[0].due - now) / self._parts.clock.scale
            loop = asyncio.get_running_loop()
            self._timer = loop.call_later(max(_CATCH_UP, seconds), self._pump)

    def _start_next(self, function: str) -> None:
        ready = self._ready.get(function)
        running = self._running.get(function, 0)
        if not ready or running >= _AT_ONCE or self._stopped:
            return
        due = ready.popleft()
        self._running[function] = running + 1
        task = asyncio.get_running_loop().create_task(self._run(due))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _run(self, due: _Due) -> None:
        try:
            await self._deliver(due)
        except Exception:  # the task's boundary: the event stays on disk and is tried again
            log.exception("the event %s could not be delivered", due.id)
            self._add(_Due(self._parts.clock.policy() + _MINUTE, due.id, due.function))
        finally:
            self._running[due.function] -= 1
            if not self._running[due.function]:
                del self._running[due.function]
            if not self._ready.get(due.function):
                self._ready.pop(due.function, None)
            self._start_next(due.function)

    async def _deliver(self, due: _Due) -> None:
        loop = asyncio.get_running_loop()
        event, config = await loop.run_in_executor(None, self._read, due.id)
        if event is None:
            return
        assert self._server is not None
        now = self._parts.clock.policy()
        server, named = self._server, event.named
        if now - event.received > _age(config):
            await self._drop(due, named, "it was too old")
            return
        if server.stopped(named):
            # "Lambda sends any new events directly to the dead-letter queue or the on-failure
            # destination, without any retries"; there is neither here.
            await self._drop(due, named, "its function's reserved concurrency is 0")
            return
        server.count(named, "AsyncEventAge", (now - event.received) * 1000, "Milliseconds")
        try:
            answer = await server.serve(named, event.request)
        except (ResourceNotFoundException, InvalidParameterValueException) as error:
            await self._drop(due, named, error.message)
        except AwsError:
            pause = min(2.0**event.refusals, _LONGEST_PAUSE)
            await self._again(due, pause, "refusals")
        else:
            if not answer.function_error:
                await self._remove(due)
            elif event.errors >= _retries(config):
                await self._drop(due, named, "its function failed each time")
            else:
                await self._again(due, _MINUTE * (event.errors + 1), "errors")

    def _read(self, event_id: str) -> tuple[_Event | None, EventInvokeConfig | None]:
        row = self._parts.database.read(
            lambda connection: connection.execute(
                "SELECT function, qualifier, request_id, arn, payload, client_context, trace_id,"
                " received, errors, refusals FROM lambda_events WHERE id = ?",
                (event_id,),
            ).fetchone()
        )
        if row is None:
            return None, None
        name, qualifier, request_id, arn, payload, context, trace, received, errors, refusals = row
        request = Request(request_id, arn, bytes(payload), context, trace)
        event = _Event(FunctionName(name, qualifier), request, received, errors, refusals)
        function = self._functions.get(name)
        configs = {} if function is None else function.event_configs
        return event, configs.get("" if qualifier == LATEST else qualifier)

    async def _again(self, due: _Due, pause: float, counted: str) -> None:
        """Keeps the event for another attempt. `counted` is the column that counts this one."""
        later = self._parts.clock.policy() + pause
        await self._write(
            f"UPDATE lambda_events SET due = ?, {counted} = {counted} + 1 WHERE id = ?",
            (later, due.id),
        )
        self._add(_Due(later, due.id, due.function))

    async def _drop(self, due: _Due, named: FunctionName, reason: str) -> None:
        log.info("an event for %s was dropped: %s", named.name, reason)
        assert self._server is not None
        self._server.count(named, "AsyncEventsDropped", 1.0)
        await self._remove(due)

    async def _remove(self, due: _Due) -> None:
        await self._write("DELETE FROM lambda_events WHERE id = ?", (due.id,))

    async def _write(self, statement: str, values: tuple[object, ...]) -> None:
        def work(connection: sqlite3.Connection) -> None:
            connection.execute(statement, values)

        await asyncio.wrap_future(self._parts.database.write_soon(work))


def _age(config: EventInvokeConfig | None) -> float:
    return _AGE if config is None or config.age is None else config.age


def _retries(config: EventInvokeConfig | None) -> int:
    return _RETRIES if config is None or config.retries is None else config.retries
