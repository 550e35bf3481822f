"""A training job as DescribeTrainingJob and ListTrainingJobs show it."""

from __future__ import annotations

import math
from typing import Any

from kennel.services.sagemaker.training.debugger import evaluations, profiling_status
from kennel.services.sagemaker.training.document import TrainingJob, TrainingJobSummary
from kennel.services.sagemaker.training.status import SecondaryStatus

__all__ = ["billable_seconds", "describe", "summarize"]

# Of the request, what is shown as it was given.
_SHOWN = (
    "HyperParameters",
    "AlgorithmSpecification",
    "RoleArn",
    "InputDataConfig",
    "ResourceConfig",
    "VpcConfig",
    "StoppingCondition",
    "CheckpointConfig",
    "DebugHookConfig",
    "DebugRuleConfigurations",
    "TensorBoardOutputConfig",
    "ExperimentConfig",
    "ProfilerConfig",
    "ProfilerRuleConfigurations",
    "Environment",
    "RetryStrategy",
    "RemoteDebugConfig",
    "InfraCheckConfig",
)
_FLAGS = (
    "EnableNetworkIsolation",
    "EnableInterContainerTrafficEncryption",
    "EnableManagedSpotTraining",
)


def describe(job: TrainingJob) -> dict[str, Any]:
    """DescribeTrainingJob's output; what there is nothing to say of is left out."""
    request = job.request
    shown: dict[str, Any] = {
        "TrainingJobName": job.name,
        "TrainingJobArn": job.arn,
        "TrainingJobStatus": job.status.value,
        "SecondaryStatus": job.secondary.value,
        "CreationTime": job.creation_time,
        "LastModifiedTime": job.last_modified,
        "SecondaryStatusTransitions": _transitions(job),
        **{name: request[name] for name in _SHOWN if name in request},
        **{name: bool(request.get(name)) for name in _FLAGS},
        # The SDK's `attach` reads the key's name whether there is one or not, and AWS gives it.
        "OutputDataConfig": {"KmsKeyId": "", **request["OutputDataConfig"]},
    }
    optional = {
        "ModelArtifacts": {"S3ModelArtifacts": job.artifacts} if job.artifacts else None,
        "FailureReason": job.failure_reason if job.secondary is SecondaryStatus.FAILED else None,
        "TuningJobArn": job.tuning_job_arn,
        "TrainingStartTime": job.started,
        "TrainingEndTime": job.ended,
        "FinalMetricDataList": _metrics(job),
        "DebugRuleEvaluationStatuses": evaluations(
            request, "DebugRuleConfigurations", job.creation_time
        ),
        "ProfilerRuleEvaluationStatuses": evaluations(
            request, "ProfilerRuleConfigurations", job.creation_time
        ),
        "ProfilingStatus": profiling_status(request),
        **_seconds(job),
    }
    return shown | {name: value for name, value in optional.items() if value}


def summarize(job: TrainingJobSummary) -> dict[str, Any]:
    """An entry of ListTrainingJobs."""
    shown = {
        "TrainingJobName": job.name,
        "TrainingJobArn": job.arn,
        "CreationTime": job.creation_time,
        "LastModifiedTime": job.last_modified,
        "TrainingJobStatus": job.status.value,
        "SecondaryStatus": job.secondary.value,
    }
    return shown | ({"TrainingEndTime": job.ended} if job.ended else {})


def _transitions(job: TrainingJob) -> list[dict[str, Any]]:
    return [
        {
            "Status": transition.status.value,
            "StartTime": transition.start,
            "StatusMessage": transition.message,
            **({"EndTime": transition.end} if transition.end is not None else {}),
        }
        for transition in job.transitions
    ]


def _metrics(job: TrainingJob) -> list[dict[str, Any]]:
    return [
        {"MetricName": name, "Value": metric.value, "Timestamp": metric.timestamp}
        for name, metric in job.metrics.items()
    ]


def _seconds(job: TrainingJob) -> dict[str, int]:
    """From the start on the instances to the end; what is billed for each instance is the same
    as long as nothing is interrupted. AWS bills begun seconds."""
    if job.started is None or job.ended is None:
        return {}
    seconds = billable_seconds(job.started, job.ended)
    return {"TrainingTimeInSeconds": seconds, "BillableTimeInSeconds": seconds}


def billable_seconds(started: float, ended: float) -> int:
    """What each instance is billed; a client multiplies it by their number."""
    return max(1, math.ceil(ended - started))
