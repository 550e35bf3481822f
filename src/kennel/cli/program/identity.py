"""As whom a program calls AWS: a role's session, or the root user."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from kennel.cli.connection import Connection, aws_errors
from kennel.cli.errors import CommandError

__all__ = ["ROOT", "AccessKeys", "identity_keys"]

ROOT = "root"
"""The word for the account's root user where a role can be named."""

# Named and placed like the role that SageMaker's console makes, because the SDK's
# get_execution_role() looks for one of that name below /service-role/.
_NAME = "AmazonSageMaker-ExecutionRole-Local"
_PATH = "/service-role/"
_POLICY = "arn:aws:iam::aws:policy/AdministratorAccess"
_SESSION_NAME = "SageMaker"  # as in a notebook instance's sessions on AWS
_SESSION_SECONDS = 12 * 3600  # the longest that AWS gives a role's session
_SERVICES = ["sagemaker.amazonaws.com", "lambda.amazonaws.com"]


@dataclass(frozen=True, slots=True)
class AccessKeys:
    """An access key; `session_token` is empty for one that lasts."""

    access_key_id: str
    secret_access_key: str
    session_token: str = ""


def identity_keys(plane: Connection, role: str | None) -> AccessKeys:
    """Keys of a role by name or ARN, for as long as it allows (12 hours at most); lasting ones of
    the root user (`ROOT`); or by default those of an execution role that is made at first need.
    Raises CommandError."""
    if role == ROOT:
        return AccessKeys(plane.access_key_id, plane.secret_access_key)
    with aws_errors():
        found = _execution_role(plane) if role is None else _named(plane, role)
        session = _session(plane, found)
    return AccessKeys(session["AccessKeyId"], session["SecretAccessKey"], session["SessionToken"])


def _session(plane: Connection, role: Any) -> Any:
    """The credentials of a session that lasts as long as the role lets one."""
    sts = plane.client("sts")
    try:
        return sts.assume_role(
            RoleArn=role["Arn"],
            RoleSessionName=_SESSION_NAME,
            DurationSeconds=min(role.get("MaxSessionDuration", 3600), _SESSION_SECONDS),
        )["Credentials"]
    except sts.exceptions.ClientError as error:
        if error.response["Error"]["Code"] != "AccessDenied":
            raise
        root = f"arn:aws:iam::{role['Arn'].split(':')[4]}:root"
        raise CommandError(
            f"The trust policy of {role['RoleName']} lets nobody of the account assume it, so "
            f'`kennel run` can\'t either. Add {{"AWS": "{root}"}} to its principals: '
            f"aws iam update-assume-role-policy --role-name {role['RoleName']}."
        ) from error


def _named(plane: Connection, role: str) -> Any:
    return plane.client("iam").get_role(RoleName=role.rpartition("/")[2])["Role"]


def _execution_role(plane: Connection) -> Any:
    """The role for programs that name none. It may do everything, as the person who
    types the command may; name a narrower one to see what that one may not do."""
    iam = plane.client("iam")
    try:
        return iam.get_role(RoleName=_NAME)["Role"]
    except iam.exceptions.NoSuchEntityException:
        return _make_execution_role(iam, plane)


def _make_execution_role(iam: Any, plane: Connection) -> Any:
    account = plane.client("sts").get_caller_identity()["Account"]
    trust = {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {"Service": _SERVICES, "AWS": f"arn:aws:iam::{account}:root"},
                "Action": "sts:AssumeRole",
            }
        ],
    }
    try:
        role = iam.create_role(
            RoleName=_NAME,
            Path=_PATH,
            Description="Programs that run against Kennel and name no role of their own.",
            MaxSessionDuration=_SESSION_SECONDS,
            AssumeRolePolicyDocument=json.dumps(trust),
        )["Role"]
    except iam.exceptions.EntityAlreadyExistsException:  # by another command, just now
        return iam.get_role(RoleName=_NAME)["Role"]
    iam.attach_role_policy(RoleName=_NAME, PolicyArn=_POLICY)
    return role
