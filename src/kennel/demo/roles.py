"""Who the jobs and the function may be: two roles, each with what it needs and nothing else."""

from __future__ import annotations

import json
from typing import Any

__all__ = ["delete_role", "function_role", "training_role"]


def training_role(iam: Any, name: str, bucket: str, policy: str = "") -> str:
    """The role of training jobs and the endpoint: the bucket, logs and metrics, or what a policy of
    one's own says. Returns its ARN."""
    statements = [
        _allow(["s3:ListBucket", "s3:GetBucketLocation"], f"arn:aws:s3:::{bucket}"),
        _allow(["s3:GetObject", "s3:PutObject"], f"arn:aws:s3:::{bucket}/*"),
        _allow(
            [
                "logs:CreateLogGroup",
                "logs:CreateLogStream",
                "logs:DescribeLogStreams",
                "logs:PutLogEvents",
                "cloudwatch:PutMetricData",
                "ecr:GetAuthorizationToken",
                "ecr:BatchGetImage",
                "ecr:GetDownloadUrlForLayer",
            ],
            "*",
        ),
    ]
    return _create(iam, name, "sagemaker.amazonaws.com", policy or _document(statements))


def function_role(iam: Any, name: str, endpoint_arn: str, policy: str = "") -> str:
    """The function's role: it may ask this one endpoint, or what a policy of one's own says.
    Returns its ARN.

    Writing its own log is AWS's managed policy for every function; with a policy of one's own it is
    that policy's matter.
    """
    if policy:
        return _create(iam, name, "lambda.amazonaws.com", policy)
    statements = [_allow(["sagemaker:InvokeEndpoint"], endpoint_arn)]
    arn = _create(iam, name, "lambda.amazonaws.com", _document(statements))
    iam.attach_role_policy(RoleName=name, PolicyArn=_BASIC_EXECUTION)
    return arn


def delete_role(iam: Any, name: str) -> None:
    """Deletes a role with what hangs on it."""
    for policy in iam.list_role_policies(RoleName=name)["PolicyNames"]:
        iam.delete_role_policy(RoleName=name, PolicyName=policy)
    for policy in iam.list_attached_role_policies(RoleName=name)["AttachedPolicies"]:
        iam.detach_role_policy(RoleName=name, PolicyArn=policy["PolicyArn"])
    iam.delete_role(RoleName=name)


_BASIC_EXECUTION = "arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole"


def _create(iam: Any, name: str, service: str, policy: str) -> str:
    trust = {"Effect": "Allow", "Principal": {"Service": service}, "Action": "sts:AssumeRole"}
    made = iam.create_role(RoleName=name, AssumeRolePolicyDocument=_document([trust]))
    iam.put_role_policy(RoleName=name, PolicyName="demo", PolicyDocument=policy)
    return str(made["Role"]["Arn"])


def _allow(actions: list[str], resource: str) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": actions, "Resource": resource}


def _document(statements: list[dict[str, Any]]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": statements})
