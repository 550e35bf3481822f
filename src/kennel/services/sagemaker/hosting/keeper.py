"""Keeps every endpoint as its document says: one task an endpoint, woken by what changes.

A task looks at the document, does for each generation of the endpoint what can be done now, and
looks again until there is nothing left to wait for. No step waits for a model, so an instance of
the generation that serves is replaced at once whatever else is under way. A task can be killed
anywhere: the next one finds what lives and goes on from there.
"""

from __future__ import annotations

import logging
import shutil
import threading
import time
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TYPE_CHECKING, Any

from kennel.engine import EngineError
from kennel.errors import AwsError
from kennel.services.roles import RoleNotPassable
from kennel.services.sagemaker.hosting.artifacts import ModelUnusable
from kennel.services.sagemaker.hosting.deployment import (
    Deployment,
    Endpoint,
    EndpointStatus,
    ServedVariant,
    move,
    next_arrival,
)
from kennel.services.sagemaker.hosting.instance import stop_processes
from kennel.services.sagemaker.hosting.model_server import ModelServer
from kennel.services.sagemaker.hosting.role import ServingRole
from kennel.services.sagemaker.hosting.utilization import Utilization, Watched
from kennel.services.sagemaker.images import Images
from kennel.services.sagemaker.instance_types import instance_type
from kennel.services.sagemaker.process_logs import ProcessLogs
from kennel.services.sagemaker.woken_tasks import WokenTasks
from kennel.services.sagemaker_runtime import Router, VariantPlan
from kennel.services.sagemaker_runtime.router import MODEL_TIMEOUT
from kennel.store import Collection

if TYPE_CHECKING:
    from kennel.identity import Principal
    from kennel.services.context import Context
    from kennel.services.service import Parts

__all__ = ["EndpointKeeper"]

log = logging.getLogger(__name__)

_SHORTEST_LOOK = 0.002  # seconds between two looks at an instance that is about to answer,
_LONGEST_LOOK = 0.02  # and at a model that loads
_LAUNCHES = 4  # models fetched at a time

_UNUSABLE = (ModelUnusable, AwsError, EngineError, RoleNotPassable)

ServerKey = tuple[str, int, str]  # endpoint, generation, variant


class EndpointKeeper:
    """Runs the endpoints. `router.keeper` must be this object."""

    def __init__(
        self, parts: Parts, endpoints: Collection[Endpoint], images: Images, router: Router
    ) -> None:
        self._parts = parts
        self._endpoints = endpoints
        self._images = images
        self._router = router
        self._folder = parts.folder / "sagemaker" / "endpoints"
        self._role = ServingRole(parts)
        self._logs = ProcessLogs(parts)
        self._background = ThreadPoolExecutor(_LAUNCHES, thread_name_prefix="model-launch")
        self._servers: dict[ServerKey, ModelServer] = {}
        self._published: dict[str, list[VariantPlan]] = {}  # by endpoint
        self._left_a_route = threading.Condition()
        self._tasks = WokenTasks("endpoint", self._keep, self._watch)
        self._past = WokenTasks("endpoint's past", self._clear_past)
        self._clearing: dict[str, threading.Lock] = {}
        self._principals: dict[ServerKey, Principal] = {}
        self._utilization = Utilization(parts.clock, self._add_metric)

    def start(self) -> None:
        """Takes up every endpoint: adopts what lives, starts what does not."""
        self._tasks.start()
        self._past.start()
        self._past.start_watching()
        self._router.keeper = self
        for name, endpoint in self._endpoints.list():
            if endpoint.active is not None and endpoint.status is not EndpointStatus.DELETING:
                # Known from the first request on: those that come now wait for the instances.
                self._publish(name, endpoint.active, self._parts.clock.policy())
            self.wake(name)
            self._past.wake(name)
        self._tasks.start_watching()

    def stop(self) -> None:
        """Ends the tasks. Zygotes and instances are stopped with the plane; the next start makes
        them anew."""
        self._router.keeper = None  # what ends from here on is meant to
        self._tasks.stop()
        with self._left_a_route:
            self._left_a_route.notify_all()
        self._past.stop()
        for (name, _, _), server in self._servers.items():
            server.stop()
            self._role.end(name, server.folder)
        self._background.shutdown(cancel_futures=True)
        self._logs.stop()

    def wake(self, name: str) -> None:
        """Has the endpoint looked at soon. Wakes while its task runs make it run once more."""
        self._tasks.wake(name)

    def instance_count(self, endpoint: str, variant: str) -> int:
        """Instances of a variant that take requests now."""
        return sum(
            self._is_alive(endpoint, place.name)
            for plan in self._published.get(endpoint, ())
            if plan.name == variant
            for place in plan.instances
        )

    def instance_failed(self, endpoint: str, variant: str, instance: str, *, stuck: bool) -> None:
        """The router saw an instance die or hang, and routes to it no more."""
        for (name, _, of_variant), server in list(self._servers.items()):
            if (name, of_variant) == (endpoint, variant):
                server.forget(instance)
        with self._left_a_route:
            self._left_a_route.notify_all()
        self.wake(endpoint)

    def was_taken_along(self, endpoint: str, variant: str, instance: str) -> bool:
        """Whether the instance died because its zygote did. On the event loop."""
        return any(
            server.lost_with_zygote(instance)
            for (name, _, of_variant), server in list(self._servers.items())
            if (name, of_variant) == (endpoint, variant)
        )

    def _is_alive(self, endpoint: str, instance: str) -> bool:
        return any(
            one.name == instance and one.alive
            for (name, _, _), server in list(self._servers.items())
            if name == endpoint
            for one in server.instances
        )

    def _keep(self, name: str) -> None:
        pause = _SHORTEST_LOOK
        while not self._tasks.stopping.is_set():
            endpoint = self._endpoints.get(name)
            if endpoint is None:
                return
            if endpoint.status is EndpointStatus.DELETING:
                self._delete(endpoint)
                return
            if endpoint.status is EndpointStatus.FAILED:
                self._past.wake(name)
                return
            if not self._advance(endpoint):
                return
            time.sleep(pause)
            pause = min(_LONGEST_LOOK, pause * 1.5)

    def _advance(self, endpoint: Endpoint) -> bool:
        """Does what can be done now; whether to look again in a moment."""
        active, pending = endpoint.active, endpoint.pending
        now = self._parts.clock.policy()
        is_up, error = True, None
        if active is not None:
            is_up, error = self._step(endpoint, active)
            self._publish(endpoint.name, active, now)
        if pending is not None:
            is_ready, reason = self._step(endpoint, pending)
            if reason is not None:
                self._give_up(endpoint, pending, str(reason))
                return True
            if is_ready and self._has_arrived(endpoint.name, pending, now):
                self._switch(endpoint, pending, now)
                return True
            is_up = is_up and is_ready
        if error is not None:
            raise error  # it is tried again in some seconds
        if not is_up:
            return True
        if pending is None and active is not None:
            return self._has_arrived(endpoint.name, active, now) and self._finish_update(endpoint)
        return False

    def _step(self, endpoint: Endpoint, deployment: Deployment) -> tuple[bool, Exception | None]:
        """Whether all instances of a generation are up, and why one can't be."""
        is_up, error = True, None
        for variant in deployment.variants:
            server = self._server(endpoint.name, deployment, variant)
            try:
                is_up &= server.step(partial(self._launch, endpoint, server))
                self._follow(endpoint, deployment.generation, server)
            except _UNUSABLE as caught:
                is_up, error = False, caught
        return is_up, error

    def _launch(self, endpoint: Endpoint, server: ModelServer) -> tuple[Context, Mapping[str, str]]:
        self._finish_logs(server)
        return (
            self._role.context(endpoint, server.variant),
            self._role.environment(endpoint, server.folder, server.variant),
        )

    def _has_arrived(self, name: str, deployment: Deployment, now: float) -> bool:
        """Whether every instance may take requests by the policy time `now`; has the endpoint
        looked at again when the next one may."""
        arrival = next_arrival(deployment.variants, now)
        if arrival is not None:
            clock = self._parts.clock
            self._tasks.wake_later(name, (arrival - clock.policy()) / clock.scale)
        return arrival is None

    def _switch(self, endpoint: Endpoint, pending: Deployment, now: float) -> None:
        """A generation that is ready takes over; the one before goes."""

        def switch(stored: Endpoint) -> Endpoint | None:
            if stored.pending != pending or stored.status is EndpointStatus.DELETING:
                return None
            move(stored, EndpointStatus.IN_SERVICE, self._parts.clock.policy())
            stored.active, stored.pending, stored.failure_reason = pending, None, ""
            return stored

        # Requests reach the new generation before the status says InService.
        self._publish(endpoint.name, pending, now)
        self._endpoints.update(endpoint.name, switch)
        self._past.wake(endpoint.name)

    def _give_up(self, endpoint: Endpoint, pending: Deployment, reason: str) -> None:
        """A new endpoint fails; an updated one goes on with what it had, as AWS rolls back."""
        log.warning("endpoint %s: %s", endpoint.name, reason)

        def fail(stored: Endpoint) -> Endpoint | None:
            if stored.pending != pending or stored.status is EndpointStatus.DELETING:
                return None
            failed = stored.active is None
            status = EndpointStatus.FAILED if failed else EndpointStatus.IN_SERVICE
            move(stored, status, self._parts.clock.policy())
            stored.pending, stored.failure_reason = None, reason
            return stored

        self._endpoints.update(endpoint.name, fail)
        self._past.wake(endpoint.name)

    def _finish_update(self, endpoint: Endpoint) -> bool:
        """Says that the endpoint is in service; whether it has changed again meanwhile."""
        if endpoint.status is not EndpointStatus.UPDATING:
            return False

        def finish(stored: Endpoint) -> Endpoint | None:
            if stored.status is not EndpointStatus.UPDATING or stored.pending is not None:
                return None
            if stored.active != endpoint.active:
                return None
            move(stored, EndpointStatus.IN_SERVICE, self._parts.clock.policy())
            return stored

        stored = self._endpoints.update(endpoint.name, finish)
        return stored is not None and stored.status is not EndpointStatus.IN_SERVICE

    def _publish(self, name: str, deployment: Deployment, now: float) -> None:
        """Routes to the generation's instances, as many as have arrived by the policy time `now`.
        Those that are too many leave; the oldest stay."""
        plans, surplus = [], []
        for variant in deployment.variants:
            server = self._server(name, deployment, variant)
            instances = server.instances
            places = [one.place for one in instances[: variant.arrived(now)]]
            plans.append(VariantPlan(variant.name, variant.weight, places, variant.routing))
            surplus += [(server, one.name) for one in instances[variant.count :]]
        before = self._published.get(name, [])
        if plans != before:
            self._route(name, plans)
        routed = _names(before)
        for server, instance in surplus:
            if instance not in routed:  # it was up before its time, and is not wanted any more
                server.retire(instance)

    def _route(self, name: str, plans: list[VariantPlan]) -> None:
        """Routes to what the plans say, and tells the servers whose instances leave."""
        self._leave(name, _names(self._published.get(name, [])) - _names(plans))
        self._published[name] = plans
        self._router.publish(name, plans, self._left)

    def _leave(self, name: str, instances: set[str]) -> None:
        for (endpoint, _, _), server in list(self._servers.items()):
            if endpoint == name:
                for instance in instances:
                    server.leave(instance)

    def _left(self, instance: str) -> None:
        """An instance was taken out of its route and has answered its last request."""
        for server in list(self._servers.values()):
            server.retire(instance)
        with self._left_a_route:
            self._left_a_route.notify_all()

    def _delete(self, endpoint: Endpoint) -> None:
        name = endpoint.name
        self._leave(name, _names(self._published.get(name, [])))
        self._published.pop(name, None)
        self._router.withdraw(name, self._left)
        self._clear_away(name)
        if not self._tasks.stopping.is_set():
            self._role.end(name)
            shutil.rmtree(self._folder / name, ignore_errors=True)
            self._endpoints.delete(name)

    def _clear_past(self, name: str) -> None:
        endpoint = self._endpoints.get(name)
        # What is being deleted may be at work on in this moment; its own task clears it away.
        if endpoint is not None and endpoint.status is not EndpointStatus.DELETING:
            self._clear_away(name)

    def _clear_away(self, name: str) -> None:
        """Stops and deletes the servers of every generation that is none of the endpoint's any
        more, when their instances have answered what they were asked; those that a killed plane
        left behind too."""
        with self._clearing.setdefault(name, threading.Lock()):
            endpoint = self._endpoints.get(name)
            if endpoint is None:
                return
            ended = {EndpointStatus.DELETING, EndpointStatus.FAILED}
            kept = {
                deployment.generation
                for deployment in (endpoint.active, endpoint.pending)
                if deployment is not None and endpoint.status not in ended
            }
            for key, server in list(self._servers.items()):
                # A generation that is newer than the document that was read is no old one.
                if key[0] == name and key[1] <= endpoint.generations and key[1] not in kept:
                    self._wait_until_left(server)
                    if self._tasks.stopping.is_set():
                        return
                    server.stop()
                    self._role.end(name, server.folder)
                    self._finish_logs(server)
                    self._servers.pop(key).remove()
                    self._principals.pop(key, None)
            for left_behind in (self._folder / name).glob("*-*"):
                generation = int(left_behind.name.partition("-")[0])
                if generation <= endpoint.generations and generation not in kept:
                    stop_processes(self._parts.engine, left_behind)
                    self._role.end(name, left_behind)
                    shutil.rmtree(left_behind, ignore_errors=True)

    def _wait_until_left(self, server: ModelServer) -> None:
        with self._left_a_route:
            self._left_a_route.wait_for(
                lambda: not server.leaving or self._tasks.stopping.is_set(), MODEL_TIMEOUT + 5.0
            )

    def _server(self, name: str, deployment: Deployment, variant: ServedVariant) -> ModelServer:
        key = (name, deployment.generation, variant.name)
        server = self._servers.get(key)
        if server is None:
            folder = self._folder / name / f"{deployment.generation}-{variant.name}"
            folder.mkdir(parents=True, exist_ok=True)
            server = self._servers[key] = ModelServer(
                self._parts, self._images, folder, variant, self._background
            )
        server.variant = variant
        return server

    def _add_metric(self, *value: Any) -> None:
        cloudwatch = self._parts.dispatcher.service("cloudwatch")
        assert cloudwatch is not None
        cloudwatch.sink.add(*value)  # type: ignore[attr-defined]

    def _follow(self, endpoint: Endpoint, generation: int, server: ModelServer) -> None:
        key = (endpoint.name, generation, server.variant.name)
        principal = self._principals.get(key)
        if principal is None:
            principal = self._role.principal(endpoint, server.variant)
            self._principals[key] = principal
        self._logs.follow(f"/aws/sagemaker/Endpoints/{endpoint.name}", server.logs, principal)

    def _finish_logs(self, server: ModelServer) -> None:
        self._logs.finish(server.folder, server.folder.glob("**/log"))

    def _watch(self) -> None:
        servers = list(self._servers.items())
        for (name, _, _), server in servers:
            if not server.healthy():
                self.wake(name)
        if self._utilization.is_due():
            self._utilization.look(
                [
                    Watched(
                        name,
                        variant,
                        instance_type(server.variant.instance_type),
                        server.instances,
                    )
                    for (name, _, variant), server in servers
                ]
            )


def _names(plans: Iterable[VariantPlan]) -> set[str]:
    return {place.name for plan in plans for place in plan.instances}
