"""`ps` and `logs` on a job that really runs."""

from __future__ import annotations

import io
import json
import tarfile
import uuid

import pytest

from tests.planes import wait_until


def archive(name: str, text: str) -> bytes:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as tar:
        entry = tarfile.TarInfo(name)
        entry.size = len(text.encode())
        tar.addfile(entry, io.BytesIO(text.encode()))
    return packed.getvalue()


@pytest.fixture
def training_job(client):
    """The name of a training job that has just been asked for; it prints two lines."""
    name = f"job-{uuid.uuid4().hex[:12]}"
    trust = {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {"Service": "sagemaker.amazonaws.com"},
                "Action": "sts:AssumeRole",
            }
        ],
    }
    role = client("iam").create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(trust))
    s3 = client("s3")
    s3.create_bucket(Bucket=name)
    script = 'print("a line of the script")\nprint("the last line")\n'
    s3.put_object(Bucket=name, Key="source.tar.gz", Body=archive("train.py", script))
    client("sagemaker").create_training_job(
        TrainingJobName=name,
        RoleArn=role["Role"]["Arn"],
        AlgorithmSpecification={
            "TrainingImage": "763104351884.dkr.ecr.us-east-1.amazonaws.com/pytorch-training:2.0",
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


def test_ps_lists_a_job_that_has_ended_only_if_asked_for_all(plane, training_job):
    def ended():
        found = json.loads(plane.command("ps", "--all", "--json").stdout)
        return [x for x in found if x["name"] == training_job and x["status"] == "Completed"]

    (line,) = wait_until(ended, what="the job has completed")
    assert (line["kind"], line["detail"]) == ("training-job", "1 x ml.m5.large")
    names = [x["name"] for x in json.loads(plane.command("ps", "--json").stdout)]
    assert training_job not in names
