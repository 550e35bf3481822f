"""A tuning job and its trials as the Describe and List operations show them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from kennel.services.sagemaker.training.status import JobStatus
from kennel.services.sagemaker.tuning.completion import best_of, not_improving
from kennel.services.sagemaker.tuning.document import Evidence, Trial, TuningJob
from kennel.services.sagemaker.tuning.spec import TuningSpec
from kennel.services.sagemaker.tuning.status import ObjectiveStatus
from kennel.services.sagemaker.tuning.trials import resource_config
from kennel.services.sagemaker.tuning.warm_start import IDENTICAL

__all__ = ["describe", "summarize", "summarize_trial"]

_FLAGS = (
    "EnableNetworkIsolation",
    "EnableInterContainerTrafficEncryption",
    "EnableManagedSpotTraining",
)
# The counter that a training job's status counts in. Kennel retries nothing, so every failure is
# one that is not retried.
_COUNTED_AS = {
    JobStatus.COMPLETED: "Completed",
    JobStatus.IN_PROGRESS: "InProgress",
    JobStatus.STOPPING: "InProgress",
    JobStatus.FAILED: "NonRetryableError",
    JobStatus.STOPPED: "Stopped",
}


def describe(
    job: TuningJob, trials: Sequence[Trial], evidence: Evidence | None, now: float
) -> dict[str, Any]:
    """DescribeHyperParameterTuningJob's output; what there is nothing to say of is left out."""
    spec = TuningSpec.read(job.request)
    shown = _heading(job, trials)
    shown["HyperParameterTuningJobConfig"] = job.request["HyperParameterTuningJobConfig"]
    shown["TrainingJobDefinition"] = _definition(job)
    shown["TuningJobCompletionDetails"] = {
        "NumberOfTrainingJobsObjectiveNotImproving": not_improving(trials, spec.maximize)
    }
    shown["ConsumedResources"] = {"RuntimeInSeconds": int((job.ended or now) - job.creation_time)}
    best = best_of(trials, spec.maximize)
    if best is not None:
        shown["BestTrainingJob"] = summarize_trial(best, spec)
    warm_start = job.request.get("WarmStartConfig")
    if warm_start is not None:
        shown["WarmStartConfig"] = warm_start
        if evidence is not None and warm_start["WarmStartType"] == IDENTICAL:
            bests = [trial for trial in (evidence.best, best) if trial is not None]
            overall = best_of(bests, spec.maximize)
            if overall is not None:
                named = {"TuningJobName": overall.job}
                shown["OverallBestTrainingJob"] = summarize_trial(overall, spec) | named
    if job.failure_reason and job.status.is_terminal:
        shown["FailureReason"] = job.failure_reason
    return shown


def _definition(job: TuningJob) -> dict[str, Any]:
    """The definition with the flags that AWS fills in, and with a ResourceConfig however the
    instances were asked for: the SDK asks by HyperParameterTuningResourceConfig, and its `attach`
    reads ResourceConfig."""
    definition = job.request["TrainingJobDefinition"]
    flags = dict.fromkeys(_FLAGS, False)
    return {**flags, **definition, "ResourceConfig": resource_config(definition)}


def summarize(job: TuningJob, trials: Sequence[Trial]) -> dict[str, Any]:
    """An entry of ListHyperParameterTuningJobs."""
    config = job.request["HyperParameterTuningJobConfig"]
    return {
        **_heading(job, trials),
        "Strategy": config["Strategy"],
        "ResourceLimits": config["ResourceLimits"],
    }


def summarize_trial(trial: Trial, spec: TuningSpec) -> dict[str, Any]:
    """A trial's entry. BestTrainingJob is one, and the list of a job's training jobs has them."""
    shown: dict[str, Any] = {
        "TrainingJobName": trial.name,
        "TrainingJobArn": trial.arn,
        "CreationTime": trial.creation_time,
        "TrainingJobStatus": trial.status.value,
        "TunedHyperParameters": trial.parameters,
        "ObjectiveStatus": trial.objective_status.value,
    }
    optional = {
        "TrainingJobDefinitionName": spec.definition.get("DefinitionName"),
        "TrainingStartTime": trial.started,
        "TrainingEndTime": trial.ended,
        "FailureReason": trial.failure_reason,
    }
    if trial.objective_status is ObjectiveStatus.SUCCEEDED:
        optional["FinalHyperParameterTuningJobObjectiveMetric"] = {
            "MetricName": spec.metric,
            "Value": trial.objective,
        }
    return shown | {name: value for name, value in optional.items() if value}


def _heading(job: TuningJob, trials: Sequence[Trial]) -> dict[str, Any]:
    statuses = dict.fromkeys(
        ("Completed", "InProgress", "RetryableError", "NonRetryableError", "Stopped"), 0
    )
    objectives = {status.value: 0 for status in ObjectiveStatus}
    for trial in trials:
        statuses[_COUNTED_AS[trial.status]] += 1
        objectives[trial.objective_status.value] += 1
    shown = {
        "HyperParameterTuningJobName": job.name,
        "HyperParameterTuningJobArn": job.arn,
        "HyperParameterTuningJobStatus": job.status.value,
        "CreationTime": job.creation_time,
        "LastModifiedTime": job.last_modified,
        "TrainingJobStatusCounters": statuses,
        "ObjectiveStatusCounters": objectives,
    }
    return shown | ({"HyperParameterTuningEndTime": job.ended} if job.ended is not None else {})
