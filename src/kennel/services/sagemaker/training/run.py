"""The life of one training job, on a thread of its own.

The job's secondary status is on disk before anything of it is done, and each status has one
function here that does all of it, from any state that a crash can have left. So a restart of the
plane needs no other code: it calls the function of the status that it finds.
"""

from __future__ import annotations

import logging
import shutil
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from kennel.engine import Exit
from kennel.services.sagemaker.images import Image, UnknownImage
from kennel.services.sagemaker.training.attempt import Attempt
from kennel.services.sagemaker.training.checkpoints import restore_checkpoints
from kennel.services.sagemaker.training.describe import billable_seconds
from kennel.services.sagemaker.training.document import TrainingJob
from kennel.services.sagemaker.training.download import Downloads
from kennel.services.sagemaker.training.errors import JobFault, JobInterrupted
from kennel.services.sagemaker.training.failure import (
    INTERNAL_ERROR,
    REASON_LIMIT,
    failure_reason,
    read_failure_file,
)
from kennel.services.sagemaker.training.merge import clashes
from kennel.services.sagemaker.training.notes import left_out_note
from kennel.services.sagemaker.training.spec import TrainingSpec
from kennel.services.sagemaker.training.status import SecondaryStatus
from kennel.services.sagemaker.training.upload import Uploads, is_empty
from kennel.services.sagemaker.training.waste import launch_named_in, summary
from kennel.services.sagemaker.training.workshop import Workshop

if TYPE_CHECKING:
    from kennel.services.context import Context

__all__ = ["TrainingRun"]

log = logging.getLogger(__name__)

_S = SecondaryStatus
_TICK = 0.25  # wall seconds between two looks at the clock while a process runs
STOP_GRACE = 120.0  # seconds from SIGTERM to SIGKILL [B: StopTrainingJob]


class TrainingRun:
    """Runs one job to its end, or until the plane stops. `stop_requested` says that the stored
    job may have been moved to Stopping."""

    def __init__(self, workshop: Workshop, context: Context, name: str) -> None:
        """`context` acts as SageMaker; the job's role is taken when it is needed."""
        self._workshop = workshop
        self._context = context
        self._name = name
        self._attempt: Attempt | None = None
        self.stop_requested = threading.Event()
        self._steps: Mapping[SecondaryStatus, Callable[[TrainingJob, TrainingSpec], None]] = {
            _S.PENDING: self._leave_queue,
            _S.STARTING: self._prepare,
            _S.RESTARTING: self._prepare,
            _S.DOWNLOADING: self._download,
            _S.TRAINING: self._train,
            _S.STOPPING: self._stop,
            _S.UPLOADING: self._upload,
        }

    def run(self) -> None:
        """Returns when the job has ended, or the plane stops."""
        while not self._workshop.closing.is_set():
            job = self._workshop.jobs.get(self._name)
            if job is None:
                return
            if job.secondary.is_terminal:
                try:
                    self._clean(job)
                    self._workshop.meetings.end(self._name)
                except Exception:  # the thread's boundary: the next start cleans up
                    log.exception("the folder of training job %s stays", self._name)
                return
            self._step(job)
        if self._attempt is not None:
            self._attempt.detach()

    def _step(self, job: TrainingJob) -> None:
        try:
            self._steps[job.secondary](job, TrainingSpec.read(job.request))
        except JobInterrupted:
            pass
        except JobFault as fault:
            self._fail(job, str(fault))
        except Exception:  # the thread's boundary: a defect fails this job and no other
            if self._workshop.closing.is_set():
                return  # the store is closed under a late write; the next start does it again
            log.exception("training job %s failed of a defect of Kennel's", self._name)
            self._fail(job, INTERNAL_ERROR)

    def _leave_queue(self, job: TrainingJob, spec: TrainingSpec) -> None:
        self._workshop.jobs.move(job, _S.STARTING)

    def _prepare(self, job: TrainingJob, spec: TrainingSpec) -> None:
        self._image(spec)
        meeting = self._workshop.meeting(job, spec)
        for folder in self._workshop.hosts(job, spec):
            folder.prepare(spec, meeting.addresses(spec.hosts))

        def also(stored: TrainingJob) -> None:
            stored.meeting = meeting

        needs_data = spec.channels or spec.source is not None or spec.checkpoints is not None
        self._workshop.jobs.move(job, _S.DOWNLOADING if needs_data else _S.TRAINING, also)

    def _download(self, job: TrainingJob, spec: TrainingSpec) -> None:
        downloads = Downloads(self._role(job), self._interrupted)
        hosts = self._workshop.hosts(job, spec)
        sizes: dict[str, int] = {}  # of the first host's channels
        for number, folder in enumerate(hosts):
            folder.clear_input(spec)
            room = spec.volume_bytes
            for channel in spec.channels:
                target = folder.data / channel.name
                if number == 0 or channel.sharded:
                    size = downloads.channel(channel, target, number, len(hosts), room)
                    sizes.setdefault(channel.name, size)
                else:
                    size = sizes[channel.name]
                    downloads.replicate(hosts[0].data / channel.name, target)
                room -= size
            if spec.source is not None:
                downloads.file(spec.source, folder.source_archive)
            if spec.checkpoints is not None:
                target = folder.checkpoints(spec.checkpoints)
                restore_checkpoints(downloads, spec.checkpoints.location, target)
        self._workshop.jobs.move(job, _S.TRAINING)

    def _train(self, job: TrainingJob, spec: TrainingSpec) -> None:
        attempt = self._attempt
        if attempt is None:
            attempt = Attempt(self._workshop, self._role(job), job, spec)
            attempt.start(self._image(spec))
            self._attempt = attempt
        deadline = (job.attempt_started or job.creation_time) + spec.max_runtime
        while attempt.has_lost_network or (ends := attempt.wait(self._until(deadline))) is None:
            if attempt.has_lost_network:
                attempt.kill()
                self._lost(job, "the process that keeps its network")
                return
            if self._interrupted():
                raise JobInterrupted
            if attempt.has_failed:
                attempt.kill()  # the others would wait for that host in vain
            if self._now() >= deadline:
                self._exceeded(job)
                return
        self._ended(job, spec, ends)

    def _stop(self, job: TrainingJob, spec: TrainingSpec) -> None:
        """Ends the process gently; what it has left is uploaded like that of any job."""
        if self._attempt is None:
            attempt = Attempt(self._workshop, self._role(job), job, spec)
            if not attempt.adopt():
                assert job.outcome is not None
                self._workshop.jobs.move(job, job.outcome)
                return
            self._attempt = attempt
        self._attempt.terminate()
        deadline = job.transitions[-1].start + STOP_GRACE
        while self._attempt.wait(self._until(deadline)) is None:
            if self._workshop.closing.is_set():
                raise JobInterrupted
            if self._now() >= deadline:
                self._attempt.kill()
        self._finish_attempt()
        self._workshop.jobs.move(job, _S.UPLOADING)

    def _upload(self, job: TrainingJob, spec: TrainingSpec) -> None:
        outcome = job.outcome or _S.FAILED
        uploads = Uploads(self._role(job), self._workshop.parts.blobs)
        target = spec.output.below(self._name, "output")
        hosts = self._workshop.hosts(job, spec)
        outputs = [folder.output_data for folder in hosts]
        models = [folder.model for folder in hosts]
        left_out: list[str] = []
        if not all(map(is_empty, outputs)):
            left_out += uploads.archive(outputs, target.below("output.tar.gz"))
        artifacts = ""
        if outcome is not _S.FAILED:
            artifacts = str(target.below("model.tar.gz" if spec.compress else "model/"))
            if spec.compress and not all(map(is_empty, models)):
                left_out += uploads.archive(models, target.below("model.tar.gz"))
            elif not spec.compress:
                left_out += uploads.tree(models, target.below("model"))
            self._sum_up(job, spec)
        if left_out:
            lines = [left_out_note(left_out, str(target))]
            self._workshop.say(self._role(job), job.log_stream(spec.hosts[0]), lines)

        def also(stored: TrainingJob) -> None:
            stored.artifacts = artifacts

        self._workshop.jobs.move(job, outcome, also)

    def _sum_up(self, job: TrainingJob, spec: TrainingSpec) -> None:
        """Says in the job's log what several hosts came to, where there is something to say."""
        hosts = self._workshop.hosts(job, spec)
        seconds = {}
        for folder in hosts:
            process = self._workshop.parts.engine.adopt(folder.run(job.attempt))
            end = process.poll() if process is not None else None
            if end is not None:
                seconds[folder.host] = end.ended - end.started
        if len(hosts) == 1 or len(seconds) < len(hosts):
            return  # one that never started wasted nothing
        lines = summary(
            job,
            spec,
            seconds=seconds,
            billed=billable_seconds(job.started or job.creation_time, self._now()),
            named=launch_named_in(hosts[0].ml / "code"),
            clashing=clashes([folder.model for folder in hosts]),
        )
        self._workshop.say(self._role(job), job.log_stream(spec.hosts[0]), lines)

    def _ended(self, job: TrainingJob, spec: TrainingSpec, ends: list[Exit]) -> None:
        """The processes have ended by themselves."""
        if any(end.lost for end in ends):
            self._lost(job, "its process")
            return
        self._finish_attempt()
        reason = self._reason(job, spec, ends)

        def also(stored: TrainingJob) -> None:
            stored.outcome = _S.FAILED if reason else _S.COMPLETED
            stored.failure_reason = reason

        self._workshop.jobs.move(job, _S.UPLOADING, also)

    def _lost(self, job: TrainingJob, what: str) -> None:
        self._finish_attempt()
        log.warning("training job %s: %s was lost; starting it again", self._name, what)
        self._workshop.jobs.move(job, _S.RESTARTING)

    def _reason(self, job: TrainingJob, spec: TrainingSpec, ends: list[Exit]) -> str:
        """FailureReason of the host that failed first, or for want of memory; empty if none did.
        The others were killed for it, or failed because it was no longer there."""
        hosts = self._workshop.hosts(job, spec)
        failed = [(end, folder) for folder, end in zip(hosts, ends, strict=True) if end.code != 0]
        if not failed:
            return ""
        end, folder = min(failed, key=lambda pair: (not pair[0].out_of_memory, pair[0].ended))
        text = read_failure_file(folder.failure)
        host = folder.host if len(hosts) > 1 else ""
        memory = self._workshop.memory_bytes(spec)
        return failure_reason(end, text, spec.instance, memory, host)

    def _exceeded(self, job: TrainingJob) -> None:
        def also(stored: TrainingJob) -> None:
            stored.outcome = _S.MAX_RUNTIME_EXCEEDED

        self._workshop.jobs.move(job, _S.STOPPING, also)

    def _fail(self, job: TrainingJob, reason: str) -> None:
        """Ends the job as Failed from wherever it is."""
        self._kill(job)
        try:
            self._finish_attempt()
        except JobFault as fault:
            log.warning("training job %s: %s", self._name, fault)

        def change(stored: TrainingJob) -> TrainingJob | None:
            if stored.secondary.is_terminal:
                return None
            stored.outcome = _S.FAILED
            stored.failure_reason = reason[:REASON_LIMIT]
            stored.move(_S.FAILED, self._now())
            return stored

        self._workshop.jobs.change(self._name, change)

    def _finish_attempt(self) -> None:
        attempt, self._attempt = self._attempt, None
        if attempt is not None:
            attempt.finish()

    def _kill(self, job: TrainingJob) -> None:
        """Kills what may still run of the job, watched or not."""
        for record in (*self._records(job), *self._folder(job).glob("network-*")):
            process = self._workshop.parts.engine.adopt(record)
            if process is not None:
                process.kill()
                process.wait()

    def _clean(self, job: TrainingJob) -> None:
        """The instance goes, its disk and its credentials with it."""
        self._kill(job)
        self._workshop.end_credentials(job.folder)
        for record in self._records(job):
            self._workshop.shipper.forget(record / "log")
        path = self._folder(job)
        shutil.rmtree(path, ignore_errors=True)
        try:
            path.parent.rmdir()
        except OSError:
            pass  # another job of that name has its folder there

    def _records(self, job: TrainingJob) -> list[Path]:
        """The engine's records of every host and attempt."""
        return sorted(self._folder(job).glob("*/run-*"))

    def _folder(self, job: TrainingJob) -> Path:
        return self._workshop.folder / job.folder

    def _role(self, job: TrainingJob) -> Context:
        return self._workshop.context(self._context, job)

    def _image(self, spec: TrainingSpec) -> Image:
        try:
            return self._workshop.images.find(spec.image)
        except UnknownImage as error:
            # The beginning is AWS's for an image that it can't pull [O].
            raise JobFault(f"ClientError: Cannot pull algorithm container. {error}") from error

    def _interrupted(self) -> bool:
        return self.stop_requested.is_set() or self._workshop.closing.is_set()

    def _now(self) -> float:
        return self._workshop.parts.clock.wall()

    def _until(self, deadline: float) -> float:
        return min(max(deadline - self._now(), 0.0), _TICK)
