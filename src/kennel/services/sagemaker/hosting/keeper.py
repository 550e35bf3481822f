"""Keeps every endpoint as its document says: one task an endpoint, woken by what changes.

A task loads the document, works outside any transaction (fetching, loading, forking), and writes
its result only if the document still wants it. It can be killed anywhere: the next one finds
what lives and goes on from there.
"""

from __future__ import annotations

import logging
import shutil
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING

from kennel.engine import EngineError
from kennel.errors import AwsError
from kennel.identity import Principal
from kennel.services.roles import RoleNotPassable
from kennel.services.sagemaker.hosting.artifacts import ModelUnusable
from kennel.services.sagemaker.hosting.deployment import (
    Deployment,
    Endpoint,
    EndpointStatus,
    ServedVariant,
    move,
)
from kennel.services.sagemaker.hosting.model_server import (
    Cancelled,
    ModelServer,
    stop_processes,
)
from kennel.services.sagemaker.hosting.role import ServingRole
from kennel.services.sagemaker.images import Images
from kennel.services.sagemaker.process_logs import ProcessLogs
from kennel.services.sagemaker.woken_tasks import WokenTasks
from kennel.services.sagemaker_runtime import Router, VariantPlan
from kennel.services.sagemaker_runtime.router import MODEL_TIMEOUT
from kennel.store import Collection

if TYPE_CHECKING:
    from kennel.services.service import Parts

__all__ = ["EndpointKeeper"]

log = logging.getLogger(__name__)

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
        self._servers: dict[ServerKey, ModelServer] = {}
        self._changed = threading.Condition()
        self._routed: dict[str, set[str]] = {}  # endpoint -> instances in its route
        self._leaving: set[str] = set()  # taken out of a route, still answering
        self._tasks = WokenTasks("endpoint", self._keep_unless_cancelled, self._watch)

    def start(self) -> None:
        """Takes up every endpoint: adopts what lives, starts what does not."""
        self._tasks.start()
        self._router.keeper = self
        for name, endpoint in self._endpoints.list():
            if endpoint.active is not None and endpoint.status is not EndpointStatus.DELETING:
                # Known from the first request on: those that come now wait for the instances.
                self._publish(name, endpoint.active)
            self.wake(name)
        self._tasks.start_watching()

    def stop(self) -> None:
        """Ends the tasks. Zygotes and instances are stopped with the plane; the next start makes
        them anew."""
        self._tasks.stop()
        for server in self._servers.values():
            server.stop()
        self._logs.stop()

    def wake(self, name: str) -> None:
        """Has the endpoint looked at soon. Wakes while its task runs make it run once more."""
        self._tasks.wake(name)

    def instance_count(self, endpoint: Endpoint, variant: str) -> int:
        """Instances of an active variant that are up now."""
        if endpoint.active is None:
            return 0
        server = self._servers.get((endpoint.name, endpoint.active.generation, variant))
        return 0 if server is None else sum(i.alive for i in server.instances)

    def instance_failed(self, endpoint: str, variant: str, instance: str, *, stuck: bool) -> None:
        """The router saw an instance die or hang, and routes to it no more."""
        with self._changed:
            self._routed.get(endpoint, set()).discard(instance)
            self._leaving.discard(instance)
            self._changed.notify_all()
        for (name, _, of_variant), server in list(self._servers.items()):
            if (name, of_variant) == (endpoint, variant):
                server.forget(instance, kill=stuck)
        self.wake(endpoint)

    def _keep_unless_cancelled(self, name: str) -> None:
        try:
            self._keep(name)
        except Cancelled:
            pass

    def _keep(self, name: str) -> None:
        endpoint = self._endpoints.get(name)
        if endpoint is None:
            return
        match endpoint.status:
            case EndpointStatus.DELETING:
                self._delete(endpoint)
            case EndpointStatus.FAILED:
                self._remove_all_but(endpoint, None)
            case EndpointStatus.CREATING | EndpointStatus.UPDATING if endpoint.pending is not None:
                if endpoint.active is not None:
                    self._serve(endpoint, endpoint.active)
                self._deploy(endpoint, endpoint.pending)
            case EndpointStatus.IN_SERVICE | EndpointStatus.UPDATING:
                assert endpoint.active is not None
                self._serve(endpoint, endpoint.active)
                self._finish_update(endpoint)
            case EndpointStatus.CREATING:
                raise AssertionError(f"{name} is being created from nothing")

    def _deploy(self, endpoint: Endpoint, pending: Deployment) -> None:
        """Makes a new generation ready beside the old one, then switches over to it."""

        def cancelled() -> bool:
            now = self._endpoints.get(endpoint.name)
            return self._tasks.stopping.is_set() or now is None or now.pending != pending

        try:
            for variant in pending.variants:
                server = self._server(endpoint.name, pending, variant)
                self._bring_up(server, endpoint, cancelled)
        except (ModelUnusable, AwsError, EngineError, RoleNotPassable) as error:
            self._give_up(endpoint, pending, str(error))
            return

        def switch(stored: Endpoint) -> Endpoint | None:
            if stored.pending != pending or stored.status is EndpointStatus.DELETING:
                return None
            move(stored, EndpointStatus.IN_SERVICE, self._parts.clock.policy())
            stored.active, stored.pending, stored.failure_reason = pending, None, ""
            return stored

        # Requests reach the new generation before the status says InService.
        self._publish(endpoint.name, pending)
        stored = self._endpoints.update(endpoint.name, switch)
        if stored is not None and stored.active == pending:
            self._remove_all_but(stored, pending.generation)

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

        stored = self._endpoints.update(endpoint.name, fail)
        if stored is not None:
            generation = stored.active.generation if stored.active else None
            self._remove_all_but(stored, generation)

    def _serve(self, endpoint: Endpoint, active: Deployment) -> None:
        """Brings the active generation to the wanted instances, and the route with it."""

        def cancelled() -> bool:
            now = self._endpoints.get(endpoint.name)
            return (
                self._tasks.stopping.is_set()
                or now is None
                or now.status is EndpointStatus.DELETING
                or now.active is None
                or now.active.generation != active.generation
            )

        for variant in active.variants:
            server = self._server(endpoint.name, active, variant)
            self._bring_up(server, endpoint, cancelled)
        self._publish(endpoint.name, active)

    def _bring_up(
        self, server: ModelServer, endpoint: Endpoint, cancelled: Callable[[], bool]
    ) -> None:
        context = self._role.context(endpoint, server.variant)
        adopted = server.zygote is None and server.adopt()
        if not adopted and (server.zygote is None or server.zygote.poll() is not None):
            self._finish_logs(server)
            self._follow(endpoint, server, context.principal)
            environment = self._role.environment(endpoint, server.variant)
            server.launch(context, environment, cancelled)
        server.scale(cancelled)
        self._follow(endpoint, server, context.principal)

    def _finish_update(self, endpoint: Endpoint) -> None:
        if endpoint.status is not EndpointStatus.UPDATING:
            return

        def finish(stored: Endpoint) -> Endpoint | None:
            if stored.status is not EndpointStatus.UPDATING or stored.pending is not None:
                return None
            if stored.active != endpoint.active:
                return None  # changed again meanwhile: the next run serves that
            move(stored, EndpointStatus.IN_SERVICE, self._parts.clock.policy())
            return stored

        self._endpoints.update(endpoint.name, finish)

    def _publish(self, name: str, deployment: Deployment) -> None:
        """Routes to the generation's live instances, as many as are wanted; the others leave."""
        plans = []
        for variant in deployment.variants:
            server = self._server(name, deployment, variant)
            places = [instance.place for instance in server.instances[: variant.count]]
            plans.append(VariantPlan(variant.name, variant.weight, places, variant.routing))
        self._note_leaving(name, {place.name for plan in plans for place in plan.instances})
        self._router.publish(name, plans, self._left)

    def _note_leaving(self, name: str, routed: set[str]) -> None:
        with self._changed:
            self._leaving |= self._routed.get(name, set()) - routed
            self._routed[name] = routed

    def _left(self, instance: str) -> None:
        """An instance was taken out of its route and has answered its last request."""
        for server in list(self._servers.values()):
            server.retire(instance)
        with self._changed:
            self._leaving.discard(instance)
            self._changed.notify_all()

    def _delete(self, endpoint: Endpoint) -> None:
        self._note_leaving(endpoint.name, set())
        self._router.withdraw(endpoint.name, self._left)
        self._remove_all_but(endpoint, None)
        shutil.rmtree(self._folder / endpoint.name, ignore_errors=True)
        self._endpoints.delete(endpoint.name)
        with self._changed:
            self._routed.pop(endpoint.name, None)

    def _remove_all_but(self, endpoint: Endpoint, generation: int | None) -> None:
        """Stops and deletes the servers of every generation but one, when their instances have
        answered what they were asked; those that a killed plane left behind too."""
        for key in [k for k in self._servers if k[0] == endpoint.name and k[1] != generation]:
            server = self._servers[key]
            names = {instance.name for instance in server.instances}
            with self._changed:
                self._changed.wait_for(
                    lambda names=names: not names & self._leaving,  # type: ignore[misc]
                    MODEL_TIMEOUT + 5.0,
                )
            server.stop()
            self._finish_logs(server)
            self._servers.pop(key).remove()
        known = {server.folder for server in self._servers.values()}
        for left_behind in (self._folder / endpoint.name).glob("*"):
            if left_behind not in known:
                stop_processes(self._parts.engine, left_behind)
                shutil.rmtree(left_behind, ignore_errors=True)

    def _server(self, name: str, deployment: Deployment, variant: ServedVariant) -> ModelServer:
        key = (name, deployment.generation, variant.name)
        server = self._servers.get(key)
        if server is None:
            folder = self._folder / name / f"{deployment.generation}-{variant.name}"
            folder.mkdir(parents=True, exist_ok=True)
            server = self._servers[key] = ModelServer(self._parts, self._images, folder, variant)
        server.variant = variant
        return server

    def _follow(self, endpoint: Endpoint, server: ModelServer, principal: Principal) -> None:
        self._logs.follow(f"/aws/sagemaker/Endpoints/{endpoint.name}", server.logs, principal)

    def _finish_logs(self, server: ModelServer) -> None:
        self._logs.finish(server.folder, server.folder.glob("**/log"))

    def _watch(self) -> None:
        for (name, _, _), server in list(self._servers.items()):
            if server.zygote is not None and not server.healthy():
                self.wake(name)
