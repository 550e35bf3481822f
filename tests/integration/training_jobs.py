"""Training jobs for tests, on a plane over the wire, by boto3 alone."""

from __future__ import annotations

import io
import tarfile
from typing import Any

from tests.integration.model_archives import archive
from tests.planes import Plane, wait_until
from tests.roles import role_arn

__all__ = ["IMAGE", "Training"]

IMAGE = "763104351884.dkr.ecr.us-east-1.amazonaws.com/pytorch-training:2.0.0-cpu-py310"
_GROUP = "/aws/sagemaker/TrainingJobs"


class Training:
    """Makes a role and a bucket if they are not there, and jobs from a script's text."""

    def __init__(self, plane: Plane, bucket: str = "training") -> None:
        self.sagemaker = plane.client("sagemaker")
        self.s3 = plane.client("s3")
        self.logs = plane.client("logs")
        self.bucket = bucket
        if bucket not in {entry["Name"] for entry in self.s3.list_buckets()["Buckets"]}:
            self.s3.create_bucket(Bucket=bucket)
        self.role = role_arn(plane.client("iam"), "training")

    def create(self, name: str, script: str, **changes: Any) -> None:
        """Creates a job; `hyperparameters`, `metrics` (name to regex) and `environment` are
        spelled short, `files` lie beside the script, whatever else is a member of the request."""
        files = {"train.py": script, **changes.pop("files", {})}
        key = f"code/{name}/sourcedir.tar.gz"
        self.s3.put_object(Bucket=self.bucket, Key=key, Body=archive(files))
        hyperparameters = {
            "sagemaker_program": '"train.py"',
            "sagemaker_submit_directory": f'"s3://{self.bucket}/{key}"',
            **changes.pop("hyperparameters", {}),
        }
        metrics = [
            {"Name": metric, "Regex": expression}
            for metric, expression in changes.pop("metrics", {}).items()
        ]
        request: dict[str, Any] = {
            "TrainingJobName": name,
            "AlgorithmSpecification": {
                "TrainingImage": IMAGE,
                "TrainingInputMode": "File",
                "MetricDefinitions": metrics,
            },
            "RoleArn": self.role,
            "OutputDataConfig": {"S3OutputPath": f"s3://{self.bucket}/models"},
            "ResourceConfig": {
                "InstanceType": "ml.m5.large",
                "InstanceCount": 1,
                "VolumeSizeInGB": 10,
            },
            "StoppingCondition": {"MaxRuntimeInSeconds": 600},
            "HyperParameters": hyperparameters,
            "Environment": changes.pop("environment", {}),
        }
        self.sagemaker.create_training_job(**request | changes)

    def describe(self, name: str) -> dict[str, Any]:
        described: dict[str, Any] = self.sagemaker.describe_training_job(TrainingJobName=name)
        return described

    def wait(self, name: str, *statuses: str) -> dict[str, Any]:
        """Waits for a secondary status, any end by default."""
        wanted = statuses or ("Completed", "Failed", "Stopped", "MaxRuntimeExceeded")

        def reached() -> dict[str, Any] | None:
            job = self.describe(name)
            return job if job["SecondaryStatus"] in wanted else None

        found: dict[str, Any] = wait_until(reached, 120, f"{name} is {wanted}")
        return found

    def artifacts(self, name: str) -> dict[str, bytes]:
        """The files in a job's model.tar.gz."""
        key = f"models/{name}/output/model.tar.gz"
        data = self.s3.get_object(Bucket=self.bucket, Key=key)["Body"].read()
        with tarfile.open(fileobj=io.BytesIO(data), mode="r:gz") as tar:
            files = {member.name: tar.extractfile(member) for member in tar if member.isreg()}
            return {name: file.read() for name, file in files.items() if file is not None}

    def lines(self, name: str) -> list[str]:
        """What the job has printed, stream after stream."""
        streams = self.logs.describe_log_streams(
            logGroupName=_GROUP, logStreamNamePrefix=f"{name}/"
        )["logStreams"]
        pages = self.logs.get_paginator("filter_log_events").paginate(
            logGroupName=_GROUP, logStreamNames=[stream["logStreamName"] for stream in streams]
        )
        return [event["message"] for page in pages for event in page["events"]]
