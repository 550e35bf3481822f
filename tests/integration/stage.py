"""What the generated tests of paginators and waiters act on: a plane, its clients, and the small
things that several of their recipes need."""

from __future__ import annotations

import io
import json
import threading
import uuid
import zipfile
from functools import cached_property
from typing import Any

from tests.planes import Plane
from tests.roles import role_arn

__all__ = ["IMAGE", "Stage", "code_archive", "training_request"]

IMAGE = "kennel-tests/command:1"
# A job of the image prints its loss, and then does what its hyperparameter `then` says.
_COMMAND = """
echo Loss: 1.5
if grep -q fail /opt/ml/input/config/hyperparameters.json; then exit 1; fi
if grep -q stay /opt/ml/input/config/hyperparameters.json; then exec sleep 600; fi
"""


class Stage:
    """A plane whose image IMAGE is a shell command: jobs of it take as long as a process."""

    def __init__(self, plane: Plane) -> None:
        self.plane = plane
        self._clients: dict[str, Any] = {}
        self._lock = threading.Lock()
        (plane.state / "images.toml").write_text(
            f'[images]\n"{IMAGE}" = {{ command = ["/bin/sh", "-c", {json.dumps(_COMMAND)}] }}\n'
        )

    def client(self, service: str) -> Any:
        """boto3's client of a service, one for all."""
        with self._lock:
            if service not in self._clients:
                self._clients[service] = self.plane.client(service)
            return self._clients[service]

    @cached_property
    def role(self) -> str:
        """The ARN of a role that SageMaker and Lambda may assume, and that may do everything."""
        return role_arn(self.client("iam"), "stage", "/stage/")

    @cached_property
    def bucket(self) -> str:
        """A bucket for what jobs read and write."""
        self.client("s3").create_bucket(Bucket="stage")
        return "stage"

    @staticmethod
    def name(kind: str) -> str:
        """A name that nothing has yet."""
        return f"{kind}-{uuid.uuid4().hex[:10]}"


def code_archive(script: str = "def handler(event, context):\n    return event\n") -> bytes:
    """A function's code: a zip with a module main.py."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as file:
        file.writestr("main.py", script)
    return buffer.getvalue()


def training_request(stage: Stage, **hyperparameters: str) -> dict[str, Any]:
    """CreateTrainingJob's parameters but for the name; a tuning job's definition is as long."""
    return {
        "AlgorithmSpecification": {"TrainingImage": IMAGE, "TrainingInputMode": "File"},
        "RoleArn": stage.role,
        "OutputDataConfig": {"S3OutputPath": f"s3://{stage.bucket}/models"},
        "ResourceConfig": {
            "InstanceType": "ml.m5.large",
            "InstanceCount": 1,
            "VolumeSizeInGB": 1,
        },
        "StoppingCondition": {"MaxRuntimeInSeconds": 60},
        "HyperParameters": hyperparameters,
    }
