"""The operations on tuning jobs."""

from __future__ import annotations

import secrets
import threading
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from kennel.errors import NotImplementedByKennel, ValidationException
from kennel.services.parameters import takes
from kennel.services.roles import RoleNotPassable, pass_role
from kennel.services.sagemaker.errors import ResourceInUse, ResourceNotFound
from kennel.services.sagemaker.listing import LISTING, MODIFIED, Page, page_of
from kennel.services.sagemaker.noun import Noun
from kennel.services.sagemaker.tags import Tags as TagSets
from kennel.services.sagemaker.training import TrainingJobs
from kennel.services.sagemaker.training.events import JobEvent, MetricSeen
from kennel.services.sagemaker.training.inputs import require_input_objects
from kennel.services.sagemaker.training.spec import TrainingSpec
from kennel.services.sagemaker.training.spec import with_defaults as training_defaults
from kennel.services.sagemaker.tuning.describe import describe, summarize, summarize_trial
from kennel.services.sagemaker.tuning.document import Evidence, Trial, TuningJob
from kennel.services.sagemaker.tuning.run import TuningRun
from kennel.services.sagemaker.tuning.searcher import Searcher
from kennel.services.sagemaker.tuning.spec import TuningSpec, with_defaults
from kennel.services.sagemaker.tuning.status import ObjectiveStatus, TuningStatus
from kennel.services.sagemaker.tuning.store import TuningStore
from kennel.services.sagemaker.tuning.trials import trial_name, trial_of, trial_request
from kennel.services.sagemaker.tuning.warm_start import gather
from kennel.services.service import Parts

if TYPE_CHECKING:
    from kennel.services.context import Context

__all__ = ["TuningJobs"]

_SERVICE = "sagemaker.amazonaws.com"
_STOP_SECONDS = 10.0  # how long the plane's stop waits for each job's thread
_MOST_VALUES = 20_000  # of one trial; Hyperband's largest MaxResource

Request = dict[str, Any]


class TuningJobs(Noun):
    """Create-, Describe-, List-, Stop- and DeleteHyperParameterTuningJob, and
    ListTrainingJobsForHyperParameterTuningJob."""

    operations: ClassVar[frozenset[str]] = frozenset(
        {
            "create_hyper_parameter_tuning_job",
            "describe_hyper_parameter_tuning_job",
            "list_hyper_parameter_tuning_jobs",
            "list_training_jobs_for_hyper_parameter_tuning_job",
            "stop_hyper_parameter_tuning_job",
            "delete_hyper_parameter_tuning_job",
        }
    )
    kinds: ClassVar[frozenset[str]] = frozenset({"hyper-parameter-tuning-job"})

    def __init__(self, parts: Parts, tags: TagSets, training: TrainingJobs) -> None:
        super().__init__(parts)
        self._tags = tags
        self._training = training
        self._store = TuningStore(parts.database, tags)
        self._searcher = Searcher(parts.folder / "sagemaker" / "tuning")
        self._lock = threading.Lock()
        self._runs: dict[str, TuningRun] = {}
        # Before any training job is taken up again, so that none of its metrics is missed.
        training.subscribe(self._heard)

    def start(self) -> None:
        for job in self._store.jobs():
            if not job.status.is_terminal:
                self._take_up(job)

    def stop(self) -> None:
        with self._lock:
            runs = list(self._runs.values())
        for run in runs:
            run.stop()
        self._searcher.close()
        for run in runs:
            run.join(_STOP_SECONDS)

    def exists(self, kind: str, name: str) -> bool:
        return self._store.get(name) is not None

    def create_hyper_parameter_tuning_job(
        self,
        ctx: Context,
        *,
        HyperParameterTuningJobName: str,
        HyperParameterTuningJobConfig: Request,
        TrainingJobDefinition: Request | None = None,
        TrainingJobDefinitions: Iterable[Request] | None = None,
        WarmStartConfig: Request | None = None,
        Tags: Iterable[Mapping[str, str]] = (),
        Autotune: Request | None = None,
    ) -> dict[str, Any]:
        """Checks and stores the job; its search is done on a thread of its own."""
        for member, value in (
            ("TrainingJobDefinitions", TrainingJobDefinitions),
            ("Autotune", Autotune),
        ):
            if value:
                raise NotImplementedByKennel(
                    f"Kennel does not support {member} of CreateHyperParameterTuningJob."
                )
        request = {
            "HyperParameterTuningJobConfig": HyperParameterTuningJobConfig,
            "TrainingJobDefinition": TrainingJobDefinition,
            "WarmStartConfig": WarmStartConfig,
        }
        given = {name: value for name, value in request.items() if value}
        return {
            "HyperParameterTuningJobArn": self._create(
                ctx, HyperParameterTuningJobName, with_defaults(given), self._tags.checked(Tags)
            )
        }

    def describe_hyper_parameter_tuning_job(
        self, ctx: Context, *, HyperParameterTuningJobName: str
    ) -> dict[str, Any]:
        name = HyperParameterTuningJobName
        job = self._require(name)
        trials, evidence = self._store.trials(name), self._store.evidence(name)
        return describe(job, trials, evidence, self.parts.clock.wall())

    @takes(*LISTING, *MODIFIED, "StatusEquals")
    def list_hyper_parameter_tuning_jobs(self, ctx: Context, **asked: Any) -> dict[str, Any]:
        found, token = page_of(
            self._store.jobs(),
            Page.asked(asked, "Name", descending=False),
            modified=lambda job: job.last_modified,
            status=lambda job: job.status,
        )
        listed = [summarize(job, self._store.trials(job.name)) for job in found]
        return {"HyperParameterTuningJobSummaries": listed, **token}

    @takes("NextToken", "MaxResults", "StatusEquals", "SortBy", "SortOrder")
    def list_training_jobs_for_hyper_parameter_tuning_job(
        self, ctx: Context, *, HyperParameterTuningJobName: str, **asked: Any
    ) -> dict[str, Any]:
        """Sorted by FinalObjectiveMetricValue, trials without a value are left out, as on AWS."""
        spec = TuningSpec.read(self._require(HyperParameterTuningJobName).request)
        page = Page.asked(asked, "Name", descending=False)
        by_value = page.sort_by == "FinalObjectiveMetricValue"

        def keep(trial: Trial) -> bool:
            valued = trial.objective_status is ObjectiveStatus.SUCCEEDED
            return trial.created and (valued or not by_value)

        trials = self._store.trials(HyperParameterTuningJobName)
        found, token = page_of(
            trials,
            page,
            status=lambda trial: trial.status,
            keep=keep,
            orders={"FinalObjectiveMetricValue": lambda trial: trial.objective},
        )
        return {"TrainingJobSummaries": [summarize_trial(t, spec) for t in found], **token}

    def stop_hyper_parameter_tuning_job(
        self, ctx: Context, *, HyperParameterTuningJobName: str
    ) -> None:
        """Asks the job to stop, with all its training jobs. Raises ValidationException for one
        that has ended, as AWS does."""
        self._require(HyperParameterTuningJobName)
        ended: list[TuningStatus] = []

        def change(job: TuningJob) -> TuningJob | None:
            ended[:] = [job.status] if job.status.is_terminal else []
            if job.status is not TuningStatus.IN_PROGRESS:
                return None
            job.move(TuningStatus.STOPPING, self.parts.clock.wall())
            return job

        self._store.change(HyperParameterTuningJobName, change)
        if ended:
            raise ValidationException(
                "The request was rejected because the hyperparameter tuning job is in status "
                f"{ended[0]}."
            )
        self._wake(HyperParameterTuningJobName)

    def delete_hyper_parameter_tuning_job(
        self, ctx: Context, *, HyperParameterTuningJobName: str
    ) -> None:
        """Forgets a job that has ended; its training jobs stay."""
        job = self._store.remove(HyperParameterTuningJobName)
        if job is None:
            # Not ResourceNotFound, which AWS's model has of the other operations only.
            raise ValidationException(_missing(HyperParameterTuningJobName))
        if not job.status.is_terminal:
            raise ValidationException(
                f"The hyperparameter tuning job {job.arn} is in status {job.status}; "
                "stop it, or wait until it has ended, and delete it then."
            )

    def _create(self, ctx: Context, name: str, request: Request, tags: Mapping[str, str]) -> str:
        spec = TuningSpec.read(request)
        arn = ctx.arn("sagemaker", f"hyper-parameter-tuning-job/{name}")
        if self._store.get(name) is not None:
            raise _name_taken(arn)
        self._require_trainable(ctx, name, spec)
        evidence: Evidence | None = None
        if "WarmStartConfig" in request:
            evidence = gather(ctx, self._store, request["WarmStartConfig"], spec)
        limits = request["HyperParameterTuningJobConfig"]["ResourceLimits"]
        limits.setdefault("MaxNumberOfTrainingJobs", spec.trials)
        now = self.parts.clock.wall()
        job = TuningJob(
            name=name,
            arn=arn,
            request=request,
            trials=spec.trials,
            seed=secrets.randbits(31) if spec.seed is None else spec.seed,
            creation_time=now,
            last_modified=now,
            trial_tags=dict(tags),
        )
        if not self._store.add(job, evidence, tags):
            raise _name_taken(arn)
        self._take_up(job)
        return arn

    def _require_trainable(self, ctx: Context, name: str, spec: TuningSpec) -> None:
        """What would be refused of every trial is refused at once."""
        anything = {p.name: "0" for p in spec.ranges}
        request = trial_request(spec, trial_name(name, 1), anything)
        training = TrainingSpec.read(training_defaults(request))
        try:
            pass_role(ctx, training.role_arn, _SERVICE)
        except RoleNotPassable as error:
            raise ValidationException(
                f"Could not assume role {training.role_arn}. Please ensure that the role exists "
                f"and allows principal '{_SERVICE}' to assume the role."
            ) from error
        require_input_objects(ctx, training)

    def _require(self, name: str) -> TuningJob:
        job = self._store.get(name)
        if job is None:
            raise _not_found(name)
        return job

    def _take_up(self, job: TuningJob) -> None:
        context = self.parts.dispatcher.context(self.context().principal, region=job.region)
        run = TuningRun(self.parts, self._store, self._training, self._searcher, context, job.name)
        with self._lock:
            self._runs = {name: one for name, one in self._runs.items() if not one.has_ended}
            self._runs[job.name] = run
            run.start()

    def _wake(self, name: str) -> None:
        with self._lock:
            run = self._runs.get(name)
        if run is not None:
            run.wake()

    def _heard(self, event: JobEvent) -> None:
        """News of any training job, on that job's thread."""
        found = trial_of(event.name)
        if found is None:
            return
        tuning_job, number = found
        if isinstance(event, MetricSeen):
            self._note(tuning_job, number, event)
        else:
            self._wake(tuning_job)

    def _note(self, name: str, number: int, event: MetricSeen) -> None:
        """Keeps a value of the objective, if anything is decided by it."""
        job = self._store.get(name)
        trial = self._store.trial(name, number)
        if job is None or trial is None or trial.name != event.name:
            return
        spec = TuningSpec.read(job.request)
        if event.metric != spec.metric or not spec.keeps_values:
            return

        def change(stored: Trial) -> Trial | None:
            if event.position <= stored.position or len(stored.values) >= _MOST_VALUES:
                return None  # told twice: a crash of the plane came between
            if event.position[0] != stored.position[0]:
                stored.values = []  # the process was lost, and the training began again
            stored.values.append(event.value)
            stored.position = event.position
            return stored

        # On disk before the log's lines count as read: that is written after this.
        written = self._store.change_trial_soon(name, number, change)
        written.add_done_callback(lambda _: self._wake(name))


def _name_taken(arn: str) -> ResourceInUse:
    return ResourceInUse(
        "Hyper parameter tuning job names must be unique within an AWS account and region, "
        f"and a tuning job with this name already exists ({arn})"
    )


def _not_found(name: str) -> ResourceNotFound:
    return ResourceNotFound(_missing(name))


def _missing(name: str) -> str:
    """AWS's words [O: amazon-sagemaker-examples issue 1540]."""
    return f"Amazon SageMaker can't find a tuning job called {name}. Type another name."
