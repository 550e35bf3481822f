"""A trial as a training job: its name, its request, and what became of it."""

from __future__ import annotations

import logging
import re
import secrets
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from kennel.errors import AwsError, ValidationException
from kennel.services.sagemaker.errors import ResourceInUse, ResourceLimitExceeded
from kennel.services.sagemaker.naming import s3_location
from kennel.services.sagemaker.training import TrainingJobs
from kennel.services.sagemaker.training.status import JobStatus
from kennel.services.sagemaker.tuning.document import Trial, TuningJob
from kennel.services.sagemaker.tuning.spec import TuningSpec
from kennel.services.sagemaker.tuning.store import TuningStore

if TYPE_CHECKING:
    from kennel.services.context import Context

__all__ = [
    "TrialJobs",
    "hosts_of_trial",
    "resource_config",
    "trial_name",
    "trial_of",
    "trial_request",
]

log = logging.getLogger(__name__)

_NAME = re.compile(r"(.+)-(\d{3})-[0-9a-f]{8}", re.DOTALL)
# Of the definition, what becomes the training job's as it is.
_TAKEN_OVER = (
    "AlgorithmSpecification",
    "RoleArn",
    "InputDataConfig",
    "VpcConfig",
    "OutputDataConfig",
    "StoppingCondition",
    "EnableNetworkIsolation",
    "EnableInterContainerTrafficEncryption",
    "EnableManagedSpotTraining",
    "RetryStrategy",
    "Environment",
)


def trial_name(job: str, number: int) -> str:
    """A new training job's name, as AWS makes it: `tuning-job-017-a301f0d0` [O]."""
    return f"{job}-{number:03d}-{secrets.token_hex(4)}"


def trial_of(training_job: str) -> tuple[str, int] | None:
    """The tuning job's name and the trial's number that a training job's name may stand for."""
    match = _NAME.fullmatch(training_job)
    return (match[1], int(match[2])) if match else None


def trial_request(spec: TuningSpec, name: str, parameters: Mapping[str, str]) -> dict[str, Any]:
    """CreateTrainingJob's request for a point. Checkpoints go below the trial's name, so that
    trials don't overwrite each other's."""
    definition = spec.definition
    request = {member: definition[member] for member in _TAKEN_OVER if member in definition}
    checkpoints = definition.get("CheckpointConfig")
    if checkpoints:
        location = s3_location(checkpoints["S3Uri"]).below(name)
        request["CheckpointConfig"] = {**checkpoints, "S3Uri": str(location)}
    return {
        **request,
        "ResourceConfig": resource_config(definition),
        "TrainingJobName": name,
        "HyperParameters": {**spec.static, **parameters},
    }


def hosts_of_trial(spec: TuningSpec) -> int:
    """How many instances each trial has."""
    count: int = resource_config(spec.definition).get("InstanceCount", 1)
    return count


def resource_config(definition: Mapping[str, Any]) -> Mapping[str, Any]:
    """The training job's ResourceConfig, from either of the two ways to ask for it.

    HyperParameterTuningResourceConfig may list several instance types in order of preference, for
    the case that AWS is short of one; here the first is never short.
    """
    plain, flexible = (
        definition.get(member)
        for member in ("ResourceConfig", "HyperParameterTuningResourceConfig")
    )
    if bool(plain) == bool(flexible):
        raise ValidationException(
            "TrainingJobDefinition must have either a ResourceConfig or a "
            "HyperParameterTuningResourceConfig."
        )
    if plain:
        return dict(plain)
    assert flexible is not None
    first: Mapping[str, Any] = next(iter(flexible.get("InstanceConfigs", ())), {})
    members = ("InstanceType", "InstanceCount", "VolumeSizeInGB", "VolumeKmsKeyId")
    return {name: value for name, value in {**flexible, **first}.items() if name in members}


class TrialJobs:
    """The training jobs of one tuning job's trials.

    `context` acts as SageMaker: on AWS, whoever may create the tuning job needs no permission for
    the training jobs. Each method returns the trial as it is stored then.
    """

    def __init__(
        self, store: TuningStore, training: TrainingJobs, context: Context, job: TuningJob
    ) -> None:
        self._store = store
        self._training = training
        self._context = context
        self._job = job

    def create(self, trial: Trial, spec: TuningSpec, now: float) -> Trial:
        """Creates the training job, or finds the one that was created before a crash.

        It is left for later where there are too many training jobs already; where it is refused
        otherwise, the trial has failed of that.
        """
        request = trial_request(spec, trial.name, trial.parameters)
        tags = [{"Key": key, "Value": value} for key, value in self._job.trial_tags.items()]
        try:
            self._context.call("sagemaker", "CreateTrainingJob", **request, Tags=tags)
        except ResourceInUse:
            pass
        except ResourceLimitExceeded as error:
            log.warning("tuning job %s: %s", self._job.name, error.message)
            return trial
        except AwsError as error:
            return self._failed(trial, error.message, now)
        return self.adopt(trial)

    def adopt(self, trial: Trial) -> Trial:
        """Takes note that the training job is there."""
        self._training.link(trial.name, self._job.arn)

        def change(stored: Trial) -> Trial:
            stored.created = True
            return stored

        return self._changed(trial, change)

    def is_there(self, trial: Trial) -> bool:
        """Whether the training job exists."""
        return self._training.exists("training-job", trial.name)

    def refresh(self, trial: Trial, metric: str, now: float) -> Trial:
        """Takes over what the training job has come to."""
        try:
            seen = self._context.call(
                "sagemaker", "DescribeTrainingJob", TrainingJobName=trial.name
            )
        except ValidationException:
            return self._failed(trial, "The training job was deleted.", now)
        status = JobStatus(seen["TrainingJobStatus"])
        if status is trial.status and seen.get("TrainingStartTime") == trial.started:
            return trial
        finals = {m["MetricName"]: m["Value"] for m in seen.get("FinalMetricDataList", ())}

        def change(stored: Trial) -> Trial:
            stored.status = status
            stored.started = seen.get("TrainingStartTime")
            if status.is_terminal:
                stored.ended = seen.get("TrainingEndTime")
                stored.failure_reason = seen.get("FailureReason", "")
                stored.objective = finals.get(metric)
            return stored

        return self._changed(trial, change)

    def stop(self, trial: Trial) -> None:
        """Asks the training job to stop; one that has ended meanwhile needs it no more."""
        try:
            self._context.call("sagemaker", "StopTrainingJob", TrainingJobName=trial.name)
        except ValidationException:
            pass

    def _failed(self, trial: Trial, reason: str, now: float) -> Trial:
        def change(stored: Trial) -> Trial:
            stored.created = True
            stored.status = JobStatus.FAILED
            stored.ended = now
            stored.failure_reason = reason
            return stored

        return self._changed(trial, change)

    def _changed(self, trial: Trial, change: Any) -> Trial:
        return self._store.change_trial(trial.job, trial.number, change) or trial
