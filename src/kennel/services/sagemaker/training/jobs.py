"""The operations on training jobs."""

from __future__ import annotations

import logging
import os
import shutil
import threading
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from kennel.errors import ValidationException
from kennel.services.parameters import takes
from kennel.services.roles import RoleNotPassable, pass_role
from kennel.services.sagemaker.errors import ResourceInUse, ResourceLimitExceeded
from kennel.services.sagemaker.images import Images
from kennel.services.sagemaker.listing import LISTING, MODIFIED, Page, page_of
from kennel.services.sagemaker.naming import training_job_arn
from kennel.services.sagemaker.noun import Noun
from kennel.services.sagemaker.tags import Tags as TagSets
from kennel.services.sagemaker.training.describe import describe, summarize
from kennel.services.sagemaker.training.document import (
    TrainingJob,
    Transition,
)
from kennel.services.sagemaker.training.events import Listener, Listeners
from kennel.services.sagemaker.training.inputs import require_input_objects
from kennel.services.sagemaker.training.meeting import Meetings
from kennel.services.sagemaker.training.pool import JobPool
from kennel.services.sagemaker.training.run import TrainingRun
from kennel.services.sagemaker.training.spec import TrainingSpec, with_defaults
from kennel.services.sagemaker.training.status import MESSAGES, JobStatus, SecondaryStatus
from kennel.services.sagemaker.training.store import JobStore
from kennel.services.sagemaker.training.workshop import Workshop
from kennel.services.service import Parts

if TYPE_CHECKING:
    from kennel.services.context import Context

__all__ = ["TrainingJobs"]

log = logging.getLogger(__name__)

_SERVICE = "sagemaker.amazonaws.com"
_MOST_WAITING = 1_000  # jobs; AWS's quotas count instances, by type and account
_STOP_SECONDS = 10.0  # how long the plane's stop waits for each job's thread

Request = dict[str, Any]


class TrainingJobs(Noun):
    """CreateTrainingJob, DescribeTrainingJob, ListTrainingJobs, StopTrainingJob and
    DeleteTrainingJob; and for tuning jobs, news of the jobs by `subscribe`."""

    operations: ClassVar[frozenset[str]] = frozenset(
        {
            "create_training_job",
            "describe_training_job",
            "list_training_jobs",
            "stop_training_job",
            "delete_training_job",
        }
    )
    kinds: ClassVar[frozenset[str]] = frozenset({"training-job"})

    def __init__(self, parts: Parts, tags: TagSets) -> None:
        super().__init__(parts)
        self._tags = tags
        self._listeners = Listeners()
        self._jobs = JobStore(parts.database, parts.clock, tags, self._listeners)
        self._expected: dict[str, int] = {}
        self._closing = threading.Event()
        self._workshop = Workshop(
            parts=parts,
            jobs=self._jobs,
            listeners=self._listeners,
            images=Images(parts.folder, parts.account_id),
            meetings=Meetings(),
            threads=self._threads,
            closing=self._closing,
        )
        self._pool = JobPool(max(4, os.cpu_count() or 1), self._run)

    def start(self) -> None:
        active = [job for job in self._jobs.summaries() if not job.status.is_terminal]
        # Those whose processes may run come first: they hold their slots already.
        waiting = (SecondaryStatus.STARTING, SecondaryStatus.PENDING)
        active.sort(key=lambda job: (job.secondary in waiting, job.creation_time))
        whole = [job for job in (self._jobs.get(summary.name) for summary in active) if job]
        for job in whole:
            if job.meeting is not None and not job.meeting.own:
                self._workshop.meetings.keep(job.name, job.meeting)
        for job in whole:
            self._pool.submit(job.name, job.request["ResourceConfig"]["InstanceCount"])
        threading.Thread(target=self._sweep, name="training-sweep", daemon=True).start()

    def stop(self) -> None:
        self._closing.set()
        self._pool.close(_STOP_SECONDS)
        self._workshop.meetings.close()

    def exists(self, kind: str, name: str) -> bool:
        return self._jobs.get(name) is not None

    def find(self, name: str) -> TrainingJob | None:
        """A job by name."""
        return self._jobs.get(name)

    def subscribe(self, listener: Listener) -> Callable[[], None]:
        """Has `listener` told of each JobChanged and MetricSeen from now on, on the job's own
        thread, so it must return soon. The function that is returned ends that.

        Jobs go on as soon as this noun starts: a noun that starts later subscribes in its
        constructor, or looks at the jobs once it has subscribed."""
        return self._listeners.add(listener)

    def expect(self, owner: str, hosts: int) -> None:
        """Says that `owner` (a tuning job) will keep so many hosts running side by side, so that
        the first of its jobs leaves the others their share of the cores; 0 ends that."""
        if hosts:
            self._expected[owner] = hosts
        else:
            self._expected.pop(owner, None)

    def link(self, name: str, tuning_job_arn: str) -> None:
        """Marks a job as a tuning job's trial: DescribeTrainingJob shows its TuningJobArn."""

        def change(job: TrainingJob) -> TrainingJob:
            job.tuning_job_arn = tuning_job_arn
            return job

        self._jobs.change(name, change)

    def create_training_job(
        self,
        ctx: Context,
        *,
        TrainingJobName: str,
        AlgorithmSpecification: Request,
        RoleArn: str,
        OutputDataConfig: Request,
        ResourceConfig: Request,
        HyperParameters: Mapping[str, str] | None = None,
        InputDataConfig: Iterable[Request] | None = None,
        VpcConfig: Request | None = None,
        StoppingCondition: Request | None = None,
        Tags: Iterable[Mapping[str, str]] = (),
        EnableNetworkIsolation: bool = False,
        EnableInterContainerTrafficEncryption: bool = False,
        EnableManagedSpotTraining: bool = False,
        CheckpointConfig: Request | None = None,
        DebugHookConfig: Request | None = None,
        DebugRuleConfigurations: Iterable[Request] | None = None,
        ProfilerConfig: Request | None = None,
        ProfilerRuleConfigurations: Iterable[Request] | None = None,
        Environment: Mapping[str, str] | None = None,
        RetryStrategy: Request | None = None,
        TensorBoardOutputConfig: Request | None = None,
        ExperimentConfig: Request | None = None,
        RemoteDebugConfig: Request | None = None,
        InfraCheckConfig: Request | None = None,
        SessionChainingConfig: Request | None = None,
    ) -> dict[str, Any]:
        """Checks and stores the job; it is run on a thread of its own."""
        request = {
            "TrainingJobName": TrainingJobName,
            "AlgorithmSpecification": AlgorithmSpecification,
            "RoleArn": RoleArn,
            "OutputDataConfig": OutputDataConfig,
            "ResourceConfig": ResourceConfig,
            "HyperParameters": HyperParameters,
            "InputDataConfig": InputDataConfig,
            "VpcConfig": VpcConfig,
            "StoppingCondition": StoppingCondition,
            "EnableNetworkIsolation": EnableNetworkIsolation,
            "EnableInterContainerTrafficEncryption": EnableInterContainerTrafficEncryption,
            "EnableManagedSpotTraining": EnableManagedSpotTraining,
            "CheckpointConfig": CheckpointConfig,
            "DebugHookConfig": DebugHookConfig,
            "DebugRuleConfigurations": DebugRuleConfigurations,
            "ProfilerConfig": ProfilerConfig,
            "ProfilerRuleConfigurations": ProfilerRuleConfigurations,
            "Environment": Environment,
            "RetryStrategy": RetryStrategy,
            "TensorBoardOutputConfig": TensorBoardOutputConfig,
            "ExperimentConfig": ExperimentConfig,
            "RemoteDebugConfig": RemoteDebugConfig,
            "InfraCheckConfig": InfraCheckConfig,
            "SessionChainingConfig": SessionChainingConfig,
        }
        given = {name: value for name, value in request.items() if value}
        return {"TrainingJobArn": self._create(ctx, with_defaults(given), Tags)}

    def describe_training_job(self, ctx: Context, *, TrainingJobName: str) -> dict[str, Any]:
        return describe(self._require(TrainingJobName))

    @takes(*LISTING, *MODIFIED, "StatusEquals")
    def list_training_jobs(self, ctx: Context, **asked: Any) -> dict[str, Any]:
        found, token = page_of(
            self._jobs.summaries(),
            Page.asked(asked, descending=False),
            modified=lambda job: job.last_modified,
            status=lambda job: job.status,
        )
        return {"TrainingJobSummaries": [summarize(job) for job in found], **token}

    def stop_training_job(self, ctx: Context, *, TrainingJobName: str) -> None:
        """Asks the job to stop; one that stops or uploads already goes on as it is.

        Raises ValidationException for a job that has ended, as AWS does.
        """
        self._require(TrainingJobName)
        ended: list[JobStatus] = []

        def change(job: TrainingJob) -> TrainingJob | None:
            ended[:] = [job.status] if job.status.is_terminal else []
            if ended or job.secondary in (SecondaryStatus.STOPPING, SecondaryStatus.UPLOADING):
                return None
            job.outcome = SecondaryStatus.STOPPED
            job.move(SecondaryStatus.STOPPING, self.parts.clock.wall())
            return job

        self._jobs.change(TrainingJobName, change)
        if ended:
            raise ValidationException(
                f"The request was rejected because the training job is in status {ended[0]}."
            )
        self._pool.stop_requested(TrainingJobName)

    def delete_training_job(self, ctx: Context, *, TrainingJobName: str) -> None:
        """Forgets a job that has ended; its artifacts, logs and metrics stay."""
        job = self._jobs.remove(TrainingJobName, lambda job: job.status.is_terminal)
        if job is None:
            raise _not_found()
        if not job.status.is_terminal:
            raise ResourceInUse(
                f"The training job {job.arn} is in status {job.status}; "
                "only one that is Completed, Failed or Stopped can be deleted."
            )

    def _create(self, ctx: Context, request: Request, tags: Iterable[Mapping[str, str]]) -> str:
        name = request["TrainingJobName"]
        spec = TrainingSpec.read(request)
        checked_tags = self._tags.checked(tags)
        arn = training_job_arn(ctx.region, ctx.account_id, name)
        if self._jobs.get(name) is not None:
            raise _name_taken(arn)
        self._require_role(ctx, spec.role_arn, arn)
        require_input_objects(ctx, spec)
        self._require_room()
        now = self.parts.clock.wall()
        first = Transition(SecondaryStatus.STARTING, now, MESSAGES[SecondaryStatus.STARTING])
        job = TrainingJob(
            name=name,
            arn=arn,
            request=request,
            creation_time=now,
            last_modified=now,
            transitions=[first],
        )
        if not self._jobs.add(job, checked_tags):
            raise _name_taken(arn)
        started = self._pool.submit(name, len(spec.hosts))
        if not started and not self._jobs.move(job, SecondaryStatus.PENDING):
            self._pool.stop_requested(name)  # it was stopped before it was in the queue
        return arn

    def _require(self, name: str) -> TrainingJob:
        job = self._jobs.get(name)
        if job is None:
            raise _not_found()
        return job

    def _require_role(self, ctx: Context, role_arn: str, job_arn: str) -> None:
        try:
            pass_role(ctx, role_arn, _SERVICE, job_arn)
        except RoleNotPassable as error:
            raise ValidationException(
                f"Could not assume role {role_arn}. Please ensure that the role exists and allows "
                f"principal '{_SERVICE}' to assume the role."
            ) from error

    def _require_room(self) -> None:
        waiting = self._pool.waiting
        if waiting >= _MOST_WAITING:
            raise ResourceLimitExceeded(
                f"{waiting} training jobs wait already, and Kennel takes {_MOST_WAITING}. "
                "Wait until some have ended, or stop some."
            )

    def _run(self, name: str) -> TrainingRun:
        return TrainingRun(self._workshop, self.context(), name)

    def _threads(self, spec: TrainingSpec) -> int:
        """A fair share of the cores among the hosts that run and those that are about to."""
        beside = max(self._pool.running, *self._expected.values(), 1)
        return max(1, min(spec.instance.vcpus, (os.cpu_count() or 1) // beside))

    def _sweep(self) -> None:
        """Removes folders of jobs that are no more: a crash came before their end."""
        root = self._workshop.folder
        # The jobs are read after the folders: a job that starts meanwhile is found among them.
        found = list(root.glob("*/*"))
        kept = {root / job.folder for job in self._jobs.summaries() if not job.status.is_terminal}
        for path in found:
            if path not in kept:
                self._workshop.end_credentials(path.relative_to(root))
                shutil.rmtree(path, ignore_errors=True)


def _name_taken(arn: str) -> ResourceInUse:
    return ResourceInUse(
        "Training job names must be unique within an AWS account and region, "
        f"and a training job with this name already exists ({arn})"
    )


def _not_found() -> ValidationException:
    """Not ResourceNotFound, whatever the model says [O: aws-sdk issue 165]."""
    return ValidationException("Requested resource not found.")
