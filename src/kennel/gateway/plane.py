"""A plane: the parts of one state folder, put together, started and stopped."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Iterator

from kennel.auth import IamMode, PolicyAuthorizer, Verified
from kennel.client_environment import Reach
from kennel.clock import ScaledClock
from kennel.decisions import MIGRATIONS as DECISION_MIGRATIONS
from kennel.decisions import DecisionRecord
from kennel.engine import LocalEngine
from kennel.gateway.capture import CertificateAuthority
from kennel.identity import CredentialDirectory
from kennel.services import Dispatcher, Parts, Service
from kennel.services.lambda_ import Lambda
from kennel.services.process_credentials import CredentialDesk
from kennel.services.sagemaker_runtime import SageMakerRuntime
from kennel.settings import Settings
from kennel.store import BlobStore, Collection, Database, Document

__all__ = ["ACCOUNT_ID", "Plane"]

log = logging.getLogger(__name__)

ACCOUNT_ID = "000000000000"
_CLOCK_INTERVAL = 5.0  # wall seconds between two writes of the policy time
_FAST_CLOCK_INTERVAL = 1.0  # the same above this scale: a plane that is killed skips less time
_FAST_SCALE = 5.0


class _PlaneClock(Document):
    policy_time: float = 0.0


class Plane:
    """Everything that a running plane holds. `start` and `stop` once each."""

    def __init__(self, settings: Settings, url: str) -> None:
        self.settings = settings
        self.url = url
        self.started = 0.0
        folder = settings.state
        classes = tuple(_service_classes())
        migrations = [migration for kind in classes for migration in kind.migrations]
        self.database = Database(folder / "kennel.db", [*migrations, *DECISION_MIGRATIONS])
        self.decisions = DecisionRecord(self.database)
        self._clocks = Collection(self.database, "plane-clock", _PlaneClock)
        self.blobs = BlobStore(folder / "blobs", self.database)
        self.engine = LocalEngine(hidden=(folder,))
        self.authority = CertificateAuthority(folder / "ca")
        self.authorizer = PolicyAuthorizer(IamMode(settings.iam), self.decisions)
        self.dispatcher = Dispatcher(self.authorizer, settings.region, ACCOUNT_ID)
        self._service_classes = classes
        self._services: list[Service] = []
        self._stopping = threading.Event()
        self._clock_thread: threading.Thread | None = None

    def start(self) -> None:
        """Opens the store, then starts engine and services: what was under way goes on."""
        settings = self.settings
        self.database.start()
        self.decisions.start()
        self.authority.start()
        stored = self._clocks.get("clock")
        self.clock = ScaledClock(settings.time_scale, stored.policy_time if stored else 0.0)
        self._store_time(2 * self._clock_interval)
        self.credentials = CredentialDirectory(
            self.database, self.clock, ACCOUNT_ID, settings.state
        )
        self.credentials.start()
        self.desk = CredentialDesk(self.dispatcher, ACCOUNT_ID, self.clock, self.credentials.grants)
        parts = Parts(
            database=self.database,
            blobs=self.blobs,
            engine=self.engine,
            clock=self.clock,
            credentials=self.credentials,
            decisions=self.decisions,
            dispatcher=self.dispatcher,
            folder=settings.state,
            region=settings.region,
            account_id=ACCOUNT_ID,
            reach=Reach.of(settings.state, self.url, settings.region),
            isolates_jobs=settings.job_network == "isolated",
            launch_delay=settings.launch_delay,
        )
        self._services = [kind(parts) for kind in self._service_classes]
        for service in self._services:
            self.dispatcher.add(service)
        self.blobs.start()
        self.engine.start()
        self.started = time.time()
        self._clock_thread = threading.Thread(
            target=self._keep_time, name="plane-clock", daemon=True
        )
        self._clock_thread.start()

    def start_services(self) -> None:
        """Starts the services once the plane can be reached."""
        for service in self._services:
            service.start()
        for service in self._services:
            service.ready()

    @property
    def runtime(self) -> SageMakerRuntime:
        """The service behind the invocations' short way."""
        service = self.dispatcher.service(SageMakerRuntime.name)
        assert isinstance(service, SageMakerRuntime)
        return service

    @property
    def functions(self) -> Lambda:
        """The service behind the functions' short way."""
        service = self.dispatcher.service(Lambda.name)
        assert isinstance(service, Lambda)
        return service

    def note_key(self, verified: Verified) -> None:
        """A request has come with that signature."""
        self.credentials.uses.note(verified.access_key_id, verified.service, verified.region)

    def stop(self) -> None:
        """Stops services, engine and store, in that order."""
        self._stopping.set()
        for service in reversed(self._services):
            service.leave()
        for service in reversed(self._services):
            service.stop()
        self.engine.stop()
        if self._clock_thread is not None:
            self._clock_thread.join()
        self.decisions.stop()
        self.database.stop()

    @property
    def _clock_interval(self) -> float:
        return _FAST_CLOCK_INTERVAL if self.clock.scale > _FAST_SCALE else _CLOCK_INTERVAL

    def _keep_time(self) -> None:
        while True:
            ending = self._stopping.wait(self._clock_interval)
            self._store_time(0.0 if ending else 2 * self._clock_interval)
            self.credentials.uses.write(due_only=not ending)
            if ending:
                return

    def _store_time(self, seconds: float) -> None:
        """Stores the policy time that it will be so many wall seconds from now, which is before the
        next write: a plane that is killed before that must not relive what it had. Time that
        keeps to wall time needs none of it: it can't go back."""
        policy = self.clock.policy()
        if self.clock.scale > 1 or policy > self.clock.wall() + 1:
            policy += seconds * self.clock.scale
        self._clocks.put("clock", _PlaneClock(policy_time=policy))


def _service_classes() -> Iterator[type[Service]]:
    """The services in the order they start: a service comes after those it calls."""
    from kennel.services.application_autoscaling import ApplicationAutoScaling
    from kennel.services.cloudwatch import CloudWatch
    from kennel.services.iam import Iam
    from kennel.services.logs import Logs
    from kennel.services.s3 import S3
    from kennel.services.sagemaker import SageMaker
    from kennel.services.sts import Sts

    yield from (Iam, Sts, S3, Logs, CloudWatch, SageMakerRuntime, SageMaker, Lambda)
    yield ApplicationAutoScaling
