"""Which instance takes a request: variants by weight, then one queue a variant.

An instance answers one request at a time. A request goes to an instance that is free; else it
waits in its variant's queue, and whichever instance is free first takes the oldest. So no
instance idles while a request waits, whatever the requests cost. Everything here belongs to the
event loop; `kennel.services.sagemaker_runtime.router` is its door for threads.
"""

from __future__ import annotations

import asyncio
import random
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from kennel.services.sagemaker_runtime.errors import ServiceUnavailable, ValidationError
from kennel.services.sagemaker_runtime.instance_connection import InstanceConnection

__all__ = [
    "EndpointRoute",
    "InstancePlace",
    "Moved",
    "RoutedInstance",
    "VariantPlan",
    "VariantRoute",
]

QUEUE_LIMIT = 1024  # requests that wait for one variant; the next one is told 503
WAIT_LIMIT = 60.0  # seconds that a request waits for an instance; a container has as long to answer


class Moved(Exception):
    """The variant went away while the request waited for it: choose again."""


@dataclass(frozen=True, slots=True)
class InstancePlace:
    """An instance's name, unique in its endpoint, and its socket."""

    name: str
    socket: Path


@dataclass(frozen=True, slots=True)
class VariantPlan:
    """What a variant should be routed to."""

    name: str
    weight: float
    instances: Sequence[InstancePlace]


@dataclass(slots=True, eq=False)
class RoutedInstance:
    """An instance as the loop knows it."""

    place: InstancePlace
    connection: InstanceConnection | None = None
    busy: bool = False
    leaving: bool = False
    on_left: list[Callable[[], None]] = field(default_factory=list)


class VariantRoute:
    """The instances of one variant and the requests that wait for them."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.weight = 0.0
        self.instances: dict[str, RoutedInstance] = {}
        self._free: list[RoutedInstance] = []
        self._waiting: deque[asyncio.Future[RoutedInstance]] = deque()

    @property
    def waiting(self) -> int:
        """Requests in the queue."""
        return len(self._waiting)

    async def acquire(self) -> RoutedInstance:
        """A free instance, marked busy. Waits in order of arrival.

        Raises ServiceUnavailable when the queue is full or the wait is too long, Moved when the
        variant goes away.
        """
        while self._free:
            # The one that was freed last: its caches are warm.
            instance = self._free.pop()
            if not instance.leaving:
                instance.busy = True
                return instance
        if len(self._waiting) >= QUEUE_LIMIT:
            raise ServiceUnavailable(
                f"{QUEUE_LIMIT} requests already wait for the variant {self.name}."
            )
        waiter: asyncio.Future[RoutedInstance] = asyncio.get_running_loop().create_future()
        self._waiting.append(waiter)
        try:
            async with asyncio.timeout(WAIT_LIMIT):
                return await waiter
        except TimeoutError:
            self._abandon(waiter)
            raise ServiceUnavailable(
                f"No instance of the variant {self.name} was free within {WAIT_LIMIT:.0f} s."
            ) from None
        except asyncio.CancelledError:
            self._abandon(waiter)
            raise

    def release(self, instance: RoutedInstance) -> bool:
        """Gives an instance back: to the oldest request that waits (true), or to the free ones."""
        instance.busy = False
        if instance.leaving:
            self._left(instance)
            return False
        while self._waiting:
            waiter = self._waiting.popleft()
            if not waiter.done():
                instance.busy = True
                waiter.set_result(instance)
                return True
        self._free.append(instance)
        return False

    def add(self, place: InstancePlace) -> None:
        """Routes to one more instance."""
        instance = RoutedInstance(place)
        self.instances[place.name] = instance
        self.release(instance)

    def remove(self, name: str, on_left: Callable[[], None] | None = None) -> None:
        """Routes no more requests to an instance; `on_left` is called once it answers none."""
        instance = self.instances.pop(name, None)
        if instance is None:
            if on_left is not None:
                on_left()
            return
        instance.leaving = True
        if on_left is not None:
            instance.on_left.append(on_left)
        if not instance.busy:
            if instance in self._free:
                self._free.remove(instance)
            self._left(instance)

    def close(self) -> None:
        """Sends the requests that wait to choose another variant."""
        while self._waiting:
            waiter = self._waiting.popleft()
            if not waiter.done():
                waiter.set_exception(Moved())

    def _abandon(self, waiter: asyncio.Future[RoutedInstance]) -> None:
        """The request gave up; an instance that it was just given goes back."""
        if waiter in self._waiting:
            self._waiting.remove(waiter)
        if waiter.done() and not waiter.cancelled() and waiter.exception() is None:
            self.release(waiter.result())

    def _left(self, instance: RoutedInstance) -> None:
        if instance.connection is not None:
            instance.connection.close()
        for callback in instance.on_left:
            callback()
        instance.on_left.clear()


class EndpointRoute:
    """The variants of one endpoint."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.variants: dict[str, VariantRoute] = {}

    @property
    def instance_count(self) -> int:
        """Instances of all variants."""
        return sum(len(variant.instances) for variant in self.variants.values())

    def choose(self, target: str = "") -> VariantRoute:
        """The variant that `target` names, or one by weight. Raises ValidationError."""
        if target:
            variant = self.variants.get(target)
            if variant is None:
                raise ValidationError(
                    f"Variant {target} not found for Endpoint {self.name}. "
                    f"It has {', '.join(self.variants)}."
                )
            return variant
        variants = list(self.variants.values())
        if len(variants) == 1:
            return variants[0]
        return random.choices(variants, [variant.weight for variant in variants])[0]

    def apply(self, plans: Sequence[VariantPlan], on_left: Callable[[str], None]) -> None:
        """Routes to what the plans say. Requests that wait go over to the new instances;
        `on_left` hears the name of each instance that left and has answered its last request."""
        for plan in plans:
            variant = self.variants.setdefault(plan.name, VariantRoute(plan.name))
            variant.weight = plan.weight
            wanted = {place.name: place for place in plan.instances}
            for name in wanted.keys() - variant.instances.keys():
                variant.add(wanted[name])
            for name in variant.instances.keys() - wanted.keys():
                variant.remove(name, _call(on_left, name))
        for name in self.variants.keys() - {plan.name for plan in plans}:
            variant = self.variants.pop(name)
            for instance in list(variant.instances):
                variant.remove(instance, _call(on_left, instance))
            variant.close()


def _call(function: Callable[[str], None], name: str) -> Callable[[], None]:
    return lambda: function(name)
