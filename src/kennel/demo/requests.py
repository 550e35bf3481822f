"""What is asked of SageMaker: the requests of the tuning job and of the training job."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

__all__ = ["METRICS", "OBJECTIVE", "PARALLEL", "Workplace", "image", "training_job", "tuning_job"]

OBJECTIVE = "validation:loss"
PARALLEL = 2
# What the recipe prints, from docs/recipe.md. A trial's own epochs come first, so that a watcher
# sees it go.
METRICS = {
    "epoch:loss": r" validation_loss=([^;]+);",
    OBJECTIVE: r"final_validation_loss=([^;]+);",
    "validation:accuracy": r"final_validation_accuracy=([^;]+);",
    "Test Loss": r"Testing Loss: ([0-9\.]+)",
    "Test Accuracy": r"Testing Accuracy: ([0-9\.]+)",
}
_VERSION = "2.5.1-cpu-py311-ubuntu22.04-sagemaker"
_SECONDS = 3600


@dataclass(frozen=True, slots=True)
class Workplace:
    """Where a run's jobs find and leave things. `data`, `source` and `output` are S3 URIs."""

    region: str
    role_arn: str
    data: str
    source: str
    output: str
    instance_type: str = "ml.m5.xlarge"


def image(use: str, region: str) -> str:
    """The URI of AWS's PyTorch image; `use` is training or inference."""
    return f"763104351884.dkr.ecr.{region}.amazonaws.com/pytorch-{use}:{_VERSION}"


def tuning_job(name: str, place: Workplace, trials: int) -> dict[str, Any]:
    """The arguments of CreateHyperParameterTuningJob: a learning rate and a batch size."""
    return {
        "HyperParameterTuningJobName": name,
        "HyperParameterTuningJobConfig": {
            "Strategy": "Bayesian",
            "HyperParameterTuningJobObjective": {"Type": "Minimize", "MetricName": OBJECTIVE},
            "ResourceLimits": {
                "MaxNumberOfTrainingJobs": trials,
                "MaxParallelTrainingJobs": min(PARALLEL, trials),
            },
            "ParameterRanges": {
                "ContinuousParameterRanges": [
                    {
                        "Name": "learning-rate",
                        "MinValue": "0.001",
                        "MaxValue": "0.1",
                        "ScalingType": "Logarithmic",
                    }
                ],
                "CategoricalParameterRanges": [
                    {"Name": "batch-size", "Values": ["32", "64", "128", "256", "512"]}
                ],
            },
            "TrainingJobEarlyStoppingType": "Off",
            "RandomSeed": 1,
        },
        # Nothing is chosen by the test photos: the trials do not look at them.
        "TrainingJobDefinition": {
            "StaticHyperParameters": _program(place) | {"test-split": "skip"},
            **_definition(place),
        },
    }


def training_job(name: str, place: Workplace, best: Mapping[str, str]) -> dict[str, Any]:
    """The arguments of CreateTrainingJob, with the values of the best trial."""
    definition = _definition(place)
    return {
        "TrainingJobName": name,
        "HyperParameters": _program(place) | dict(best),
        **definition,
    }


def _program(place: Workplace) -> dict[str, str]:
    return {"sagemaker_program": "train.py", "sagemaker_submit_directory": place.source}


def _definition(place: Workplace) -> dict[str, Any]:
    source = {
        "S3DataType": "S3Prefix",
        "S3Uri": place.data,
        "S3DataDistributionType": "FullyReplicated",
    }
    return {
        "AlgorithmSpecification": {
            "TrainingImage": image("training", place.region),
            "TrainingInputMode": "File",
            "MetricDefinitions": [
                {"Name": metric, "Regex": regex} for metric, regex in METRICS.items()
            ],
        },
        "RoleArn": place.role_arn,
        "InputDataConfig": [{"ChannelName": "training", "DataSource": {"S3DataSource": source}}],
        "OutputDataConfig": {"S3OutputPath": place.output},
        "ResourceConfig": {
            "InstanceType": place.instance_type,
            "InstanceCount": 1,
            "VolumeSizeInGB": 30,
        },
        "StoppingCondition": {"MaxRuntimeInSeconds": _SECONDS},
    }
