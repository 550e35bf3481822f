"""A variant's route on the event loop: whatever happens, no request is forgotten."""

from __future__ import annotations

import asyncio
import random
from pathlib import Path

import pytest

from kennel.services.sagemaker_runtime.routing import (
    InstancePlace,
    Moved,
    RoutedInstance,
    VariantRoute,
)
from tests.services.sagemaker_runtime.notes import Notes


class _Requests:
    """Requests that come, are served, die with their instance, or whose callers go."""

    def __init__(self, route: VariantRoute, chance: random.Random) -> None:
        self._route = route
        self._chance = chance
        self.count = 0
        self.tasks: set[asyncio.Task[None]] = set()
        self.died: set[str] = set()  # names of instances
        self.served = 0
        self.cancelled = 0
        self.at_work: dict[RoutedInstance, asyncio.Event] = {}

    def come(self) -> None:
        self.count += 1
        task = asyncio.ensure_future(self._live(self.count))
        self.tasks.add(task)
        task.add_done_callback(self._ended)

    def go(self) -> None:
        """A caller that waits goes away."""
        if self.tasks:
            self._chance.choice(sorted(self.tasks, key=id)).cancel()

    def _ended(self, task: asyncio.Task[None]) -> None:
        self.tasks.discard(task)
        self.cancelled += task.cancelled()

    async def _live(self, ticket: int) -> None:
        again = False
        while True:
            instance = await self._route.acquire(ticket, again=again)
            assert instance not in self.at_work, "an instance has one request at a time"
            done = self.at_work[instance] = asyncio.Event()
            try:
                await done.wait()
            finally:
                del self.at_work[instance]
                self._route.release(instance)
            if instance.place.name not in self.died:
                self.served += 1
                return
            again = True


@pytest.mark.parametrize("strategy", ["", "RANDOM"])
@pytest.mark.parametrize("seed", range(20))
def test_every_request_is_served_or_its_caller_went(strategy: str, seed: int) -> None:
    async def main() -> None:
        chance = random.Random(seed)
        route = VariantRoute("v", Notes().metrics("e", "v"), strategy)
        requests = _Requests(route, chance)
        left: list[str] = []
        names = 0

        def answer() -> None:
            if requests.at_work:
                chance.choice(list(requests.at_work.values())).set()

        for _ in range(400):
            what = chance.random()
            if what < 0.4:
                requests.come()
            elif what < 0.7:
                answer()
            elif what < 0.8:
                names += 1
                route.add(InstancePlace(f"i{names}", Path(f"/i{names}")))
            elif what < 0.9 and route.instances:
                name = chance.choice(sorted(route.instances))
                route.remove(name, lambda name=name: left.append(name))  # type: ignore[misc]
            elif what < 0.95 and route.instances:
                name = chance.choice(sorted(route.instances))
                instance = route.instances[name]
                requests.died.add(name)
                route.remove(name)
                if instance in requests.at_work:
                    requests.at_work[instance].set()
            else:
                requests.go()
            if chance.random() < 0.5:
                await asyncio.sleep(0)
        come = requests.count
        route.add(InstancePlace("last", Path("/last")))
        async with asyncio.timeout(10):
            while requests.tasks:
                answer()
                await asyncio.sleep(0)
        assert requests.served + requests.cancelled == come
        assert route.waiting == route.outstanding == 0
        assert len(left) == len(set(left))

    asyncio.run(main())


def test_the_requests_of_a_variant_that_goes_away_are_told_to_choose_again() -> None:
    async def main() -> None:
        route = VariantRoute("v", Notes().metrics("e", "v"))
        waiting = [asyncio.ensure_future(route.acquire(ticket)) for ticket in (1, 2)]
        await asyncio.sleep(0)
        route.close()
        for task in waiting:
            with pytest.raises(Moved):
                await task

    asyncio.run(main())
