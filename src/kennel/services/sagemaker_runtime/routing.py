"""The routes of endpoints on the event loop: variants by weight, instances by `dispatch`.

A request goes to an instance that is free; else it waits in its variant's line. What is decided,
and by which rules, is `kennel.services.sagemaker_runtime.dispatch`; this is its shell, which wakes
the requests. Everything here belongs to the event loop;
`kennel.services.sagemaker_runtime.router` is its door for threads.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from kennel.services.sagemaker_runtime.dispatch import (
    Dispatch,
    QueueFull,
    RandomLines,
    SharedLine,
)
from kennel.services.sagemaker_runtime.errors import ServiceUnavailable, ValidationError
from kennel.services.sagemaker_runtime.instance_connection import InstanceConnection
from kennel.services.sagemaker_runtime.variant_metrics import VariantMetrics

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

RANDOM = "RANDOM"


class Moved(Exception):
    """The variant went away while the request waited for it: choose again."""


@dataclass(frozen=True, slots=True)
class InstancePlace:
    """An instance's name, unique in its endpoint, and its socket."""

    name: str
    socket: Path


@dataclass(frozen=True, slots=True)
class VariantPlan:
    """What a variant should be routed to, and how: a RoutingStrategy of botocore's, or none."""

    name: str
    weight: float
    instances: Sequence[InstancePlace]
    strategy: str = ""


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

    def __init__(self, name: str, metrics: VariantMetrics, strategy: str = "") -> None:
        self.name = name
        self.metrics = metrics
        self.strategy = strategy
        self.weight = 0.0
        self.instances: dict[str, RoutedInstance] = {}
        kind = RandomLines if strategy == RANDOM else SharedLine
        self._dispatch: Dispatch[int] = kind(QUEUE_LIMIT)
        self._waiters: dict[int, asyncio.Future[RoutedInstance]] = {}  # by ticket

    @property
    def waiting(self) -> int:
        """Requests that wait for an instance."""
        return self._dispatch.waiting

    @property
    def outstanding(self) -> int:
        """Requests that wait, and those that instances are at work on."""
        return self.waiting + sum(instance.busy for instance in self.instances.values())

    async def acquire(self, ticket: int, *, again: bool = False) -> RoutedInstance:
        """An instance for the request with that ticket, marked busy. It comes `again` if it had
        an instance, or a variant, that went away.

        Raises ServiceUnavailable when the queue is full or the wait is too long, Moved when the
        variant goes away.
        """
        try:
            name = self._dispatch.arrive(ticket, ticket, again=again)
        except QueueFull:
            raise ServiceUnavailable(
                f"{QUEUE_LIMIT} requests already wait for the variant {self.name}."
            ) from None
        if name is not None:
            instance = self.instances[name]
            instance.busy = True
            return instance
        loop = asyncio.get_running_loop()
        waiter: asyncio.Future[RoutedInstance] = loop.create_future()
        self._waiters[ticket] = waiter
        timer = loop.call_later(WAIT_LIMIT, self._give_up, ticket, waiter)
        try:
            return await waiter
        except asyncio.CancelledError:
            self._waiters.pop(ticket, None)
            self._dispatch.abandon(ticket)
            if waiter.done() and not waiter.cancelled() and waiter.exception() is None:
                self.release(waiter.result())
            raise
        finally:
            timer.cancel()

    def release(self, instance: RoutedInstance) -> bool:
        """Gives an instance back. Whether a request that waited has it now."""
        instance.busy = False
        if instance.leaving:
            self._left(instance)
            return False
        ticket = self._dispatch.release(instance.place.name)
        if ticket is None:
            return False
        self._begin([(ticket, instance.place.name)])
        return instance.busy

    def add(self, place: InstancePlace) -> None:
        """Routes to one more instance."""
        self.instances[place.name] = RoutedInstance(place)
        self.metrics.routable(len(self.instances))
        self._begin(self._dispatch.add(place.name))

    def remove(self, name: str, on_left: Callable[[], None] | None = None) -> None:
        """Routes no more requests to an instance; `on_left` is called once it answers none."""
        instance = self.instances.pop(name, None)
        if instance is None:
            if on_left is not None:
                on_left()
            return
        self.metrics.routable(len(self.instances))
        instance.leaving = True
        if on_left is not None:
            instance.on_left.append(on_left)
        self._begin(self._dispatch.remove(name))
        if not instance.busy:
            self._left(instance)

    def close(self) -> None:
        """Sends the requests that wait to choose another variant."""
        for ticket in self._dispatch.close():
            waiter = self._waiters.pop(ticket)
            if not waiter.done():
                waiter.set_exception(Moved())

    def _begin(self, pairs: Iterable[tuple[int, str]]) -> None:
        """Wakes requests with the instances that they have now."""
        for ticket, name in pairs:
            instance = self.instances[name]
            waiter = self._waiters.pop(ticket)
            if waiter.done():  # its caller has just gone
                self.release(instance)
            else:
                instance.busy = True
                waiter.set_result(instance)

    def _give_up(self, ticket: int, waiter: asyncio.Future[RoutedInstance]) -> None:
        if self._dispatch.abandon(ticket):
            self._waiters.pop(ticket)
            if not waiter.done():
                waiter.set_exception(
                    ServiceUnavailable(
                        f"No instance of the variant {self.name} was free within "
                        f"{WAIT_LIMIT:.0f} s."
                    )
                )

    def _left(self, instance: RoutedInstance) -> None:
        if instance.connection is not None:
            instance.connection.close()
        for callback in instance.on_left:
            callback()
        instance.on_left.clear()


class EndpointRoute:
    """The variants of one endpoint. `metrics` makes those of a variant by its name."""

    def __init__(self, name: str, metrics: Callable[[str], VariantMetrics]) -> None:
        self.name = name
        self.variants: dict[str, VariantRoute] = {}
        self._metrics = metrics

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
        before = self.variants
        self.variants = {plan.name: self._variant(plan, before) for plan in plans}
        for variant in before.values():
            if self.variants.get(variant.name) is not variant:
                for name in list(variant.instances):
                    variant.remove(name, _call(on_left, name))
                variant.close()
        for plan in plans:
            variant = self.variants[plan.name]
            variant.weight = plan.weight
            wanted = {place.name: place for place in plan.instances}
            for name in [name for name in wanted if name not in variant.instances]:
                variant.add(wanted[name])
            for name in variant.instances.keys() - wanted.keys():
                variant.remove(name, _call(on_left, name))

    def _variant(self, plan: VariantPlan, before: dict[str, VariantRoute]) -> VariantRoute:
        """The variant as it was, or a new one; one that routes by another strategy is new."""
        known = before.get(plan.name)
        if known is not None and known.strategy == plan.strategy:
            return known
        metrics = self._metrics(plan.name) if known is None else known.metrics
        return VariantRoute(plan.name, metrics, plan.strategy)


def _call(function: Callable[[str], None], name: str) -> Callable[[], None]:
    return lambda: function(name)
