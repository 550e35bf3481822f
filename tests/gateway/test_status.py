"""The plane's own state is for each of its principals; what runs is for whom may list it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from botocore.auth import SigV4Auth
from botocore.credentials import Credentials

from kennel.gateway.plane import ACCOUNT_ID, Plane
from kennel.gateway.status import StatusPage
from kennel.identity import Principal
from kennel.settings import Settings
from tests.auth.signing import signed
from tests.roles import TRUST

_JOB: dict[str, Any] = {
    "TrainingJobName": "secret-plans",
    "RoleArn": f"arn:aws:iam::{ACCOUNT_ID}:role/r",
    "AlgorithmSpecification": {"TrainingImage": "kennel", "TrainingInputMode": "File"},
    "OutputDataConfig": {"S3OutputPath": "s3://outputs/o"},
    "ResourceConfig": {
        "InstanceType": "ml.m5.large",
        "InstanceCount": 1,
        "VolumeSizeInGB": 1,
    },
    "StoppingCondition": {"MaxRuntimeInSeconds": 60},
}


@pytest.fixture
def plane(tmp_path: Path) -> Iterator[Plane]:
    """A plane with a job that nothing runs: its services are not started."""
    plane = Plane(Settings(tmp_path, iam="enforce"), "http://127.0.0.1:9")
    plane.start()
    context = plane.dispatcher.context(Principal.root(ACCOUNT_ID))
    context.call("iam", "CreateRole", RoleName="r", AssumeRolePolicyDocument=json.dumps(TRUST))
    context.call("iam", "CreateUser", UserName="u")
    context.call("s3", "CreateBucket", Bucket="outputs")
    context.call("sagemaker", "CreateTrainingJob", **_JOB)
    yield plane
    plane.stop()


def _asked(plane: Plane, keys: Credentials) -> dict[str, Any]:
    request = signed(
        SigV4Auth(keys, "kennel", "us-east-1"), "GET", "http://localhost/_kennel/status"
    )
    sent: list[Any] = []

    async def receive() -> Any:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Any) -> None:
        sent.append(message)

    asyncio.run(StatusPage(plane)(request, receive, send, "id"))
    assert sent[0]["status"] == 200
    answer: dict[str, Any] = json.loads(sent[1]["body"])
    return answer


def test_the_names_of_jobs_are_for_whom_may_list_jobs(plane: Plane) -> None:
    root = plane.credentials.root()
    seen = _asked(plane, Credentials(root.access_key_id, root.secret_access_key))
    assert seen["training_jobs_in_progress"] == ["secret-plans"]

    context = plane.dispatcher.context(Principal.root(ACCOUNT_ID))
    key = context.call("iam", "CreateAccessKey", UserName="u")["AccessKey"]
    user = Credentials(key["AccessKeyId"], key["SecretAccessKey"])
    assert _asked(plane, user)["training_jobs_in_progress"] == []
