"""InvokeEndpoint's way from the event loop to an instance and back."""

from __future__ import annotations

import asyncio
import itertools
import logging
import threading
from collections.abc import Callable, Coroutine, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any, Protocol

from kennel.services.sagemaker_runtime.errors import (
    ModelError,
    ServiceUnavailable,
    ValidationError,
)
from kennel.services.sagemaker_runtime.instance_connection import (
    InstanceConnection,
    InstanceGone,
    InstanceReply,
)
from kennel.services.sagemaker_runtime.routing import (
    EndpointRoute,
    Moved,
    RoutedInstance,
    VariantPlan,
    VariantRoute,
)
from kennel.services.sagemaker_runtime.variant_metrics import VariantMetrics

__all__ = ["Invocation", "Keeper", "Router", "Served"]

log = logging.getLogger(__name__)

MODEL_TIMEOUT = 60.0  # seconds a container has to answer ("Use Your Own Inference Code")

_MOST_ATTEMPTS = 2  # instances that may die of one request
_MOST_DEATHS = 5  # instances that may die with one request, for whatever reason
_NOBODY_LISTENS = (ConnectionError, FileNotFoundError)


@dataclass(frozen=True, slots=True)
class Invocation:
    """A request to an endpoint, as the container will see it."""

    endpoint: str
    body: bytes
    content_type: str = ""
    accept: str = ""
    custom_attributes: str = ""
    target_variant: str = ""
    inference_id: str = ""

    def head(self) -> bytes:
        """The HTTP request to the instance, without its body."""
        lines = ["POST /invocations HTTP/1.1", "Host: model"]
        for name, value in (
            ("Content-Type", self.content_type),
            ("Accept", self.accept),
            ("X-Amzn-SageMaker-Custom-Attributes", self.custom_attributes),
            ("X-Amzn-SageMaker-Inference-Id", self.inference_id),
        ):
            if value:
                lines.append(f"{name}: {value}")
        lines.append(f"Content-Length: {len(self.body)}\r\n\r\n")
        return "\r\n".join(lines).encode("latin-1")


@dataclass(frozen=True, slots=True)
class Served:
    """A reply, who gave it, and where the time went (seconds)."""

    reply: InstanceReply
    variant: str
    instance: str
    waited: float
    served: float


class Keeper(Protocol):
    """Who keeps the instances, and must hear when one fails. Called on the event loop."""

    def instance_failed(self, endpoint: str, variant: str, instance: str, *, stuck: bool) -> None:
        """The instance is dead, or has been silent for the model's time limit (`stuck`)."""

    def was_taken_along(self, endpoint: str, variant: str, instance: str) -> bool:
        """Whether the instance died because what it lives by did, and not of its request; asked
        before `instance_failed`."""


class Router:
    """Routes of all endpoints. `invoke` belongs to the event loop, the rest to any thread."""

    def __init__(self, account_id: str, metrics: Callable[[str, str], VariantMetrics]) -> None:
        """`metrics` makes those of an endpoint's variant, by their names."""
        self._account_id = account_id
        self._metrics = metrics
        self._routes: dict[str, EndpointRoute] = {}
        self._tickets = itertools.count(1)
        self._loop: asyncio.AbstractEventLoop | None = None
        self._attached = threading.Event()
        self.keeper: Keeper | None = None

    def attach(self, loop: asyncio.AbstractEventLoop) -> None:
        """Names the loop that the routes belong to; before it runs any request."""
        self._loop = loop
        self._attached.set()

    def publish(
        self, endpoint: str, plans: Sequence[VariantPlan], on_left: Callable[[str], None]
    ) -> None:
        """Routes an endpoint to what the plans say and returns once it is so.

        `on_left` is called on the loop with the name of each instance that was taken out, when
        it has answered its last request: only then may it be stopped.
        """
        self._on_loop(lambda: self._apply(endpoint, plans, on_left))

    def withdraw(self, endpoint: str, on_left: Callable[[str], None]) -> None:
        """Ends an endpoint's route: requests that wait or come now hear that it is not there."""

        def end() -> None:
            route = self._routes.pop(endpoint, None)
            if route is not None:
                route.apply([], on_left)

        self._on_loop(end)

    def beat(self, at: int) -> None:
        """Has every variant publish what it publishes regularly. On the loop."""
        for route in self._routes.values():
            for variant in route.variants.values():
                variant.metrics.beat(at, variant.outstanding)

    async def invoke(self, invocation: Invocation) -> Served:
        """Serves one request.

        An instance that dies before the first byte of its answer costs the request nothing: it
        goes once to another. One that was dead before it was asked does not count, nor one that
        died because its zygote did: with that, all instances of a variant die within a moment. A
        time-out or an answer of the model's is never retried. Raises ValidationError,
        ServiceUnavailable, ModelError (time-outs).
        """
        began = asyncio.get_running_loop().time()
        head = invocation.head()
        ticket = next(self._tickets)
        variant = self._route(invocation.endpoint).choose(invocation.target_variant)
        variant.metrics.arrived(len(variant.instances))
        attempts = deaths = 0
        again = False
        while True:
            try:
                instance = await variant.acquire(ticket, again=again)
                return await self._serve(invocation, head, variant, instance, began)
            except Moved:
                pass
            except (ServiceUnavailable, ModelError):
                variant.metrics.failed()
                raise
            except InstanceGone as error:
                deaths += error.asked
                attempts += error.asked and not error.taken_along
                if error.answered or attempts == _MOST_ATTEMPTS or deaths == _MOST_DEATHS:
                    variant.metrics.failed()
                    raise self._ended(invocation.endpoint, variant) from None
            again = True
            variant = self._route(invocation.endpoint).choose(invocation.target_variant)

    async def _serve(
        self,
        invocation: Invocation,
        head: bytes,
        variant: VariantRoute,
        instance: RoutedInstance,
        began: float,
    ) -> Served:
        """One attempt on one instance, which is given back. Raises ModelError if it is silent for
        too long, InstanceGone if it is not there."""
        loop = asyncio.get_running_loop()
        started = loop.time()
        try:
            async with asyncio.timeout(MODEL_TIMEOUT):
                reply = await self._exchange(invocation, head, variant, instance)
        except TimeoutError:
            self._failed(invocation.endpoint, variant, instance, stuck=True)
            raise _timed_out() from None
        except InstanceGone as error:
            error.taken_along = self.keeper is not None and self.keeper.was_taken_along(
                invocation.endpoint, variant.name, instance.place.name
            )
            self._failed(invocation.endpoint, variant, instance, stuck=False)
            raise
        finally:
            is_passed_on = variant.release(instance)
        ended = loop.time()
        if is_passed_on:
            # The instance idles until it has its next request: that one goes out first, and
            # then this reply.
            await asyncio.sleep(0)
        served = Served(reply, variant.name, instance.place.name, started - began, ended - started)
        model = float(reply.headers.get("x-kennel-model-micros", served.served * 1e6))
        overhead = max(0.0, (served.waited + served.served) * 1e6 - model)
        variant.metrics.answered(reply.status, model, overhead)
        return served

    async def _exchange(
        self, invocation: Invocation, head: bytes, variant: VariantRoute, instance: RoutedInstance
    ) -> InstanceReply:
        connection = instance.connection
        if connection is None or not connection.open:
            try:
                connection = await InstanceConnection.connect(instance.place.socket)
            except _NOBODY_LISTENS:
                raise InstanceGone(asked=False) from None
            except OSError as error:  # the plane's own trouble, such as too many open files
                raise ServiceUnavailable(
                    f"The variant {variant.name} can't be reached: {error.strerror}."
                ) from error
            instance.connection = connection
            # An idle instance that dies is known at once, and not only by the next request.
            connection.on_idle_end = lambda: self._failed(
                invocation.endpoint, variant, instance, stuck=False
            )
        return await connection.exchange(head, invocation.body)

    def run(self, serving: Coroutine[Any, Any, Served]) -> Served:
        """Runs a coroutine of the loop's for a caller outside of it."""
        assert self._loop is not None
        return asyncio.run_coroutine_threadsafe(serving, self._loop).result()

    def _route(self, endpoint: str) -> EndpointRoute:
        route = self._routes.get(endpoint)
        if route is None:
            raise ValidationError(f"Endpoint {endpoint} of account {self._account_id} not found.")
        return route

    def _apply(
        self, endpoint: str, plans: Sequence[VariantPlan], on_left: Callable[[str], None]
    ) -> None:
        route = self._routes.get(endpoint)
        if route is None:
            route = EndpointRoute(endpoint, lambda variant: self._metrics(endpoint, variant))
            self._routes[endpoint] = route
        route.apply(plans, on_left)

    def _failed(
        self, endpoint: str, variant: VariantRoute, instance: RoutedInstance, *, stuck: bool
    ) -> None:
        name = instance.place.name
        if instance.leaving and not stuck:
            return  # it is known to be gone, or it was asked to go
        variant.remove(name)
        if self.keeper is not None:
            log.warning(
                "instance %s of endpoint %s %s", name, endpoint, "hangs" if stuck else "died"
            )
            self.keeper.instance_failed(endpoint, variant.name, name, stuck=stuck)

    @staticmethod
    def _ended(endpoint: str, variant: VariantRoute) -> ServiceUnavailable:
        return ServiceUnavailable(
            f"The instance of the variant {variant.name} that served the request ended before it "
            f"had answered. The log group /aws/sagemaker/Endpoints/{endpoint} says why."
        )

    def _on_loop(self, work: Callable[[], None]) -> None:
        self._attached.wait()
        assert self._loop is not None
        done: Future[None] = Future()

        def run() -> None:
            try:
                work()
            except BaseException as error:  # handed to the thread that waits
                done.set_exception(error)
            else:
                done.set_result(None)

        self._loop.call_soon_threadsafe(run)
        done.result()


def _timed_out() -> ModelError:
    return ModelError(
        'Received server error (0) from primary with message "Your invocation timed out while '
        "waiting for a response from container primary. Review the latency metrics for each "
        'container in Amazon CloudWatch, resolve the issue, and try again."',
        OriginalStatusCode=0,
        OriginalMessage="Your invocation timed out while waiting for a response from container "
        "primary.",
    )
