"""Roles for tests' jobs, endpoints and functions, made by boto3."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

__all__ = ["EVERYTHING", "TRUST", "policy", "role_arn"]


def policy(*statements: Mapping[str, Any]) -> dict[str, Any]:
    """A policy document of these statements."""
    return {"Version": "2012-10-17", "Statement": list(statements)}


TRUST = policy(
    {
        "Effect": "Allow",
        "Principal": {"Service": ["sagemaker.amazonaws.com", "lambda.amazonaws.com"]},
        "Action": "sts:AssumeRole",
    }
)

EVERYTHING = policy({"Effect": "Allow", "Action": "*", "Resource": "*"})


def role_arn(iam: Any, name: str, path: str = "/", allowed: Mapping[str, Any] = EVERYTHING) -> str:
    """The ARN of the role of that name, which SageMaker and Lambda may assume and which may do
    what the policy `allowed` says. Made unless it is there."""
    try:
        return str(iam.get_role(RoleName=name)["Role"]["Arn"])
    except iam.exceptions.NoSuchEntityException:
        made = iam.create_role(RoleName=name, Path=path, AssumeRolePolicyDocument=json.dumps(TRUST))
    iam.put_role_policy(RoleName=name, PolicyName="allowed", PolicyDocument=json.dumps(allowed))
    return str(made["Role"]["Arn"])
