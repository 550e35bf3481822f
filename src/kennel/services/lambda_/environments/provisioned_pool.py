"""The provisioned environments of one version: initialized before anybody calls, and kept so.

New ones are allocated at AWS's pace, and none of them is usable before all are ("Configuring
provisioned concurrency"); those that were usable before stay so meanwhile. One that crashes is
initialized again. Everything here belongs to the event loop.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from kennel.clock import Clock
from kennel.engine import EngineError
from kennel.scaling.admission import ALLOCATION_RATE, Bucket
from kennel.services.lambda_.environments.deployment import Deployment
from kennel.services.lambda_.environments.environment import Environment, seconds_up
from kennel.services.lambda_.environments.pool import LIFETIME, CapReached
from kennel.services.roles import RoleNotPassable

__all__ = ["Allocation", "ProvisionedPool", "ProvisionedStatus"]

_INIT_FAILED = "FUNCTION_ERROR_INIT_FAILURE"  # [O] what AWS was seen to give
_ROLE_FAILED = "The role defined for the function cannot be assumed by Lambda."
_MEMORY_FAILED = "This machine's memory holds no more environments."
_INIT_LIMIT = 130.0  # seconds, or the function's time-out if that is longer
_ATTEMPTS = 2  # initializations of an environment before it has failed
_AT_ONCE = 8  # initializations under way; invocations wait for no more than these


class ProvisionedStatus(StrEnum):
    """botocore's ProvisionedConcurrencyStatusEnum."""

    IN_PROGRESS = "IN_PROGRESS"
    READY = "READY"
    FAILED = "FAILED"


@dataclass(frozen=True, slots=True)
class Allocation:
    """How many environments are set aside, how many of them may be used, and whether these are
    all. `reason` says why it FAILED."""

    allocated: int = 0
    available: int = 0
    status: ProvisionedStatus = ProvisionedStatus.IN_PROGRESS
    reason: str = ""


class ProvisionedPool:
    """`resize` first. `make` gives a new environment or raises CapReached, `close` has one closed
    some time; `changed` is called after each change of what is allocated."""

    def __init__(
        self,
        deployment: Deployment,
        clock: Clock,
        make: Callable[[Deployment], Environment],
        close: Callable[[Environment], None],
        changed: Callable[[], None],
    ) -> None:
        self.requests: Bucket | None = None
        """The rate of its invocations; whoever admits them keeps it."""
        self._deployment = deployment.provisioned()
        self._limit = max(_INIT_LIMIT, deployment.timeout)
        self._clock = clock
        self._make = make
        self._close = close
        self._changed = changed
        self._wanted = 0
        self._fault = ""
        self._starting: dict[Environment, bool] = {}  # whether it is usable without the others
        self._waiting: list[Environment] = []  # initialized, and usable once all are
        self._idle: list[Environment] = []
        self._busy: set[Environment] = set()
        self._pacing = False
        self._room = asyncio.Semaphore(_AT_ONCE)
        self._tasks: set[asyncio.Task[None]] = set()
        self._emptied: Callable[[], None] | None = None

    @property
    def allocated(self) -> int:
        """Environments that are set aside, usable or not."""
        return len(self._starting) + len(self._waiting) + self.available

    @property
    def available(self) -> int:
        """Environments that may be used, or are in use."""
        return len(self._idle) + len(self._busy)

    @property
    def busy(self) -> int:
        """Invocations under way."""
        return len(self._busy)

    def allocation(self) -> Allocation:
        """How it stands."""
        status = ProvisionedStatus.READY if self._complete() else ProvisionedStatus.IN_PROGRESS
        if self._fault:
            status = ProvisionedStatus.FAILED
        return Allocation(self.allocated, self.available, status, self._fault)

    def resize(self, wanted: int) -> None:
        """Has `wanted` environments from now on; what failed before is tried again."""
        self._wanted, self._fault = wanted, ""
        self._shed()
        if self._missing() and not self._pacing:
            self._pacing = True
            self._spawn(self._allocate())
        self._settle()

    def acquire(self) -> Environment:
        """The idle environment that was used last; there must be one."""
        environment = self._idle.pop()
        self._busy.add(environment)
        return environment

    def release(self, environment: Environment) -> None:
        """Gives an environment back after its invocation."""
        self._busy.discard(environment)
        if self.allocated >= self._wanted:
            self._close(environment)
        elif environment.up:
            self._idle.append(environment)
        else:
            self._start(environment, alone=True)
        self._settle()

    def discard(self, environment: Environment) -> None:
        """Like release, for an environment that is of no more use: another takes its place."""
        self._busy.discard(environment)
        self._close(environment)
        self._replace()

    def renew(self) -> None:
        """Replaces an environment that has lived long enough, one at a time."""
        latest = seconds_up() - LIFETIME
        old = next((one for one in self._idle if one.born < latest), None)
        if old is not None and not any(self._starting.values()):
            self._idle.remove(old)
            self._close(old)
            self._replace()

    def end(self, emptied: Callable[[], None]) -> None:
        """Gives every environment up; calls `emptied` when the last has answered and is closed."""
        self._emptied = emptied
        self.resize(0)

    def close_all(self) -> None:
        """Gives every environment up, busy ones too, for the plane's end."""
        for task in self._tasks:
            task.cancel()
        for environment in (*self._starting, *self._waiting, *self._idle, *self._busy):
            self._close(environment)

    # Starts

    async def _allocate(self) -> None:
        """Sets aside what is missing, one environment after the other."""
        due = self._clock.policy()
        try:
            while self._missing():
                self._start(self._make(self._deployment), alone=False)
                self._changed()
                due += 1 / ALLOCATION_RATE
                await asyncio.sleep(max(0.0, due - self._clock.policy()) / self._clock.scale)
        except CapReached:
            self._fail(_MEMORY_FAILED)
        finally:
            self._pacing = False
        self._settle()

    def _replace(self) -> None:
        """Puts a new environment into the place of one that is gone."""
        try:
            if self._missing():
                self._start(self._make(self._deployment), alone=True)
        except CapReached:
            self._fail(_MEMORY_FAILED)
        self._settle()

    def _start(self, environment: Environment, *, alone: bool) -> None:
        self._starting[environment] = alone
        environment.lost = lambda: self._lost(environment)
        self._spawn(self._prepare(environment))

    async def _prepare(self, environment: Environment) -> None:
        fault = ""
        try:
            if not await self._initialized(environment):
                fault = _INIT_FAILED
        except RoleNotPassable:
            fault = _ROLE_FAILED
        except (EngineError, OSError) as error:
            fault = f"No environment could be started: {error}"
        alone = self._starting.pop(environment, None)
        if alone is None or fault:
            self._close(environment)
        elif alone:
            self._idle.append(environment)
        else:
            self._waiting.append(environment)
        if fault and alone is not None:
            self._fail(fault)
        self._settle()

    async def _initialized(self, environment: Environment) -> bool:
        async with self._room:
            for _ in range(_ATTEMPTS):
                # Given up meanwhile: it is closed when nothing is on its way with it any more.
                if environment not in self._starting:
                    break
                if await environment.prepare(self._limit):
                    return True
        return False

    def _lost(self, environment: Environment) -> None:
        """The process of an environment has ended though nobody had invoked it."""
        for ready, alone in ((self._idle, True), (self._waiting, False)):
            if environment in ready:
                ready.remove(environment)
                self._start(environment, alone=alone)
                self._settle()

    def _fail(self, reason: str) -> None:
        """Gives up what was to become usable together; what was usable stays."""
        self._fault = reason
        self._starting = {one: alone for one, alone in self._starting.items() if alone}
        for environment in self._waiting:
            self._close(environment)
        self._waiting.clear()

    # Numbers

    def _missing(self) -> int:
        return 0 if self._fault else max(0, self._wanted - self.allocated)

    def _complete(self) -> bool:
        return not (self._pacing or self._missing() or not all(self._starting.values()))

    def _shed(self) -> None:
        """Gives up what is too much; what is in use goes when it is released."""
        while self.allocated > self._wanted and (self._starting or self._waiting or self._idle):
            if self._starting:
                self._starting.popitem()
            else:
                self._close((self._waiting or self._idle).pop(0))

    def _settle(self) -> None:
        if self._waiting and self._complete():
            self._idle += self._waiting
            self._waiting.clear()
        self._changed()
        if self._emptied is not None and not self.allocated and not self._tasks:
            emptied, self._emptied = self._emptied, None
            emptied()

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._done)

    def _done(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        self._settle()
