"""Provisioned concurrency of Lambda functions' aliases and versions as scalable targets."""

from __future__ import annotations

import re
from typing import ClassVar

from kennel.errors import AwsError
from kennel.services.application_autoscaling.errors import ValidationException
from kennel.services.application_autoscaling.scalable import Standing
from kennel.services.context import Context

__all__ = ["ProvisionedConcurrency", "names_of"]

_RESOURCE = re.compile(r"function:([a-zA-Z0-9-_]+):([a-zA-Z0-9-_]+)")  # never $LATEST
_NO_FUNCTION = "ResourceNotFoundException"
_NOT_CONFIGURED = "ProvisionedConcurrencyConfigNotFoundException"


class ProvisionedConcurrency:
    """lambda:function:ProvisionedConcurrency."""

    namespace: ClassVar[str] = "lambda"
    dimension: ClassVar[str] = "lambda:function:ProvisionedConcurrency"
    noun: ClassVar[str] = "desired concurrency"
    role_service: ClassVar[str] = "lambda.application-autoscaling.amazonaws.com"
    role_name: ClassVar[str] = "AWSServiceRoleForApplicationAutoScaling_LambdaConcurrency"
    metrics: ClassVar[tuple[str, ...]] = ("LambdaProvisionedConcurrencyUtilization",)
    cooldown: ClassVar[float] = 0.0
    takes_steps: ClassVar[bool] = False
    least: ClassVar[int] = 0

    def is_name(self, resource_id: str) -> bool:
        return _RESOURCE.fullmatch(resource_id) is not None

    def admit(self, ctx: Context, resource_id: str) -> None:
        """By an action that a caller has who may scale: "Application Auto Scaling permissions for
        API calls on target resources"."""
        function, qualifier = names_of(resource_id)
        try:
            ctx.call(
                "lambda",
                "GetProvisionedConcurrencyConfig",
                FunctionName=function,
                Qualifier=qualifier,
            )
        except AwsError as error:
            if error.code != _NOT_CONFIGURED:
                raise ValidationException(error.message) from None

    def standing(self, ctx: Context, resource_id: str) -> Standing | None:
        function, qualifier = names_of(resource_id)
        try:
            found = ctx.call(
                "lambda",
                "GetProvisionedConcurrencyConfig",
                FunctionName=function,
                Qualifier=qualifier,
            )
        except AwsError as error:
            if error.code not in (_NOT_CONFIGURED, _NO_FUNCTION):
                raise
            return Standing(0, True) if error.code == _NOT_CONFIGURED else None
        failure = ""
        if found["Status"] == "FAILED":
            failure = found.get("StatusReason") or "The environments could not be allocated."
        return Standing(
            found["RequestedProvisionedConcurrentExecutions"],
            found["Status"] != "IN_PROGRESS",
            failure,
        )

    def set(self, ctx: Context, resource_id: str, capacity: int) -> None:
        function, qualifier = names_of(resource_id)
        if capacity == 0:  # PutProvisionedConcurrencyConfig takes 1 and more
            ctx.call(
                "lambda",
                "DeleteProvisionedConcurrencyConfig",
                FunctionName=function,
                Qualifier=qualifier,
            )
            return
        ctx.call(
            "lambda",
            "PutProvisionedConcurrencyConfig",
            FunctionName=function,
            Qualifier=qualifier,
            ProvisionedConcurrentExecutions=capacity,
        )


def names_of(resource_id: str) -> tuple[str, str]:
    """The function's name and the qualifier."""
    match = _RESOURCE.fullmatch(resource_id)
    assert match is not None
    return match[1], match[2]
