"""What all training jobs of a plane share."""

from __future__ import annotations

import hashlib
import logging
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path, PurePath
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from kennel.engine import Network
from kennel.errors import AwsError
from kennel.services.logs import Logs
from kennel.services.process_credentials import credential_variables
from kennel.services.roles import RoleNotPassable, role_principal
from kennel.services.sagemaker.images import Images
from kennel.services.sagemaker.imports import imports_folder
from kennel.services.sagemaker.naming import LOG_GROUP_TRAINING
from kennel.services.sagemaker.training.document import TrainingJob
from kennel.services.sagemaker.training.errors import JobFault
from kennel.services.sagemaker.training.events import Listeners
from kennel.services.sagemaker.training.folder import HostFolder
from kennel.services.sagemaker.training.meeting import Meeting, Meetings
from kennel.services.sagemaker.training.spec import TrainingSpec
from kennel.services.sagemaker.training.store import JobStore
from kennel.services.service import Parts
from kennel.weights import WeightsFolder

if TYPE_CHECKING:
    from kennel.services.context import Context
    from kennel.services.logs import LogShipper

__all__ = ["Workshop"]

log = logging.getLogger(__name__)

_HOLDER = "training-job"  # of grants
_SERVICE = "sagemaker.amazonaws.com"
_SESSION_NAME = "SageMaker"  # as in the ARN of a job's session on AWS


@dataclass(frozen=True, slots=True)
class Workshop:
    """The parts that a job is run with. `threads` says how many threads a job that starts now
    may use; `closing` is set when the plane stops."""

    parts: Parts
    jobs: JobStore
    listeners: Listeners
    images: Images
    meetings: Meetings
    threads: Callable[[TrainingSpec], int]
    closing: threading.Event

    @property
    def folder(self) -> Path:
        """Where jobs have their folders."""
        return self.parts.folder / "sagemaker" / "training"

    @property
    def shipper(self) -> LogShipper:
        service = self.parts.dispatcher.service("logs")
        assert isinstance(service, Logs), "training jobs need the logs service"
        return service.shipper

    def hosts(self, job: TrainingJob, spec: TrainingSpec) -> list[HostFolder]:
        """The folders of a job's hosts."""
        return [HostFolder(self.folder / job.folder / host, host) for host in spec.hosts]

    def meeting(self, job: TrainingJob, spec: TrainingSpec) -> Meeting:
        """Where a job's hosts meet. Raises JobFault if it must have a network of its own and this
        machine gives none."""
        if job.meeting is not None:
            return job.meeting
        refusal = self.parts.engine.capabilities.no_network
        if spec.isolated and refusal:
            raise JobFault(
                "ClientError: EnableNetworkIsolation can't be held: this machine gives Kennel no "
                f"network namespace ({refusal}). Leave it out, and the job runs in the machine's "
                "network."
            )
        if not refusal and (spec.isolated or self.parts.isolates_jobs):
            return Meeting.in_own_network()
        return self.meetings.take(job.name)

    def network(self, job: TrainingJob, spec: TrainingSpec) -> Network | None:
        """The network of a job's present attempt; None if it is in this machine's."""
        if not self.meeting(job, spec).own:
            return None
        port = urlsplit(self.parts.reach.url).port
        ports = () if spec.isolated or port is None else (port,)
        return Network(self.folder / job.folder / f"network-{job.attempt}", ports)

    def no_network(self, job: TrainingJob, spec: TrainingSpec) -> str:
        """Why a job that is to have a network of its own has none; empty if that is not so."""
        if self.meeting(job, spec).own or not self.parts.isolates_jobs:
            return ""
        return self.parts.engine.capabilities.no_network

    def context(self, context: Context, job: TrainingJob) -> Context:
        """A context that acts as a job's role in its region. Raises JobFault if the role is
        gone."""
        try:
            principal = role_principal(context, job.request["RoleArn"], _SESSION_NAME)
        except RoleNotPassable as error:
            raise JobFault(f"ClientError: {error.reason}") from error
        return self.parts.dispatcher.context(principal, region=job.region)

    def credentials(self, job: TrainingJob, folder: HostFolder) -> dict[str, str]:
        """The variables that lead a host's process to the credentials of the job's role, until
        `end_credentials` or another process of that host."""
        holder = f"{_HOLDER}/{job.folder}/{folder.host}"
        role = job.request["RoleArn"]
        return credential_variables(self.parts, holder, role, _SESSION_NAME, _SERVICE, job.arn)

    def end_credentials(self, folder: PurePath) -> None:
        """No process of the job with that folder, which no other job has, gets credentials any
        more."""
        self.parts.credentials.grants.end(f"{_HOLDER}/{folder}")

    def say(self, context: Context, stream: str, lines: Iterable[str]) -> None:
        """Writes lines to a job's log, after all that the job printed. `context` acts as the job's
        role; where that may not write to the log there is nobody to say it to."""
        now = int(self.parts.clock.wall() * 1000)
        events = [{"timestamp": now, "message": f"[kennel] {line}"} for line in lines]
        if not events:
            return
        try:
            context.call(
                "logs",
                "PutLogEvents",
                logGroupName=LOG_GROUP_TRAINING,
                logStreamName=stream,
                logEvents=events,
            )
        except AwsError as error:
            log.warning("%s: %s", stream, error.message)

    def cache(self, role_arn: str) -> Path:
        """The folder that jobs of one role share: what they compute once and need again. Another
        role never sees it, so it tells nobody what that role may not read."""
        name = hashlib.sha256(role_arn.encode()).hexdigest()[:32]
        folder = self.parts.folder / "cache" / name
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        return folder

    def weights(self) -> Path:
        """The folder of the weights that the user keeps, which processes may only read."""
        return WeightsFolder(self.parts.folder).make()

    def imports(self) -> Path:
        """The folder that `kennel` can be imported from."""
        return imports_folder(self.parts.folder)

    def memory_bytes(self, spec: TrainingSpec) -> int:
        """What a host may use: its instance type's memory, as far as this machine has it for all
        of the job's hosts."""
        return spec.instance.memory_here(len(spec.hosts))
