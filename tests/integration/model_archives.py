"""Model archives for tests: an inference script, and whatever else the model is made of."""

from __future__ import annotations

import io
import tarfile
from collections.abc import Mapping
from typing import Any

from tests.roles import role_arn

__all__ = ["Hosting", "archive"]

IMAGE = "763104351884.dkr.ecr.us-east-1.amazonaws.com/pytorch-inference:2.0-cpu-py310"


def archive(files: dict[str, str | bytes]) -> bytes:
    """A model.tar.gz with these files."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as tar:
        for name, content in files.items():
            data = content.encode() if isinstance(content, str) else content
            info = tarfile.TarInfo(name)
            info.size = len(data)
            tar.addfile(info, io.BytesIO(data))
    return buffer.getvalue()


class Hosting:
    """Deploys inference scripts on a plane, by boto3 alone."""

    def __init__(self, plane: Any, bucket: str = "models") -> None:
        self.sagemaker = plane.client("sagemaker")
        self.runtime = plane.client("sagemaker-runtime")
        self._s3 = plane.client("s3")
        self._iam = plane.client("iam")
        self._bucket = bucket
        self.role = self._role("hosting")
        if bucket not in {entry["Name"] for entry in self._s3.list_buckets()["Buckets"]}:
            self._s3.create_bucket(Bucket=bucket)

    def _role(self, name: str) -> str:
        return role_arn(self._iam, name)

    def model(self, name: str, script: str, **files: str) -> None:
        """A model of one inference script and further files."""
        content: dict[str, str | bytes] = {"code/inference.py": script}
        content |= files
        self.model_from(name, archive(content))

    def model_from(self, name: str, data: bytes, image: str = IMAGE) -> None:
        """A model of an archive's bytes."""
        self._s3.put_object(Bucket=self._bucket, Key=f"{name}/model.tar.gz", Body=data)
        self.sagemaker.create_model(
            ModelName=name,
            ExecutionRoleArn=self.role,
            PrimaryContainer={
                "Image": image,
                "ModelDataUrl": f"s3://{self._bucket}/{name}/model.tar.gz",
                "Environment": {
                    "SAGEMAKER_PROGRAM": "inference.py",
                    "SAGEMAKER_SUBMIT_DIRECTORY": "/opt/ml/model/code",
                },
            },
        )

    def config(
        self,
        name: str,
        *variants: tuple[str, str, int, float],
        instance_type: str = "ml.m5.large",
    ) -> None:
        """A configuration of (variant, model, instances, weight)."""
        self.sagemaker.create_endpoint_config(
            EndpointConfigName=name,
            ProductionVariants=[
                {
                    "VariantName": variant,
                    "ModelName": model,
                    "InstanceType": instance_type,
                    "InitialInstanceCount": count,
                    "InitialVariantWeight": weight,
                }
                for variant, model, count, weight in variants
            ],
        )

    def deploy(
        self, name: str, script: str, count: int = 1, files: Mapping[str, str | bytes] | None = None
    ) -> None:
        """An endpoint of one model and one variant, `AllTraffic`; not waited for. `files` are the
        model's further ones."""
        self.model_from(name, archive({"code/inference.py": script, **(files or {})}))
        self.config(name, ("AllTraffic", name, count, 1.0))
        self.sagemaker.create_endpoint(EndpointName=name, EndpointConfigName=name)

    def wait(self, name: str) -> dict[str, Any]:
        """Waits until the endpoint is InService, by boto3's own waiter."""
        self.sagemaker.get_waiter("endpoint_in_service").wait(
            EndpointName=name, WaiterConfig={"Delay": 0.2, "MaxAttempts": 600}
        )
        described: dict[str, Any] = self.sagemaker.describe_endpoint(EndpointName=name)
        return described

    def wait_deleted(self, name: str) -> None:
        self.sagemaker.get_waiter("endpoint_deleted").wait(
            EndpointName=name, WaiterConfig={"Delay": 0.2, "MaxAttempts": 450}
        )

    def invoke(self, name: str, body: bytes = b"{}", **options: Any) -> bytes:
        options.setdefault("ContentType", "application/json")
        reply = self.runtime.invoke_endpoint(EndpointName=name, Body=body, **options)
        content: bytes = reply["Body"].read()
        return content
