from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import cast

import pytest

from kennel.clock import ScaledClock
from kennel.scaling.admission import ThrottleReason
from kennel.services.lambda_.environments.environment import Environment
from kennel.services.lambda_.environments.pool import LIFETIME, CapReached
from kennel.services.lambda_.environments.provisioned_pool import (
    ProvisionedPool,
    ProvisionedStatus,
)
from tests.services.lambda_.environments.doubles import DEPLOYMENT, Double

IN_PROGRESS, READY, FAILED = ProvisionedStatus


class Scene:
    """A pool whose environments are doubles. `make` says what the next ones are."""

    def __init__(
        self, make: Callable[[], Double] = Double, most: int = 1000, scale: float = 1000
    ) -> None:
        self.made: list[Double] = []
        self.closed: list[object] = []
        self.make = make
        self.made_at: list[float] = []
        self.told: list[int] = []
        self._most = most
        self._clock = ScaledClock(scale)
        self.pool = ProvisionedPool(
            DEPLOYMENT, self._clock, self._make, self.closed.append, self._changed
        )

    def _make(self, deployment: object) -> Environment:
        assert deployment == DEPLOYMENT.provisioned()
        if len(self.made) - len(self.closed) >= self._most:
            raise CapReached(ThrottleReason.ACCOUNT_CONCURRENCY)
        self.made.append(self.make())
        self.made_at.append(self._clock.policy())
        return cast(Environment, self.made[-1])

    def _changed(self) -> None:
        self.told.append(self.pool.allocated)

    def numbers(self) -> tuple[int, int, ProvisionedStatus]:
        found = self.pool.allocation()
        return found.allocated, found.available, found.status

    async def settled(self) -> ProvisionedStatus:
        for _ in range(10_000):
            if (status := self.pool.allocation().status) is not IN_PROGRESS:
                return status
            await asyncio.sleep(0.0001)
        raise AssertionError("still in progress")

    async def until(self, condition: Callable[[], bool]) -> None:
        for _ in range(10_000):
            if condition():
                return
            await asyncio.sleep(0.0001)
        raise AssertionError("it does not come about")


def run(story: Callable[[Scene], Awaitable[None]], scene: Callable[[], Scene] = Scene) -> None:
    async def main() -> None:
        await story(scene())

    asyncio.run(main())


def test_none_is_usable_before_all_are_allocated_and_initialized() -> None:
    async def story(scene: Scene) -> None:
        gates = [asyncio.Event() for _ in range(3)]
        scene.make = lambda: Double(gate=gates[len(scene.made)])
        scene.pool.resize(3)
        await scene.until(lambda: scene.pool.allocated == 3)
        for gate in gates[:2]:
            gate.set()
        await scene.until(lambda: sum(one.prepared for one in scene.made) == 2)
        assert scene.numbers() == (3, 0, IN_PROGRESS)
        gates[2].set()
        assert await scene.settled() is READY
        assert scene.numbers() == (3, 3, READY)

    run(story)


def test_those_that_were_usable_stay_so_while_more_are_allocated() -> None:
    async def story(scene: Scene) -> None:
        scene.pool.resize(1)
        await scene.settled()
        gate = asyncio.Event()
        scene.make = lambda: Double(gate=gate)
        scene.pool.resize(3)
        await scene.until(lambda: scene.pool.allocated == 3)
        assert scene.numbers() == (3, 1, IN_PROGRESS)
        gate.set()
        assert await scene.settled() is READY
        assert scene.numbers() == (3, 3, READY)

    run(story)


def test_at_most_a_hundred_a_second_of_policy_time_are_allocated() -> None:
    async def story(scene: Scene) -> None:
        scene.pool.resize(51)
        assert await scene.settled() is READY
        # Half a second; the wall clock and the loop's own differ by some microseconds.
        assert scene.made_at[-1] - scene.made_at[0] >= 0.49

    run(story, lambda: Scene(scale=10))


def test_an_initialization_that_fails_is_tried_again_and_then_fails_the_configuration() -> None:
    async def story(scene: Scene) -> None:
        kinds = iter([Double((False, True)), Double(), Double((False,))])
        scene.make = lambda: next(kinds)
        scene.pool.resize(2)
        assert await scene.settled() is READY
        scene.pool.resize(3)
        assert await scene.settled() is FAILED
        assert scene.pool.allocation().reason == "FUNCTION_ERROR_INIT_FAILURE"
        assert scene.numbers() == (2, 2, FAILED)
        assert scene.closed == scene.made[2:]
        scene.make = Double
        scene.pool.resize(3)
        assert await scene.settled() is READY

    run(story)


def test_what_fails_takes_those_with_it_that_were_to_become_usable_together() -> None:
    async def story(scene: Scene) -> None:
        scene.make = lambda: Double((len(scene.made) != 1,))
        scene.pool.resize(3)
        assert await scene.settled() is FAILED
        await scene.until(lambda: len(scene.closed) == len(scene.made))
        assert scene.numbers() == (0, 0, FAILED)

    run(story)


def test_more_than_the_machine_holds_is_a_failure_that_says_so() -> None:
    async def story(scene: Scene) -> None:
        scene.pool.resize(3)
        assert await scene.settled() is FAILED
        assert "memory" in scene.pool.allocation().reason

    run(story, lambda: Scene(most=2))


@pytest.mark.parametrize("is_busy", [False, True])
def test_one_that_crashes_is_initialized_again(is_busy: bool) -> None:
    async def story(scene: Scene) -> None:
        scene.pool.resize(2)
        await scene.settled()
        environment = cast(Double, scene.pool.acquire())
        if is_busy:
            environment.end()
            scene.pool.release(cast(Environment, environment))
        else:
            scene.pool.release(cast(Environment, environment))
            environment.end()
        assert scene.numbers() == (2, 1, READY)
        await scene.until(lambda: scene.pool.available == 2)
        assert environment.prepared == 2
        assert scene.closed == []

    run(story)


def test_one_that_is_of_no_use_is_replaced_by_another() -> None:
    async def story(scene: Scene) -> None:
        scene.pool.resize(1)
        await scene.settled()
        scene.pool.discard(scene.pool.acquire())
        await scene.until(lambda: scene.pool.available == 1)
        assert scene.closed == scene.made[:1]
        assert len(scene.made) == 2

    run(story)


def test_fewer_are_wanted_and_what_is_in_use_answers_first() -> None:
    async def story(scene: Scene) -> None:
        scene.pool.resize(3)
        await scene.settled()
        busy = [scene.pool.acquire() for _ in range(2)]
        scene.pool.resize(1)
        assert len(scene.closed) == 1
        assert scene.numbers() == (2, 2, READY)
        for environment in busy:
            scene.pool.release(environment)
        assert scene.numbers() == (1, 1, READY)
        assert scene.closed[1:] == busy[:1]

    run(story)


def test_an_ended_pool_is_empty_once_the_last_has_answered() -> None:
    async def story(scene: Scene) -> None:
        scene.pool.resize(2)
        await scene.settled()
        busy, emptied = scene.pool.acquire(), asyncio.Event()
        scene.pool.end(emptied.set)
        await asyncio.sleep(0.01)
        assert not emptied.is_set()
        scene.pool.release(busy)
        assert emptied.is_set()
        assert len(scene.closed) == 2
        assert scene.told[-1] == 0

    run(story)


def test_one_that_is_given_up_while_it_starts_is_closed_when_it_has_started() -> None:
    async def story(scene: Scene) -> None:
        gate, emptied = asyncio.Event(), asyncio.Event()
        scene.make = lambda: Double(gate=gate)
        scene.pool.resize(1)
        await scene.until(lambda: bool(scene.made))
        await asyncio.sleep(0.01)
        scene.pool.end(emptied.set)
        assert scene.closed == []
        gate.set()
        await emptied.wait()
        assert scene.closed == scene.made

    run(story)


def test_environments_are_renewed_one_at_a_time() -> None:
    async def story(scene: Scene) -> None:
        scene.pool.resize(2)
        await scene.settled()
        for one in scene.made:
            one.born -= LIFETIME + 1
        scene.pool.renew()
        scene.pool.renew()
        assert len(scene.closed) == 1
        await scene.until(lambda: scene.pool.available == 2)
        scene.pool.renew()
        await scene.until(lambda: scene.pool.available == 2)
        assert scene.closed == scene.made[:2]

    run(story)
