"""Variants of SageMaker endpoints as scalable targets: their instance counts."""

from __future__ import annotations

import re
from typing import Any, ClassVar

from kennel.errors import AwsError
from kennel.services.application_autoscaling.errors import ValidationException
from kennel.services.application_autoscaling.scalable import Standing
from kennel.services.context import Context

__all__ = ["EndpointVariants", "names_of"]

_RESOURCE = re.compile(r"endpoint/([a-zA-Z0-9-]+)/variant/([a-zA-Z0-9-]+)")
_SETTLED = frozenset({"InService", "OutOfService", "Failed", "UpdateRollbackFailed"})


class EndpointVariants:
    """sagemaker:variant:DesiredInstanceCount."""

    namespace: ClassVar[str] = "sagemaker"
    dimension: ClassVar[str] = "sagemaker:variant:DesiredInstanceCount"
    noun: ClassVar[str] = "desired instance count"
    role_service: ClassVar[str] = "sagemaker.application-autoscaling.amazonaws.com"
    role_name: ClassVar[str] = "AWSServiceRoleForApplicationAutoScaling_SageMakerEndpoint"
    metrics: ClassVar[tuple[str, ...]] = (
        "SageMakerVariantInvocationsPerInstance",
        "SageMakerVariantConcurrentRequestsPerModelHighResolution",
        "SageMakerVariantProvisionedConcurrencyUtilization",
        "SageMakerInferenceComponentInvocationsPerCopy",
        "SageMakerInferenceComponentConcurrentRequestsPerCopyHighResolution",
    )
    cooldown: ClassVar[float] = 300.0
    takes_steps: ClassVar[bool] = True
    least: ClassVar[int] = 1  # only asynchronous endpoints and inference components go to 0

    def is_name(self, resource_id: str) -> bool:
        return _RESOURCE.fullmatch(resource_id) is not None

    def admit(self, ctx: Context, resource_id: str) -> None:
        endpoint, variant = names_of(resource_id)
        try:
            described = ctx.call("sagemaker", "DescribeEndpoint", EndpointName=endpoint)
            config = ctx.call(
                "sagemaker",
                "DescribeEndpointConfig",
                EndpointConfigName=described["EndpointConfigName"],
            )
        except AwsError as error:
            raise ValidationException(error.message) from None
        found = _variant(config, variant)
        if found is None:
            raise ValidationException(
                f'The variant name(s) "{variant}" is/are not present within endpoint '
                f'"{described["EndpointArn"]}".'
            )
        instance_type = found["InstanceType"]
        if instance_type.startswith("ml.t2."):
            raise ValidationException(
                f"You cannot register a variant with {instance_type} instance type as a scalable "
                "target. This is because the burstable performance of these instances can lead to "
                "unpredictable behavior with Auto Scaling."
            )

    def standing(self, ctx: Context, resource_id: str) -> Standing | None:
        endpoint, variant = names_of(resource_id)
        try:
            described = ctx.call("sagemaker", "DescribeEndpoint", EndpointName=endpoint)
        except ValidationException:
            return None
        status = described["EndpointStatus"]
        if status == "Deleting":
            return None
        failure = ""
        if status in _SETTLED and status != "InService":
            failure = described.get("FailureReason") or f"The endpoint's status is {status}."
        if (found := _variant(described, variant)) is None:
            # An endpoint that is being created has no capacity yet, and one that failed then never
            # had; one that was updated without the variant will not have any.
            was_made = "ProductionVariants" in described
            return None if was_made else Standing(0, status in _SETTLED, failure)
        return Standing(found["DesiredInstanceCount"], status in _SETTLED, failure)

    def set(self, ctx: Context, resource_id: str, capacity: int) -> None:
        endpoint, variant = names_of(resource_id)
        ctx.call(
            "sagemaker",
            "UpdateEndpointWeightsAndCapacities",
            EndpointName=endpoint,
            DesiredWeightsAndCapacities=[
                {"VariantName": variant, "DesiredInstanceCount": capacity}
            ],
        )


def names_of(resource_id: str) -> tuple[str, str]:
    """The endpoint's and the variant's name."""
    match = _RESOURCE.fullmatch(resource_id)
    assert match is not None
    return match[1], match[2]


def _variant(described: dict[str, Any], name: str) -> dict[str, Any] | None:
    variants: list[dict[str, Any]] = described.get("ProductionVariants", [])
    return next((variant for variant in variants if variant["VariantName"] == name), None)
