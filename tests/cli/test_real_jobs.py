"""`ps` and `logs` on a job that really runs."""

from __future__ import annotations

import io
import json
import os
import pty
import subprocess
import sys
import tarfile
import uuid

import pytest

from tests.planes import clean_environment, wait_until
from tests.roles import role_arn


def archive(name: str, text: str) -> bytes:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as tar:
        entry = tarfile.TarInfo(name)
        entry.size = len(text.encode())
        tar.addfile(entry, io.BytesIO(text.encode()))
    return packed.getvalue()


@pytest.fixture
def named_role(client):
    """A new name, and a role of that name that SageMaker may take."""
    name = f"job-{uuid.uuid4().hex[:12]}"
    return name, role_arn(client("iam"), name)


IMAGE = "763104351884.dkr.ecr.us-east-1.amazonaws.com/pytorch-training:2.0"
NO_IMAGE = "000000000000.dkr.ecr.us-east-1.amazonaws.com/there-is-none:1"


@pytest.fixture
def failed_job(plane, client, named_role):
    """The name of a training job that failed before it printed anything."""
    name, role = named_role
    client("s3").create_bucket(Bucket=name)
    sagemaker = client("sagemaker")
    sagemaker.create_training_job(
        TrainingJobName=name,
        RoleArn=role,
        AlgorithmSpecification={"TrainingImage": NO_IMAGE, "TrainingInputMode": "File"},
        OutputDataConfig={"S3OutputPath": f"s3://{name}/output"},
        ResourceConfig={"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 1},
        StoppingCondition={"MaxRuntimeInSeconds": 600},
    )

    def has_failed():
        job = sagemaker.describe_training_job(TrainingJobName=name)
        return job["TrainingJobStatus"] == "Failed"

    wait_until(has_failed, what="the job has failed")
    return name


@pytest.fixture
def failed_endpoint(plane, client, named_role):
    """The name of an endpoint whose model could not be had."""
    name, role = named_role
    client("s3").create_bucket(Bucket=name)
    client("s3").put_object(Bucket=name, Key="model.tar.gz", Body=b"this is no archive")
    sagemaker = client("sagemaker")
    sagemaker.create_model(
        ModelName=name,
        ExecutionRoleArn=role,
        PrimaryContainer={
            "Image": IMAGE.replace("training", "inference"),
            "ModelDataUrl": f"s3://{name}/model.tar.gz",
        },
    )
    variant = {
        "VariantName": "one",
        "ModelName": name,
        "InstanceType": "ml.m5.large",
        "InitialInstanceCount": 1,
    }
    sagemaker.create_endpoint_config(EndpointConfigName=name, ProductionVariants=[variant])
    sagemaker.create_endpoint(EndpointName=name, EndpointConfigName=name)

    def has_failed():
        return sagemaker.describe_endpoint(EndpointName=name)["EndpointStatus"] == "Failed"

    wait_until(has_failed, what="the endpoint has failed")
    return name


@pytest.fixture
def training_job(client, named_role):
    """The name of a training job that has just been asked for; it prints two lines."""
    name, role = named_role
    s3 = client("s3")
    s3.create_bucket(Bucket=name)
    script = 'print("a line of the script")\nprint("the last line")\n'
    s3.put_object(Bucket=name, Key="source.tar.gz", Body=archive("train.py", script))
    client("sagemaker").create_training_job(
        TrainingJobName=name,
        RoleArn=role,
        AlgorithmSpecification={
            "TrainingImage": IMAGE,
            "TrainingInputMode": "File",
        },
        HyperParameters={
            "sagemaker_program": "train.py",
            "sagemaker_submit_directory": f"s3://{name}/source.tar.gz",
        },
        OutputDataConfig={"S3OutputPath": f"s3://{name}/output"},
        ResourceConfig={"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 1},
        StoppingCondition={"MaxRuntimeInSeconds": 600},
    )
    return name


def test_following_a_jobs_log_ends_with_the_job_and_misses_no_line(plane, training_job):
    answer = plane.command("logs", "-f", training_job)
    assert (answer.returncode, answer.stderr) == (0, "")
    lines = answer.stdout.splitlines()
    assert lines.index("a line of the script") < lines.index("the last line")
    described = plane.client("sagemaker").describe_training_job(TrainingJobName=training_job)
    assert described["TrainingJobStatus"] == "Completed"
    assert plane.command("logs", training_job).stdout == answer.stdout


def one_line(described):
    return " ".join(described["FailureReason"].split())


@pytest.mark.parametrize("options", [[], ["-f"]])
def test_the_log_of_a_job_that_failed_before_it_printed_says_why(plane, failed_job, options):
    described = plane.client("sagemaker").describe_training_job(TrainingJobName=failed_job)
    for resource in (failed_job, f"training-job/{failed_job}"):
        answer = plane.command("logs", *options, resource)
        assert (answer.returncode, answer.stdout) == (0, "")
        assert answer.stderr == (
            f"kennel: training-job/{failed_job} has no log. "
            f"Its status is Failed: {one_line(described)}\n"
        )


@pytest.mark.parametrize("options", [[], ["-f"]])
def test_the_log_of_an_endpoint_that_failed_before_it_printed_says_why(
    plane, failed_endpoint, options
):
    described = plane.client("sagemaker").describe_endpoint(EndpointName=failed_endpoint)
    answer = plane.command("logs", *options, f"endpoint/{failed_endpoint}")
    assert (answer.returncode, answer.stdout) == (0, "")
    assert "has no log. Its status is Failed: " + one_line(described) in answer.stderr


def test_a_kind_that_is_given_is_the_only_one_looked_for(plane, failed_job):
    answer = plane.command("logs", f"endpoint/{failed_job}")
    assert answer.returncode == 1
    assert f"There is no endpoint named {failed_job}" in answer.stderr


def test_ps_tells_why_something_failed(plane, failed_job, failed_endpoint):
    found = json.loads(plane.command("ps", "--all", "--json").stdout)
    sagemaker = plane.client("sagemaker")
    reasons = {
        "training-job": one_line(sagemaker.describe_training_job(TrainingJobName=failed_job)),
        "endpoint": one_line(sagemaker.describe_endpoint(EndpointName=failed_endpoint)),
    }
    failed = {x["kind"]: x["detail"] for x in found if x["name"] in (failed_job, failed_endpoint)}
    assert failed == reasons
    table = plane.command("ps", "--all").stdout
    assert all(reason in table for reason in reasons.values())


def test_on_a_terminal_the_reason_is_cut_to_the_width(plane, failed_job):
    ours, terminal = pty.openpty()
    done = subprocess.run(
        [sys.executable, "-m", "kennel", "ps", "-a", "--state", str(plane.state)],
        stdout=terminal,
        env=clean_environment() | {"COLUMNS": "100"},
        check=True,
    )
    assert done.returncode == 0
    os.close(terminal)
    printed = b""
    try:
        while piece := os.read(ours, 65536):  # a page of memory at a time, whatever one asks for
            printed += piece
    except OSError:  # how Linux says that a terminal's other end is closed
        pass
    os.close(ours)
    lines = printed.decode().splitlines()
    (line,) = [line for line in lines if failed_job in line]
    assert len(line) <= 100
    assert "..." in line


def test_ps_lists_a_job_that_has_ended_only_if_asked_for_all(plane, training_job):
    def ended():
        found = json.loads(plane.command("ps", "--all", "--json").stdout)
        return [x for x in found if x["name"] == training_job and x["status"] == "Completed"]

    (line,) = wait_until(ended, what="the job has completed")
    assert (line["kind"], line["detail"]) == ("training-job", "1 x ml.m5.large")
    names = [x["name"] for x in json.loads(plane.command("ps", "--json").stdout)]
    assert training_job not in names
