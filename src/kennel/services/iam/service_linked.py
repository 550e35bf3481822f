"""Service-linked roles: made for one service, named by it, changed by nobody else."""

from __future__ import annotations

import json
import sqlite3
import uuid
from collections.abc import Mapping
from typing import Any

from kennel.services.context import Context
from kennel.services.iam.base import IamBase, key_of
from kennel.services.iam.documents import Role
from kennel.services.iam.errors import InvalidInputException, NoSuchEntityException
from kennel.services.iam.naming import new_unique_id
from kennel.services.iam.roles import shown_role

__all__ = ["ServiceLinkedRoleOperations", "service_linked_path"]

# "AWS services that work with IAM" links each service's page, which names its role.
_NAMES: Mapping[str, str] = {
    "autoscaling.amazonaws.com": "AutoScaling",
    "lambda.application-autoscaling.amazonaws.com": "ApplicationAutoScaling_LambdaConcurrency",
    "sagemaker.amazonaws.com": "AmazonSageMakerNotebooks",
    "sagemaker.application-autoscaling.amazonaws.com": ("ApplicationAutoScaling_SageMakerEndpoint"),
    "spot.amazonaws.com": "EC2Spot",
    "spotfleet.amazonaws.com": "EC2SpotFleet",
}
# What AWS attaches to them, of those that services here act as.
_POLICIES: Mapping[str, str] = {
    "lambda.application-autoscaling.amazonaws.com": (
        "AWSApplicationAutoscalingLambdaConcurrencyPolicy"
    ),
    "sagemaker.application-autoscaling.amazonaws.com": (
        "AWSApplicationAutoscalingSageMakerEndpointPolicy"
    ),
}
_POLICY_PREFIX = "arn:aws:iam::aws:policy/aws-service-role/"
_TASK = "task/aws-service-role/"


class ServiceLinkedRoleOperations(IamBase):
    """Create and delete service-linked roles. Deleting is done before the call returns."""

    def create_service_linked_role(
        self,
        ctx: Context,
        *,
        AWSServiceName: str,
        Description: str = "",
        CustomSuffix: str = "",
    ) -> dict[str, Any]:
        if not AWSServiceName.endswith(".amazonaws.com"):
            raise InvalidInputException(
                f"{AWSServiceName} is not the name of a service, such as sagemaker.amazonaws.com."
            )
        path, _, name = service_linked_path(AWSServiceName, CustomSuffix).rpartition("/")
        path += "/"
        policy = _POLICIES.get(AWSServiceName)
        role = Role(
            name=name,
            path=path,
            unique_id=new_unique_id("AROA"),
            arn=self._arn("role", path, name),
            created=self._now(),
            trust_policy=_trust_policy(AWSServiceName),
            description=Description,
            linked_service=AWSServiceName,
            attached=[_POLICY_PREFIX + policy] if policy else [],
        )

        def work(connection: sqlite3.Connection) -> None:
            if not self._roles.collection.add_in(connection, key_of(name), role):
                raise InvalidInputException(
                    f"Service role name {name} has been taken in this account, "
                    "please try a different suffix."
                )

        self._write(work)
        return {"Role": shown_role(role)}

    def delete_service_linked_role(self, ctx: Context, *, RoleName: str) -> dict[str, Any]:
        def work(connection: sqlite3.Connection) -> Role:
            role = self._roles.get_in(connection, RoleName)
            if not role.linked_service:
                raise self._roles.missing(RoleName)
            self._roles.collection.delete_in(connection, key_of(RoleName))
            return role

        role = self._write(work)
        task = f"{_TASK}{role.linked_service}/{role.name}/{uuid.uuid4()}"
        return {"DeletionTaskId": task}

    def get_service_linked_role_deletion_status(
        self, ctx: Context, *, DeletionTaskId: str
    ) -> dict[str, Any]:
        if not DeletionTaskId.startswith(_TASK) or DeletionTaskId.count("/") != 4:
            raise NoSuchEntityException(f"The deletion task {DeletionTaskId} cannot be found.")
        return {"Status": "SUCCEEDED"}


def service_linked_path(service: str, suffix: str) -> str:
    """Path and name of the role that is made for a service: `/aws-service-role/SERVICE/NAME`."""
    name = _role_name(service) + (f"_{suffix}" if suffix else "")
    return f"/aws-service-role/{service}/{name}"


def _role_name(service: str) -> str:
    known = _NAMES.get(service)
    if known is None:
        first = service.removesuffix(".amazonaws.com")
        known = "".join(part[:1].upper() + part[1:] for part in first.replace("-", ".").split("."))
    return f"AWSServiceRoleFor{known}"


def _trust_policy(service: str) -> str:
    statement = {
        "Effect": "Allow",
        "Principal": {"Service": service},
        "Action": "sts:AssumeRole",
    }
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})
