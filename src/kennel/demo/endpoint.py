"""The model behind an endpoint."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from kennel.cli.errors import CommandError
from kennel.demo.requests import image
from kennel.demo.screen import Step
from kennel.demo.training import one_line

__all__ = ["Deployment", "create", "delete", "wait"]

POLL_SECONDS = 0.1
DELETE_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class Deployment:
    """An endpoint in service. Model and configuration have the endpoint's name. `seconds` went
    from CreateEndpoint to InService."""

    name: str
    arn: str
    seconds: float


def create(sagemaker: Any, name: str, model_data: str, role_arn: str, region: str) -> None:
    """Creates model, configuration and endpoint; `wait` waits for it."""
    sagemaker.create_model(
        ModelName=name,
        ExecutionRoleArn=role_arn,
        PrimaryContainer={
            "Image": image("inference", region),
            "ModelDataUrl": model_data,
            "Environment": {
                "SAGEMAKER_PROGRAM": "inference.py",
                "SAGEMAKER_SUBMIT_DIRECTORY": "/opt/ml/model/code",
            },
        },
    )
    sagemaker.create_endpoint_config(
        EndpointConfigName=name,
        ProductionVariants=[
            {
                "VariantName": "AllTraffic",
                "ModelName": name,
                "InstanceType": "ml.m5.large",
                "InitialInstanceCount": 1,
                "InitialVariantWeight": 1.0,
            }
        ],
    )
    sagemaker.create_endpoint(EndpointName=name, EndpointConfigName=name)


def wait(sagemaker: Any, name: str, step: Step) -> Deployment:
    """Waits, right after `create`, until the endpoint is in service. Raises CommandError."""
    started = time.perf_counter()
    # boto3's waiter would do, but it asks every 30 s, and this takes a few.
    while True:
        described = sagemaker.describe_endpoint(EndpointName=name)
        if described["EndpointStatus"] == "InService":
            return Deployment(name, described["EndpointArn"], time.perf_counter() - started)
        if described["EndpointStatus"] != "Creating":
            raise CommandError(_why(name, described))
        step.status(described["EndpointStatus"])
        time.sleep(POLL_SECONDS)


def delete(sagemaker: Any, name: str) -> None:
    """Deletes endpoint, configuration and model, and waits until the endpoint is gone."""
    missing = sagemaker.exceptions.ClientError
    for call, member in (
        (sagemaker.delete_endpoint, "EndpointName"),
        (sagemaker.delete_endpoint_config, "EndpointConfigName"),
        (sagemaker.delete_model, "ModelName"),
    ):
        try:
            call(**{member: name})
        except missing as error:
            if error.response["Error"]["Code"] != "ValidationException":
                raise  # any other error than that it was never made
    deadline = time.monotonic() + DELETE_SECONDS
    while time.monotonic() < deadline:
        try:
            sagemaker.describe_endpoint(EndpointName=name)
        except missing:
            return
        time.sleep(POLL_SECONDS)


def _why(name: str, described: Mapping[str, Any]) -> str:
    return (
        f"The endpoint {name} is {described['EndpointStatus']}: "
        f"{one_line(described.get('FailureReason', 'no reason is given'))}. "
        f"Its log is /aws/sagemaker/Endpoints/{name} (`kennel logs`)."
    )
