"""One environment on the event loop: initialized once, then one invocation at a time.

It lives like AWS's ("Lambda execution environment lifecycle"): an initialization that fails or
takes more than 10 s is tried again within the first invocation. A process that crashes or runs out
of time is replaced at the next invocation, with /tmp and the log stream kept. Between invocations
the process is stopped. One that is provisioned is initialized beforehand, by `prepare`.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from concurrent.futures import Executor
from dataclasses import dataclass
from typing import TypeVar

from kennel.engine import Exit
from kennel.services.lambda_.environments.deployment import Deployment
from kennel.services.lambda_.environments.report import (
    Report,
    end_line,
    init_report,
    start_line,
)
from kennel.services.lambda_.environments.runtime_api import Order, RuntimeApi
from kennel.services.lambda_.environments.sandbox import Sandbox
from kennel.services.lambda_.environments.verdict import Event, Kind, verdict

__all__ = ["Answer", "Environment", "Request", "seconds_up"]

T = TypeVar("T")

_INIT_LIMIT = 10.0  # seconds
_LOOK = 0.02  # seconds between two looks at a process where the kernel does not tell of its end


def seconds_up() -> float:
    """A clock for an environment's age. Keys expire while a machine sleeps, too, so it counts those
    seconds as well, where the kernel does."""
    boot = getattr(time, "CLOCK_BOOTTIME", None)
    return time.monotonic() if boot is None else time.clock_gettime(boot)


@dataclass(frozen=True, slots=True)
class Request:
    """An invocation. `arn` is the one that was invoked; `client_context` is JSON or empty."""

    request_id: str
    arn: str
    payload: bytes
    client_context: str = ""
    trace_id: str = ""


@dataclass(frozen=True, slots=True)
class Answer:
    """What came of an invocation. `function_error` is empty for a result, "Unhandled" for an error
    object; `duration` is in seconds; `log` the last 4 KB of what was logged for it."""

    payload: bytes
    function_error: str
    duration: float
    log: bytes


class Environment:
    """For the event loop alone. `invoke` one at a time, `close` at the end. `lost` is called when
    the process ends while nobody waits for it."""

    def __init__(
        self,
        deployment: Deployment,
        sandbox: Sandbox,
        executor: Executor,
        launching: asyncio.Semaphore,
    ) -> None:
        self._deployment = deployment
        self._sandbox = sandbox
        self._executor = executor
        self._launching = launching
        self._api: RuntimeApi | None = None
        self._request_id = ""
        self._waiter: asyncio.Future[Event] | None = None
        self._booting = False
        self._early: Event | None = None
        self._initialized = False
        self._up = False
        self._watched = -1
        self._look: asyncio.TimerHandle | None = None
        self._releasing: asyncio.Future[None] | None = None
        self._launch: asyncio.Task[None] | None = None
        self._init_seconds: float | None = None
        self.born = seconds_up()
        self.idle_since = 0.0
        self.lost: Callable[[], None] | None = None

    async def prepare(self, limit: float) -> bool:
        """Initializes the environment before anybody invokes it, within `limit` seconds, and stops
        its process until somebody does. Says whether the runtime is ready. Raises EngineError or
        RoleNotPassable where no process can be had."""
        self._initialized = True
        if not await self._initialize(limit):
            return False
        if not self._up:  # it ended as soon as it was ready
            self._release()
            return False
        self._sandbox.freeze()
        return True

    async def invoke(self, request: Request) -> Answer:
        """Serves one invocation. Raises EngineError or RoleNotPassable where no process can be
        had."""
        if not self._initialized:
            self._initialized = True
            await self._initialize(_INIT_LIMIT)
        began = time.monotonic()
        # An initialization that has to be done over is part of the invocation.
        if not self._up:
            await self._boot()
        sandbox, deployment = self._sandbox, self._deployment
        sandbox.thaw()
        mark = sandbox.mark()
        sandbox.write(start_line(request.request_id, deployment.version))
        self._request_id = request.request_id
        event = await self._exchange(request, began + deployment.timeout)
        self._request_id = ""
        seconds = time.monotonic() - began
        if event.kind is Kind.TIMED_OUT:
            seconds = float(deployment.timeout)
        return await self._answer(request, event, seconds, mark)

    async def close(self) -> None:
        """Ends the process and deletes the environment's files."""
        if self._launch is not None:  # whoever asked for it may not wait for it any more
            await asyncio.wait((self._launch,))
        self._forget_process()
        await self._released()
        await self._on_thread(self._sandbox.stop)
        if self._api is not None:
            self._api.close()

    @property
    def up(self) -> bool:
        """Whether a process is there, so that an invocation is a warm one."""
        return self._up

    # What the runtime says (RuntimeListener)

    def runtime_ready(self) -> None:
        if self._booting:
            self._early = Event(Kind.READY)
        elif self._waiter is None:
            self._sandbox.freeze()
        elif not self._request_id:
            self._resolve(Event(Kind.READY))

    def runtime_answered(self, request_id: str, body: bytes, *, size: int) -> None:
        if request_id == self._request_id:
            kind = Kind.TOO_LONG if size > len(body) else Kind.RESULT
            self._resolve(Event(kind, body, size=size))

    def runtime_failed(self, request_id: str, error: bytes, kind: str) -> None:
        if request_id == self._request_id:
            self._resolve(Event(Kind.ERROR, error, kind))

    def init_failed(self, error: bytes, kind: str) -> None:
        event = Event(Kind.INIT_ERROR, error, kind)
        if self._booting:
            self._early = event
        else:
            self._resolve(event)

    # The way of an invocation

    async def _initialize(self, limit: float) -> bool:
        """The INIT phase, at most `limit` seconds. What goes wrong here is only logged: the
        invocation tries again."""
        await self._boot()
        began = time.monotonic()
        event = await self._wait(began + limit)
        seconds = time.monotonic() - began
        if event.kind is Kind.READY:
            self._init_seconds = seconds
            return True
        await self._end_process(event)
        if event.kind is Kind.TIMED_OUT:
            self._sandbox.write(init_report(seconds, "timeout"))
        else:
            kind = event.error_type or "Runtime.ExitError"
            self._sandbox.write(init_report(seconds, "error", kind))
        self._release()
        return False

    async def _exchange(self, request: Request, deadline: float) -> Event:
        """Hands the invocation out and waits for what comes of it. `deadline` is monotonic."""
        remaining = deadline - time.monotonic()
        order = Order(
            request.request_id,
            time.time() + remaining,
            request.arn,
            request.trace_id,
            request.client_context,
            request.payload,
        )
        assert self._api is not None
        self._api.deliver(order)
        return await self._wait(deadline)

    async def _answer(self, request: Request, event: Event, seconds: float, mark: int) -> Answer:
        sandbox, deployment = self._sandbox, self._deployment
        ended, used = None, 0
        if event.kind.ends_process:
            ended = await self._end_process(event)
            used = await self._on_thread(sandbox.peak)
        else:
            used = sandbox.memory_used()
        said = verdict(event, request.request_id, deployment.timeout, ended)
        report = Report(
            request.request_id,
            seconds,
            deployment.memory,
            used,
            self._init_seconds,
            said.status,
            said.error_type,
        )
        self._init_seconds = None
        sandbox.end_line()
        sandbox.write(said.line + end_line(request.request_id) + report.line())
        answer = Answer(said.payload, said.function_error, seconds, sandbox.tail(mark))
        if event.kind.ends_process:
            self._release()
        return answer

    async def _wait(self, deadline: float) -> Event:
        """The next event, TIMED_OUT at the deadline (monotonic)."""
        early, self._booting, self._early = self._early, False, None
        if early is not None and not (self._request_id and early.kind is Kind.READY):
            return early
        loop = asyncio.get_running_loop()
        waiter: asyncio.Future[Event] = loop.create_future()
        self._waiter = waiter
        seconds = max(0.0, deadline - time.monotonic())
        timer = loop.call_later(seconds, self._resolve, Event(Kind.TIMED_OUT))
        try:
            return await waiter
        finally:
            timer.cancel()
            self._waiter = None

    def _resolve(self, event: Event) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(event)

    # Processes

    async def _boot(self) -> None:
        """Starts a process; `_wait` is next. A loop that was busy may hear of the runtime's first
        words before it hears that the process was started."""
        self._booting, self._early = True, None
        await self._released()
        if self._api is not None:
            self._api.close()
        self._api = RuntimeApi(self)
        address, token = await self._api.start(), self._api.token
        async with self._launching:
            launch = self._on_thread(lambda: self._sandbox.launch(address, token))
            self._launch = asyncio.get_running_loop().create_task(launch)
            await asyncio.shield(self._launch)
        self._up = True
        self._watch()

    async def _end_process(self, event: Event) -> Exit:
        """Makes sure that the process has ended, and says how."""
        self._forget_process()
        if event.kind is Kind.TIMED_OUT:
            return await self._on_thread(self._sandbox.kill)
        return await self._on_thread(self._sandbox.collect)

    def _release(self) -> None:
        """Ships the rest of an ended process's log while the answer is on its way."""
        loop = asyncio.get_running_loop()
        self._releasing = loop.run_in_executor(self._executor, self._sandbox.release)

    async def _released(self) -> None:
        if self._releasing is not None:
            await self._releasing
            self._releasing = None

    def _watch(self) -> None:
        loop = asyncio.get_running_loop()
        if self._sandbox.pidfd >= 0:
            self._watched = self._sandbox.pidfd
            loop.add_reader(self._watched, self._process_ended)
        elif self._sandbox.ended():
            loop.call_soon(self._process_ended)
        else:
            self._look = loop.call_later(_LOOK, self._watch)

    def _process_ended(self) -> None:
        self._forget_process()
        if self._waiter is None:
            self._release()  # it ended while it was idle; the next invocation starts another
            if self.lost is not None:
                self.lost()
        else:
            self._resolve(Event(Kind.ENDED))

    def _forget_process(self) -> None:
        self._up = False
        if self._watched >= 0:
            asyncio.get_running_loop().remove_reader(self._watched)
            self._watched = -1
        if self._look is not None:
            self._look.cancel()
            self._look = None

    async def _on_thread(self, work: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._executor, work)
