"""Training jobs by boto3 against a real plane."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from botocore.exceptions import ClientError, WaiterError

from tests.integration.training_jobs import Training
from tests.planes import Plane, wait_until

SAVE = "import os\nopen(os.environ['SM_MODEL_DIR'] + '/w', 'w').write('weights')\n"


@pytest.fixture(scope="module")
def training(plane: Plane) -> Training:
    return Training(plane)


def wait_with_boto3(training: Training, name: str) -> dict[str, Any]:
    waiter = training.sagemaker.get_waiter("training_job_completed_or_stopped")
    waiter.wait(TrainingJobName=name, WaiterConfig={"Delay": 1, "MaxAttempts": 120})
    return training.describe(name)


def test_boto3s_waiter_sees_a_job_through(training: Training) -> None:
    training.create("wire-plain", SAVE + "print('hello')\n", hyperparameters={"epochs": "2"})
    job = wait_with_boto3(training, "wire-plain")
    assert job["TrainingJobStatus"] == "Completed"
    assert training.artifacts("wire-plain") == {"w": b"weights"}
    assert "hello" in training.lines("wire-plain")
    stream = training.logs.describe_log_streams(
        logGroupName="/aws/sagemaker/TrainingJobs", logStreamNamePrefix="wire-plain/"
    )["logStreams"][0]["logStreamName"]
    assert re.fullmatch(r"wire-plain/algo-1-\d{10}", stream)


def test_boto3_inside_a_job_reaches_the_plane_as_the_jobs_role(training: Training) -> None:
    script = """
import boto3, os
print("I am", boto3.client("sts").get_caller_identity()["Arn"])
boto3.client("s3").put_object(Bucket=os.environ["BUCKET"], Key="from/inside", Body=b"hi")
"""
    training.create("wire-inside", script, environment={"BUCKET": training.bucket})
    job = wait_with_boto3(training, "wire-inside")
    assert job["TrainingJobStatus"] == "Completed"
    assert any(
        line.startswith("I am ") and line.endswith(":assumed-role/training/SageMaker")
        for line in training.lines("wire-inside")
    )
    body = training.s3.get_object(Bucket=training.bucket, Key="from/inside")["Body"].read()
    assert body == b"hi"


def test_a_failed_job_ends_boto3s_waiter_and_tells_why(training: Training) -> None:
    training.create("wire-failed", "raise KeyError('breed')\n")
    with pytest.raises(WaiterError, match='matched expected path: "Failed"'):
        wait_with_boto3(training, "wire-failed")
    job = training.describe("wire-failed")
    assert "KeyError" in job["FailureReason"]


def test_a_stopped_job_ends_boto3s_waiter(training: Training) -> None:
    training.create("wire-stopped", "import time\ntime.sleep(600)\n")
    training.wait("wire-stopped", "Training")
    training.sagemaker.stop_training_job(TrainingJobName="wire-stopped")
    assert wait_with_boto3(training, "wire-stopped")["TrainingJobStatus"] == "Stopped"


def test_metrics_can_be_read_back_from_cloudwatch(training: Training, plane: Plane) -> None:
    script = "for loss in (0.75, 0.5, 0.25):\n    print(f'Testing Loss: {loss}', flush=True)\n"
    training.create(
        "wire-metrics", script, metrics={"Test Loss": r"Testing Loss: ([0-9\.]+)", "No": r"x(\d)"}
    )
    job = wait_with_boto3(training, "wire-metrics")
    [final] = job["FinalMetricDataList"]
    assert (final["MetricName"], final["Value"]) == ("Test Loss", 0.25)
    cloudwatch = plane.client("cloudwatch")

    def statistics() -> Any:
        # As the SDK's TrainingJobAnalytics asks: a minute around the job.
        return cloudwatch.get_metric_statistics(
            Namespace="/aws/sagemaker/TrainingJobs",
            MetricName="Test Loss",
            Dimensions=[{"Name": "TrainingJobName", "Value": "wire-metrics"}],
            StartTime=job["TrainingStartTime"].timestamp() - 60,
            EndTime=job["TrainingEndTime"].timestamp() + 60,
            Period=60,
            Statistics=["Minimum", "Maximum", "SampleCount"],
        )["Datapoints"]

    points = wait_until(statistics)
    assert sum(point["SampleCount"] for point in points) == 3
    assert min(point["Minimum"] for point in points) == 0.25
    assert max(point["Maximum"] for point in points) == 0.75


def test_a_jobs_name_and_tags_over_the_wire(training: Training) -> None:
    training.create("wire-tagged", SAVE, Tags=[{"Key": "team", "Value": "dogs"}])
    with pytest.raises(training.sagemaker.exceptions.ResourceInUse):
        training.create("wire-tagged", SAVE)
    arn = training.describe("wire-tagged")["TrainingJobArn"]
    assert training.sagemaker.list_tags(ResourceArn=arn)["Tags"] == [
        {"Key": "team", "Value": "dogs"}
    ]
    wait_with_boto3(training, "wire-tagged")
    training.sagemaker.delete_training_job(TrainingJobName="wire-tagged")
    with pytest.raises(ClientError, match="Requested resource not found") as missing:
        training.describe("wire-tagged")
    assert missing.value.response["Error"]["Code"] == "ValidationException"


def test_boto3s_paginator_lists_every_job(training: Training) -> None:
    names = {f"wire-listed-{number}" for number in range(3)}
    for name in names:
        training.create(name, SAVE)
    for name in names:
        wait_with_boto3(training, name)
    pages = training.sagemaker.get_paginator("list_training_jobs").paginate(
        NameContains="wire-listed", PaginationConfig={"PageSize": 2}
    )
    found = [job["TrainingJobName"] for page in pages for job in page["TrainingJobSummaries"]]
    assert set(found) == names
    assert len(found) == 3


def test_the_request_is_described_as_it_was_given(training: Training) -> None:
    training.create(
        "wire-described",
        SAVE,
        hyperparameters={"lr": "0.1"},
        environment={"A": "b"},
        DebugHookConfig={"S3OutputPath": f"s3://{training.bucket}/debug"},
        ProfilerConfig={"S3OutputPath": f"s3://{training.bucket}/profile"},
    )
    job = wait_with_boto3(training, "wire-described")
    assert job["HyperParameters"]["lr"] == "0.1"
    assert job["Environment"] == {"A": "b"}
    assert job["ResourceConfig"]["InstanceType"] == "ml.m5.large"
    assert job["StoppingCondition"] == {"MaxRuntimeInSeconds": 600}
    assert job["DebugHookConfig"]["S3OutputPath"].endswith("/debug")
    assert job["EnableManagedSpotTraining"] is False
    assert "FailureReason" not in job
    assert json.dumps(job["ModelArtifacts"]) == json.dumps(
        {"S3ModelArtifacts": f"s3://{training.bucket}/models/wire-described/output/model.tar.gz"}
    )
