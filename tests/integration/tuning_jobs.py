"""Tuning jobs for tests, on a plane over the wire, by boto3 alone."""

from __future__ import annotations

from typing import Any

from tests.integration.model_archives import archive
from tests.integration.training_jobs import IMAGE, Training
from tests.planes import Plane, wait_until

__all__ = ["LOSS", "QUADRATIC", "Tuning", "categorical", "continuous", "integer"]

LOSS = "Testing Loss: ([0-9eE+.-]+)"

# The best learning rate is 0.01; a look at it costs one interpreter's start.
QUADRATIC = """
import argparse, math
parser = argparse.ArgumentParser()
parser.add_argument("--lr", type=float)
lr = parser.parse_args().lr
print(f"Testing Loss: {(math.log10(lr) + 2) ** 2}")
"""


def continuous(name: str, low: float, high: float, scaling: str = "Auto") -> dict[str, Any]:
    return {"Name": name, "MinValue": str(low), "MaxValue": str(high), "ScalingType": scaling}


def integer(name: str, low: int, high: int, scaling: str = "Auto") -> dict[str, Any]:
    return {"Name": name, "MinValue": str(low), "MaxValue": str(high), "ScalingType": scaling}


def categorical(name: str, *values: str) -> dict[str, Any]:
    return {"Name": name, "Values": list(values)}


class Tuning:
    """Makes tuning jobs from a script's text."""

    def __init__(self, plane: Plane) -> None:
        self.training = Training(plane)
        self.sagemaker = self.training.sagemaker

    def request(self, name: str, script: str, **changes: Any) -> dict[str, Any]:
        """CreateHyperParameterTuningJob's parameters. Spelled short: `trials`, `parallel`,
        `objective` (Minimize or Maximize), `ranges`, `config` (further members of the
        configuration), `static`, `regex`, `environment`; whatever else is the request's own."""
        bucket, s3 = self.training.bucket, self.training.s3
        key = f"code/{name}/sourcedir.tar.gz"
        s3.put_object(Bucket=bucket, Key=key, Body=archive({"train.py": script}))
        limits = {"MaxParallelTrainingJobs": changes.pop("parallel", 2)}
        trials = changes.pop("trials", 4)
        if trials is not None:
            limits["MaxNumberOfTrainingJobs"] = trials
        config: dict[str, Any] = {
            "Strategy": changes.pop("strategy", "Random"),
            "HyperParameterTuningJobObjective": {
                "Type": changes.pop("objective", "Minimize"),
                "MetricName": "Test Loss",
            },
            "ResourceLimits": limits,
            "ParameterRanges": changes.pop(
                "ranges", {"ContinuousParameterRanges": [continuous("lr", 0.0001, 1)]}
            ),
            "RandomSeed": 7,
        }
        definition: dict[str, Any] = {
            "StaticHyperParameters": {
                "sagemaker_program": '"train.py"',
                "sagemaker_submit_directory": f'"s3://{bucket}/{key}"',
                **changes.pop("static", {}),
            },
            "AlgorithmSpecification": {
                "TrainingImage": IMAGE,
                "TrainingInputMode": "File",
                "MetricDefinitions": [{"Name": "Test Loss", "Regex": changes.pop("regex", LOSS)}],
            },
            "RoleArn": self.training.role,
            "OutputDataConfig": {"S3OutputPath": f"s3://{bucket}/models"},
            "ResourceConfig": {
                "InstanceType": "ml.m5.large",
                "InstanceCount": 1,
                "VolumeSizeInGB": 10,
            },
            "StoppingCondition": {"MaxRuntimeInSeconds": 600},
            "Environment": changes.pop("environment", {}),
        }
        return {
            "HyperParameterTuningJobName": name,
            "HyperParameterTuningJobConfig": config | changes.pop("config", {}),
            "TrainingJobDefinition": definition | changes.pop("definition", {}),
            **changes,
        }

    def create(self, name: str, script: str, **changes: Any) -> None:
        self.sagemaker.create_hyper_parameter_tuning_job(**self.request(name, script, **changes))

    def describe(self, name: str) -> dict[str, Any]:
        described: dict[str, Any] = self.sagemaker.describe_hyper_parameter_tuning_job(
            HyperParameterTuningJobName=name
        )
        return described

    def wait(self, name: str, *statuses: str, seconds: float = 180.0) -> dict[str, Any]:
        """Waits for a status, any end by default."""
        wanted = statuses or ("Completed", "Failed", "Stopped")

        def reached() -> dict[str, Any] | None:
            job = self.describe(name)
            return job if job["HyperParameterTuningJobStatus"] in wanted else None

        found: dict[str, Any] = wait_until(reached, seconds, f"{name} is {wanted}")
        return found

    def trials(self, name: str, **options: Any) -> list[dict[str, Any]]:
        """The training jobs of a tuning job, by boto3's paginator."""
        pages = self.sagemaker.get_paginator(
            "list_training_jobs_for_hyper_parameter_tuning_job"
        ).paginate(HyperParameterTuningJobName=name, **options)
        return [trial for page in pages for trial in page["TrainingJobSummaries"]]
