"""A plane in this process, and what training jobs need on it."""

from __future__ import annotations

import io
import json
import tarfile
from pathlib import Path
from typing import Any

from kennel.gateway.plane import ACCOUNT_ID, Plane
from kennel.identity import Principal
from kennel.services import Context
from kennel.services.sagemaker import SageMaker
from kennel.services.sagemaker.training import TrainingJobs
from kennel.settings import Settings
from tests.planes import wait_until
from tests.roles import EVERYTHING, TRUST

__all__ = ["ROLE", "SAVE", "WAIT", "Bench", "channel", "source_archive"]

SAVE = "import os\nopen(os.environ['SM_MODEL_DIR'] + '/w', 'w').write('weights')\n"
WAIT = "import time\nprint('up', flush=True)\ntime.sleep(600)\n"

ROLE = f"arn:aws:iam::{ACCOUNT_ID}:role/trainer"


def source_archive(**files: str) -> bytes:
    """A sourcedir.tar.gz; `train_py="…"` becomes the file train.py."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as tar:
        for name, text in files.items():
            entry = tarfile.TarInfo(name.replace("_py", ".py"))
            entry.size = len(text.encode())
            tar.addfile(entry, io.BytesIO(text.encode()))
    return buffer.getvalue()


class Bench:
    """Starts a plane on a state folder, with a role `trainer` and the buckets `in` and `out`."""

    def __init__(self, state: Path) -> None:
        self.state = state
        self.settings: dict[str, Any] = {}
        self.plane: Plane

    def start(self, *, fresh: bool = True) -> Bench:
        self.state.mkdir(mode=0o700, exist_ok=True)
        self.plane = Plane(Settings(state=self.state, **self.settings), "http://127.0.0.1:9")
        self.plane.start()
        self.plane.start_services()
        if fresh:
            trust, policy = json.dumps(TRUST), json.dumps(EVERYTHING)
            self.call("iam", "CreateRole", RoleName="trainer", AssumeRolePolicyDocument=trust)
            self.call(
                "iam",
                "PutRolePolicy",
                RoleName="trainer",
                PolicyName="everything",
                PolicyDocument=policy,
            )
            for bucket in ("in-bucket", "out-bucket"):
                self.call("s3", "CreateBucket", Bucket=bucket)
        return self

    def stop(self) -> None:
        self.plane.stop()

    @property
    def context(self) -> Context:
        return self.plane.dispatcher.context(Principal.root(ACCOUNT_ID))

    @property
    def jobs(self) -> TrainingJobs:
        service = self.plane.dispatcher.service("sagemaker")
        assert isinstance(service, SageMaker)
        return service.training_jobs

    def call(self, service: str, operation: str, **parameters: Any) -> dict[str, Any]:
        return self.context.call(service, operation, **parameters)

    def put(self, key: str, body: bytes | str, bucket: str = "in-bucket") -> None:
        data = body.encode() if isinstance(body, str) else body
        self.call("s3", "PutObject", Bucket=bucket, Key=key, Body=data)

    def read(self, key: str, bucket: str = "out-bucket") -> bytes:
        with self.call("s3", "GetObject", Bucket=bucket, Key=key)["Body"] as body:
            data: bytes = body.read()
        return data

    def objects(self, bucket: str = "out-bucket") -> list[str]:
        page = self.call("s3", "ListObjectsV2", Bucket=bucket)
        return [entry["Key"] for entry in page.get("Contents", ())]

    def artifacts(self, name: str) -> dict[str, bytes]:
        """The files in a job's model.tar.gz."""
        data = self.read(f"models/{name}/output/model.tar.gz")
        with tarfile.open(fileobj=io.BytesIO(data), mode="r:gz") as tar:
            files = {member.name: tar.extractfile(member) for member in tar if member.isreg()}
            return {name: file.read() for name, file in files.items() if file is not None}

    def create(self, name: str, script: str | None = None, **changes: Any) -> str:
        """Creates a job that runs the script; further members of the request by name."""
        hyperparameters = changes.pop("HyperParameters", {})
        if script is not None:
            self.put(f"code/{name}.tar.gz", source_archive(train_py=script))
            hyperparameters = {
                "sagemaker_program": '"train.py"',
                "sagemaker_submit_directory": f'"s3://in-bucket/code/{name}.tar.gz"',
                **hyperparameters,
            }
        request: dict[str, Any] = {
            "TrainingJobName": name,
            "AlgorithmSpecification": {"TrainingImage": "kennel", "TrainingInputMode": "File"},
            "RoleArn": ROLE,
            "OutputDataConfig": {"S3OutputPath": "s3://out-bucket/models"},
            "ResourceConfig": {
                "InstanceType": "ml.m5.large",
                "InstanceCount": 1,
                "VolumeSizeInGB": 1,
            },
            "StoppingCondition": {"MaxRuntimeInSeconds": 600},
            "HyperParameters": hyperparameters,
        }
        algorithm = request["AlgorithmSpecification"] | changes.pop("AlgorithmSpecification", {})
        request |= {"AlgorithmSpecification": algorithm, **changes}
        arn: str = self.call("sagemaker", "CreateTrainingJob", **request)["TrainingJobArn"]
        return arn

    def describe(self, name: str) -> dict[str, Any]:
        return self.call("sagemaker", "DescribeTrainingJob", TrainingJobName=name)

    def wait(self, name: str, *statuses: str) -> dict[str, Any]:
        """Waits for a secondary status, any end by default."""
        wanted = statuses or ("Completed", "Failed", "Stopped", "MaxRuntimeExceeded")

        def reached() -> dict[str, Any] | None:
            job = self.describe(name)
            return job if job["SecondaryStatus"] in wanted else None

        found: dict[str, Any] = wait_until(reached, 120, f"{name} is {wanted}")
        return found

    def printed(self, name: str) -> str:
        """What a job that runs has printed so far."""
        logs = (self.state / "sagemaker" / "training" / name).glob("*/algo-1/run-*/log")
        return "".join(log.read_text() for log in logs)

    def log(self, name: str) -> str:
        """What the job has printed, as CloudWatch Logs has it."""
        group = "/aws/sagemaker/TrainingJobs"
        streams = self.call(
            "logs", "DescribeLogStreams", logGroupName=group, logStreamNamePrefix=f"{name}/"
        )["logStreams"]
        return "\n".join(
            event["message"]
            for stream in streams
            for event in self.call(
                "logs",
                "GetLogEvents",
                logGroupName=group,
                logStreamName=stream["logStreamName"],
                startFromHead=True,
            )["events"]
        )


def channel(name: str, uri: str, **source: Any) -> dict[str, Any]:
    """An entry of InputDataConfig."""
    return {
        "ChannelName": name,
        "DataSource": {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": uri, **source}},
    }
