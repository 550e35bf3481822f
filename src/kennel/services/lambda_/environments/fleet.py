"""Every environment of the plane, and which function's invocations go where.

Invocations stay on the event loop; what is said of versions and their capacity may come from any
thread, and returns when the loop has done it. Which version an alias means is decided before.
"""

from __future__ import annotations

import asyncio
import logging
import os
import secrets
import threading
from collections.abc import Callable, Coroutine, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from kennel.engine import EngineError
from kennel.scaling import admission
from kennel.services.lambda_.environments.deployment import Deployment
from kennel.services.lambda_.environments.environment import Answer, Environment, Request
from kennel.services.lambda_.environments.ledger import Ledger
from kennel.services.lambda_.environments.pool import CapReached, Pool
from kennel.services.lambda_.environments.provisioned_pool import Allocation
from kennel.services.lambda_.environments.provisioning import Provisioning
from kennel.services.lambda_.environments.sandbox import Sandbox
from kennel.services.lambda_.environments.seat import Seat

if TYPE_CHECKING:
    from kennel.services.service import Parts

__all__ = ["Fleet", "NotPublished"]

log = logging.getLogger(__name__)

T = TypeVar("T")

_IDLE_SECONDS = 300.0  # of policy time; AWS does not say, people measure 5 to 15 minutes
_SWEEP = 1.0  # seconds between two looks for idle environments
_THREADS = 16  # starts and ends under way
_LAUNCHES = 4  # processes that start at the same time; more only slow each other down
_FOOTPRINT = 64 << 20  # bytes that an environment with boto3 takes, about


class NotPublished(Exception):
    """No environment may serve this. `reason` is empty if there is no such function or version,
    else why it can't be invoked now."""

    def __init__(self, reason: str = "") -> None:
        super().__init__(reason)
        self.reason = reason


class Fleet:
    """`attach` to the loop before anything runs; `stop` at the end."""

    def __init__(self, parts: Parts, folder: Path) -> None:
        self._parts = parts
        self._folder = folder
        self._loop: asyncio.AbstractEventLoop | None = None
        self._attached = threading.Event()
        self._waiting: list[Callable[[], None]] = []
        self._lock = threading.Lock()
        self._pools: dict[tuple[str, str], Pool] = {}
        self._draining: set[Pool] = set()
        self._refusals: dict[tuple[str, str], str] = {}
        self._executor = ThreadPoolExecutor(_THREADS, thread_name_prefix="function")
        self._launching: asyncio.Semaphore | None = None
        self._closings: set[asyncio.Task[None]] = set()
        self._alive = 0
        self._bound = _machine_bound()
        self._sweeper: asyncio.TimerHandle | None = None
        self.ledger = Ledger()
        self._provisioning = Provisioning(
            parts.clock, self._make, self._close, self.ledger.allocate
        )
        self.sweepers: list[Callable[[], None]] = []
        """Called on the loop every second or so."""

    def attach(self, loop: asyncio.AbstractEventLoop) -> None:
        """Names the loop that everything belongs to; called on it."""
        self._launching = asyncio.Semaphore(_LAUNCHES)
        with self._lock:
            self._loop = loop
            waiting, self._waiting = self._waiting, []
        for work in waiting:
            work()
        self._attached.set()
        self._sweep()

    def stop(self) -> None:
        """Ends every environment and waits for it. From any thread but the loop's."""
        if self._loop is not None:
            asyncio.run_coroutine_threadsafe(self._close_all(), self._loop).result()
        self._executor.shutdown()

    @property
    def attached(self) -> bool:
        """Whether there is a loop."""
        return self._attached.is_set()

    # For any thread

    def publish(self, deployment: Deployment, ended: Callable[[], None]) -> None:
        """Serves a version by `deployment` from now on. What served it before answers what it
        was asked, and ends. When this deployment will have ended so, `ended` is called on a
        thread; with the plane it is not."""
        key = (deployment.function, deployment.version)

        def apply() -> None:
            self._refusals.pop(key, None)
            former = self._pools.get(key)
            self._pools[key] = Pool(deployment, self._make, self._close, ended)
            if former is not None:
                self._drain(former, lambda: self._end(former))
            self._provisioning.published(deployment)

        self.on_loop(apply)

    def withdraw(self, function: str, version: str) -> None:
        """Serves a version no more."""
        key = (function, version)

        def apply() -> None:
            self._refusals.pop(key, None)
            former = self._pools.pop(key, None)
            left = [former, former]

            def gone() -> None:
                left.pop()
                if former is not None and not left:
                    self._end(former)

            self._provisioning.withdraw(function, version, gone)
            if former is not None:
                self._drain(former, gone)

        self.on_loop(apply)

    def refuse(self, function: str, version: str, reason: str) -> None:
        """Tells those who invoke a version why it does not serve yet."""

        def apply() -> None:
            self._refusals[function, version] = reason

        self.on_loop(apply)

    def reserve(self, function: str, reserved: int | None) -> None:
        """Sets a function's reserved concurrency; None takes it away."""
        self.on_loop(lambda: self.ledger.reserve(function, reserved))

    def provision(self, function: str, qualifier: str, wanted: Mapping[str, int]) -> None:
        """Has so many environments of these versions ready for a qualifier; none ends it."""
        self.on_loop(lambda: self._provisioning.configure(function, qualifier, wanted))

    def forget(self, function: str) -> None:
        """Drops what is known of a function that is gone."""
        self.on_loop(lambda: self.ledger.forget(function))

    def allocation(self, function: str, qualifier: str) -> Allocation:
        """How far the environments of a qualifier are there."""
        found: list[Allocation] = []
        self.on_loop(lambda: found.append(self._provisioning.allocation(function, qualifier)))
        return found[0] if found else Allocation()

    def serves(self, function: str, version: str) -> bool:
        """Whether the version can be invoked."""
        return (function, version) in self._pools

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """Runs a coroutine on the loop and waits for it."""
        self._attached.wait()
        assert self._loop is not None
        return asyncio.run_coroutine_threadsafe(work, self._loop).result()

    # For the event loop

    def deployment(self, function: str, version: str) -> Deployment:
        """What serves the version now. Raises NotPublished."""
        return self._pool(function, version).deployment

    def enter(self, function: str, qualifier: str, version: str) -> Seat:
        """A place for an invocation of a version by a qualifier; `serve` is next. Raises
        NotPublished and CapReached."""
        on_demand = self._pool(function, version)
        owner, provisioned = self._provisioning.find(function, qualifier, version) or ("", None)
        pool = self.ledger.enter(function, provisioned, starts=on_demand.oldest_idle is None)
        try:
            if provisioned is not None and pool is admission.Pool.PROVISIONED:
                environment = provisioned.acquire()
            else:
                environment = on_demand.acquire()
        except BaseException:
            self.ledger.leave(function, pool)
            raise
        return Seat(function, version, environment, pool, on_demand, provisioned, owner)

    async def serve(self, seat: Seat, request: Request) -> Answer:
        """Serves one invocation. Raises EngineError, RoleNotPassable."""
        try:
            answer = await seat.environment.invoke(request)
        except BaseException:
            seat.discard()
            raise
        finally:
            self.ledger.leave(seat.function, seat.pool)
        seat.release(self._parts.clock.policy())
        return answer

    def _pool(self, function: str, version: str) -> Pool:
        pool = self._pools.get((function, version))
        if pool is None:
            raise NotPublished(self._refusals.get((function, version), ""))
        return pool

    def _make(self, deployment: Deployment) -> Environment:
        if self._alive >= self._bound and not self._evict():
            raise CapReached(admission.ThrottleReason.ACCOUNT_CONCURRENCY)
        assert self._launching is not None
        self._alive += 1
        folder = self._folder / secrets.token_hex(8)
        sandbox = Sandbox(self._parts, deployment, folder)
        return Environment(deployment, sandbox, self._executor, self._launching)

    def _evict(self) -> bool:
        """Closes the environment that has been idle longest, whosever it is."""
        idle = [pool for pool in self._pools.values() if pool.oldest_idle is not None]
        if not idle:
            return False
        pool = min(idle, key=lambda pool: pool.oldest_idle or 0.0)
        pool.close_idle(pool.oldest_idle or 0.0)
        return True

    def _close(self, environment: Environment) -> None:
        async def close() -> None:
            try:
                await environment.close()
            except (EngineError, OSError):
                log.exception("an environment could not be closed")

        self._alive -= 1
        task = asyncio.get_running_loop().create_task(close())
        self._closings.add(task)
        task.add_done_callback(self._closings.discard)

    def _drain(self, pool: Pool, drained: Callable[[], None]) -> None:
        self._draining.add(pool)

        def finished() -> None:
            self._draining.discard(pool)
            drained()

        pool.drain(finished)

    def _end(self, pool: Pool) -> None:
        """Nothing of the deployment answers any more."""
        closings = asyncio.gather(*self._closings, return_exceptions=True)
        closings.add_done_callback(lambda _: self._executor.submit(pool.ended))

    def _sweep(self) -> None:
        since = self._parts.clock.policy() - _IDLE_SECONDS
        for pool in self._pools.values():
            pool.close_idle(since)
        self._provisioning.renew()
        for sweeper in self.sweepers:
            sweeper()
        assert self._loop is not None
        self._sweeper = self._loop.call_later(_SWEEP, self._sweep)

    async def _close_all(self) -> None:
        if self._sweeper is not None:
            self._sweeper.cancel()
        self._provisioning.close_all()
        for pool in (*self._pools.values(), *self._draining):
            for environment in pool.close_all():
                self._close(environment)
        self._pools.clear()
        await asyncio.gather(*self._closings, return_exceptions=True)

    def on_loop(self, work: Callable[[], None]) -> None:
        """Runs `work` on the loop and waits for it; without a loop yet, once there is one."""
        done: Future[None] = Future()

        def run() -> None:
            try:
                work()
            except BaseException as error:  # handed to the thread that waits
                done.set_exception(error)
            else:
                done.set_result(None)

        with self._lock:
            if self._loop is None:
                self._waiting.append(work)
                return
            self._loop.call_soon_threadsafe(run)
        done.result()


def _machine_bound() -> int:
    """How many environments this machine's memory holds."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return max(8, min(admission.ACCOUNT_LIMIT, memory // _FOOTPRINT))
