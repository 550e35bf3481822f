"""InvokeEndpoint's way from the event loop to an instance and back."""

from __future__ import annotations

import asyncio
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

__all__ = ["Invocation", "Keeper", "Router", "Served"]

log = logging.getLogger(__name__)

MODEL_TIMEOUT = 60.0  # seconds a container has to answer ("Use Your Own Inference Code")


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
    instances: int
    waited: float
    served: float


class Keeper(Protocol):
    """Who keeps the instances, and must hear when one fails. Called on the event loop."""

    def instance_failed(self, endpoint: str, variant: str, instance: str, *, stuck: bool) -> None:
        """The instance is dead, or has been silent for the model's time limit (`stuck`)."""


class Router:
    """Routes of all endpoints. `invoke` belongs to the event loop, the rest to any thread."""

    def __init__(self, account_id: str) -> None:
        self._account_id = account_id
        self._routes: dict[str, EndpointRoute] = {}
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

    async def invoke(self, invocation: Invocation) -> Served:
        """Serves one request.

        An instance that dies before the first byte of its answer costs the request nothing: it
        goes once to another. A time-out or an answer of the model's is never retried. Raises
        ValidationError, ServiceUnavailable, ModelError (time-outs).
        """
        began = asyncio.get_running_loop().time()
        head = invocation.head()
        for is_last in (False, True):
            while True:
                variant = self._route(invocation.endpoint).choose(invocation.target_variant)
                try:
                    instance = await variant.acquire()
                    break
                except Moved:
                    continue
                except ServiceUnavailable as error:
                    error.variant = variant.name
                    raise
            try:
                return await self._serve(invocation, head, variant, instance, began)
            except ModelError as error:
                error.variant = variant.name
                raise
            except (InstanceGone, OSError) as error:
                if is_last or (isinstance(error, InstanceGone) and error.answered):
                    raise self._ended(invocation.endpoint, variant) from None
        raise AssertionError("the last attempt returns or raises")

    async def _serve(
        self,
        invocation: Invocation,
        head: bytes,
        variant: VariantRoute,
        instance: RoutedInstance,
        began: float,
    ) -> Served:
        """One attempt on one instance, which is given back. Raises ModelError if it is silent for
        too long, InstanceGone or OSError if it is not there."""
        loop = asyncio.get_running_loop()
        started = loop.time()
        try:
            async with asyncio.timeout(MODEL_TIMEOUT):
                reply = await _exchange(instance, head, invocation.body)
        except TimeoutError:
            self._failed(invocation.endpoint, variant, instance, stuck=True)
            raise _timed_out() from None
        except (InstanceGone, OSError):
            self._failed(invocation.endpoint, variant, instance, stuck=False)
            raise
        finally:
            is_passed_on = variant.release(instance)
        ended = loop.time()
        if is_passed_on:
            # The instance idles until it has its next request: that one goes out first, and
            # then this reply.
            await asyncio.sleep(0)
        count = max(1, len(variant.instances))
        name = instance.place.name
        return Served(reply, variant.name, name, count, started - began, ended - started)

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
        self._routes.setdefault(endpoint, EndpointRoute(endpoint)).apply(plans, on_left)

    def _failed(
        self, endpoint: str, variant: VariantRoute, instance: RoutedInstance, *, stuck: bool
    ) -> None:
        name = instance.place.name
        log.warning("instance %s of endpoint %s %s", name, endpoint, "hangs" if stuck else "died")
        variant.remove(name)
        if self.keeper is not None:
            self.keeper.instance_failed(endpoint, variant.name, name, stuck=stuck)

    @staticmethod
    def _ended(endpoint: str, variant: VariantRoute) -> ServiceUnavailable:
        error = ServiceUnavailable(
            f"The instance of the variant {variant.name} that served the request ended before it "
            f"had answered. The log group /aws/sagemaker/Endpoints/{endpoint} says why."
        )
        error.variant = variant.name
        return error

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


async def _exchange(instance: RoutedInstance, head: bytes, body: bytes) -> InstanceReply:
    if instance.connection is None or not instance.connection.open:
        instance.connection = await InstanceConnection.connect(instance.place.socket)
    return await instance.connection.exchange(head, body)


def _timed_out() -> ModelError:
    return ModelError(
        'Received server error (0) from primary with message "Your invocation timed out while '
        "waiting for a response from container primary. Review the latency metrics for each "
        'container in Amazon CloudWatch, resolve the issue, and try again."',
        OriginalStatusCode=0,
        OriginalMessage="Your invocation timed out while waiting for a response from container "
        "primary.",
    )
