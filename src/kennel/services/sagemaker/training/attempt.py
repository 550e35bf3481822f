"""One start of a job's processes: started or adopted, watched, logged, ended."""

from __future__ import annotations

import logging
import shutil
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from kennel.engine import Exit, Mount, Process, ProcessSpec, are_connected
from kennel.engine.errors import EngineError
from kennel.services.logs.shipment import Shipment
from kennel.services.sagemaker.images import Image
from kennel.services.sagemaker.instance_types import PROCESSES
from kennel.services.sagemaker.naming import LOG_GROUP_TRAINING
from kennel.services.sagemaker.training.checkpoints import CheckpointSync
from kennel.services.sagemaker.training.document import TrainingJob
from kennel.services.sagemaker.training.environment import JobIdentity, job_environment
from kennel.services.sagemaker.training.errors import JobFault
from kennel.services.sagemaker.training.folder import ML, TEMPORARY, HostFolder
from kennel.services.sagemaker.training.metrics import JobMetrics
from kennel.services.sagemaker.training.notes import notes
from kennel.services.sagemaker.training.spec import TrainingSpec
from kennel.services.sagemaker.training.upload import Uploads
from kennel.services.sagemaker.training.usage import UsageMeter
from kennel.services.sagemaker.training.workshop import Workshop

if TYPE_CHECKING:
    from kennel.services.context import Context

__all__ = ["Attempt"]

log = logging.getLogger(__name__)

_LOOK_SECONDS = 10.0  # wall seconds at most between two looks at the hosts' connections
_LOOK_SHARE = 0.05  # of the time since the start


@dataclass(slots=True)
class _Host:
    """A host's process with all that watches it."""

    folder: HostFolder
    process: Process
    shipment: Shipment
    meter: UsageMeter


class Attempt:
    """The processes of one attempt of a job, one a host. Used by one thread at a time."""

    def __init__(
        self,
        workshop: Workshop,
        context: Context,
        job: TrainingJob,
        spec: TrainingSpec,
    ) -> None:
        """`context` acts as the job's role."""
        self._workshop = workshop
        self._context = context
        self._job = job
        self._spec = spec
        self._hosts: list[_Host] = []
        self._checkpoints: list[CheckpointSync] = []
        self._network = workshop.network(job, spec)
        self._kept: Process | None = None
        self._is_cut_off = False  # some hosts run, in a network that the others can't join
        # Only where it is a question whether the hosts work together.
        self._watches = len(spec.hosts) > 1 and not spec.launcher
        self._began = self._next_look = time.monotonic()

    @property
    def number(self) -> int:
        return self._job.attempt

    def start(self, image: Image) -> None:
        """Adopts the processes that were started already, starts the others, and watches all.

        Raises JobFault if one can't be started; those that were are killed.
        """
        folders = self._workshop.hosts(self._job, self._spec)
        adopted = [self._adopted(folder) for folder in folders]
        if self._network is not None and self._network_has_ended():
            self._is_cut_off = any(adopted) and not all(adopted)
            if not any(adopted):  # it waited for hosts while no plane was there
                shutil.rmtree(self._network.folder)
                self._kept = None
        pairs = [
            (folder, process)
            for folder, process in zip(folders, adopted, strict=True)
            if process is not None or not self._is_cut_off
        ]
        # Before a script runs: what it writes first must not be taken for what was restored.
        self._checkpoints = self._syncs([folder for folder, _ in pairs], fresh=not any(adopted))
        for folder, process in pairs:
            fresh = process is None
            if process is None:
                try:
                    process = self._run(folder, image)
                except EngineError as error:
                    self.kill()
                    self.detach()
                    raise JobFault(
                        f"AlgorithmError: the training process could not be started: {error}"
                    ) from error
            self._watch(folder, process, fresh)
        for sync in self._checkpoints:
            sync.start()

    def adopt(self) -> bool:
        """Watches the processes that were started, and starts none; says whether there are any."""
        for folder in self._workshop.hosts(self._job, self._spec):
            process = self._adopted(folder)
            if process is not None:
                self._watch(folder, process, fresh=False)
        self._checkpoints = self._syncs([host.folder for host in self._hosts], fresh=False)
        for sync in self._checkpoints:
            sync.start()
        return bool(self._hosts)

    def wait(self, seconds: float) -> list[Exit] | None:
        """Every host's end, or None if one still runs after so many seconds."""
        self._look()
        deadline = time.monotonic() + seconds
        ends = []
        for host in self._hosts:
            host.meter.tick()
            end = host.process.wait(max(deadline - time.monotonic(), 0.0))
            if end is not None:
                ends.append(end)
        return ends if len(ends) == len(self._hosts) else None

    @property
    def has_failed(self) -> bool:
        """Whether a host has ended badly."""
        ends = (host.process.poll() for host in self._hosts)
        return any(end is not None and end.code != 0 for end in ends)

    @property
    def has_lost_network(self) -> bool:
        """Whether the process that keeps the job's network has ended and hosts still run."""
        if self._is_cut_off:
            return True
        runs = any(host.process.poll() is None for host in self._hosts)
        return runs and self._network_has_ended()

    def terminate(self) -> None:
        """SIGTERM to every host's process group."""
        for host in self._hosts:
            host.process.terminate()

    def kill(self) -> None:
        """SIGKILL to everything that was started; waits until it is gone."""
        for host in self._hosts:
            host.process.kill()
        for host in self._hosts:
            host.process.wait()

    def finish(self) -> None:
        """Once all have ended: ships the rest of the logs and of the checkpoints. JobFault."""
        self._workshop.end_credentials(self._job.folder)
        for host in self._hosts:
            host.shipment.drain()
        keeper = self._keeper()
        if keeper is not None:
            keeper.kill()
            keeper.wait()
        faults = []
        for sync in self._checkpoints:
            try:
                sync.finish()
            except JobFault as fault:
                faults.append(fault)
        self._checkpoints = []
        if faults:
            raise faults[0]

    def detach(self) -> None:
        """Watches no more; the processes go on."""
        for host in self._hosts:
            host.shipment.close()
        for sync in self._checkpoints:
            sync.close()

    def _keeper(self) -> Process | None:
        """The process that keeps the job's network."""
        if self._network is not None and self._kept is None:
            self._kept = self._workshop.parts.engine.adopt(self._network.folder)
        return self._kept

    def _network_has_ended(self) -> bool:
        keeper = self._keeper()
        return keeper is not None and keeper.poll() is not None

    def _adopted(self, folder: HostFolder) -> Process | None:
        return self._workshop.parts.engine.adopt(folder.run(self.number))

    def _run(self, folder: HostFolder, image: Image) -> Process:
        parts = self._workshop.parts
        spec = self._process_spec(folder, image)
        spec.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        # The engine appends: what Kennel has to say stands before what the script says.
        # The notes are on the job, so the first host's log has them.
        first = folder.host == self._spec.hosts[0]
        lines = self._notes(image, names_resolve=bool(spec.mounts)) if first else ()
        spec.log.write_text("".join(f"[kennel] {line}\n" for line in lines))
        return parts.engine.run(spec)

    def _notes(self, image: Image, *, names_resolve: bool) -> Iterator[str]:
        if not self._spec.command:
            yield from self._workshop.images.remarks(self._spec.image, image)
        yield from notes(
            self._job,
            self._spec,
            names_resolve=names_resolve,
            no_network=self._workshop.no_network(self._job, self._spec),
        )

    def _process_spec(self, folder: HostFolder, image: Image) -> ProcessSpec:
        parts = self._workshop.parts
        mounted = parts.engine.capabilities.mount_namespaces
        weights, imports = self._workshop.weights(), self._workshop.imports()
        cache = self._workshop.cache(self._spec.role_arn)
        return ProcessSpec(
            folder=folder.run(self.number),
            command=self._command(image),
            environment=job_environment(
                self._spec,
                image,
                folder,
                self._identity(folder),
                self._workshop.meeting(self._job, self._spec),
                threads=self._workshop.threads(self._spec),
                cache=cache,
                imports=imports,
                weights=weights,
                mounted=mounted,
            ),
            working_directory=folder.ml,
            mounts=self._mounts(folder, mounted, weights),
            memory_bytes=self._workshop.memory_bytes(self._spec),
            cpus=float(self._spec.instance.vcpus),
            host_name=folder.host,  # as the toolkit's containers have it
            network=self._network,
            processes=PROCESSES,
            writable=(folder.ml, folder.home, folder.temporary, cache),
            readable=(parts.reach.ca_bundle, imports, image.python),
            file_bytes=self._spec.volume_bytes,
        )

    def _mounts(self, folder: HostFolder, mounted: bool, weights: Path) -> tuple[Mount, ...]:
        mounts = []
        if mounted:
            mounts = [
                Mount(folder.ml, ML),
                Mount(folder.temporary, TEMPORARY),
                Mount(folder.temporary, "/tmp"),
                Mount(folder.hosts_file, "/etc/hosts"),
                Mount(weights, str(weights), read_only=True),
            ]
        checkpoints = self._spec.checkpoints
        if checkpoints is not None and not checkpoints.local_path.startswith(ML + "/"):
            if not mounted:
                raise JobFault(
                    f"ClientError: CheckpointConfig.LocalPath {checkpoints.local_path} can't be "
                    "provided: this machine gives Kennel no mount namespaces. "
                    "Use /opt/ml/checkpoints, which the script finds in SAGEMAKER_BASE_DIR."
                )
            mounts.append(Mount(folder.checkpoints(checkpoints), checkpoints.local_path))
        return tuple(mounts)

    def _command(self, image: Image) -> tuple[str, ...]:
        if self._spec.command:
            return self._spec.command
        if image.command:
            return (*image.command, "train")
        return (str(image.python), "-P", "-m", "kennel.runtimes.training")

    def _identity(self, folder: HostFolder) -> JobIdentity:
        credentials = None  # as on AWS, where a container that is isolated has none
        if not self._spec.isolated:
            credentials = self._workshop.credentials(self._job, folder)
        return JobIdentity(
            self._job.name,
            self._job.arn,
            self._job.region,
            self._workshop.parts.reach,
            credentials,
        )

    def _watch(self, folder: HostFolder, process: Process, fresh: bool) -> None:
        metrics = JobMetrics(
            self._job,
            self._spec.metrics,
            self._workshop.jobs,
            self._workshop.listeners,
            self._context,
            tells=folder.host == self._spec.hosts[0],
        )
        shipment = self._workshop.shipper.ship(
            folder.run(self.number) / "log",
            group=LOG_GROUP_TRAINING,
            stream=self._job.log_stream(folder.host),
            principal=self._context.principal,
            region=self._job.region,
            new=fresh,
            on_lines=metrics.on_lines if self._spec.metrics else None,
        )
        meter = UsageMeter(
            process,
            f"{self._job.name}/{folder.host}",
            self._workshop.memory_bytes(self._spec),
            self._workshop.parts.clock,
            self._context,
        )
        self._hosts.append(_Host(folder, process, shipment, meter))

    def _syncs(self, folders: Sequence[HostFolder], *, fresh: bool) -> list[CheckpointSync]:
        """Each host's folder goes to the one location, as on AWS: the files of several hosts must
        have names of their own, or the last one that is written stands. `fresh`: what is there was
        restored just now."""
        checkpoints = self._spec.checkpoints
        if checkpoints is None:
            return []
        uploads = Uploads(self._context, self._workshop.parts.blobs)
        syncs = [
            CheckpointSync(folder.checkpoints(checkpoints), checkpoints.location, uploads)
            for folder in folders
        ]
        if fresh:
            for sync in syncs:
                sync.assume_synced()
        return syncs

    def _look(self) -> None:
        """Looks whether the hosts are connected, until they have been: at every call in the first
        seconds, when hosts join, and less often in a long run, where it would cost too much."""
        now = time.monotonic()
        if not self._watches or now < self._next_look:
            return
        self._next_look = now + min(_LOOK_SHARE * (now - self._began), _LOOK_SECONDS)
        seen = are_connected([host.process for host in self._hosts])
        if seen is None:
            self._watches = False
            return

        def change(job: TrainingJob) -> TrainingJob | None:
            if job.connected or job.connected == seen:
                return None
            job.connected = seen
            return job

        self._workshop.jobs.change(self._job.name, change)
        self._watches = not seen
