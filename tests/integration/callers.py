"""Users and roles' sessions as callers, made by boto3 on a plane where policies decide."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

import boto3
import pytest
from botocore import UNSIGNED
from botocore.config import Config
from botocore.exceptions import ClientError

from tests.planes import Plane
from tests.roles import policy

__all__ = ["ACCOUNT", "Caller", "Callers", "allow", "denied"]

ACCOUNT = "000000000000"
ONCE: dict[str, Any] = {"retries": {"total_max_attempts": 1}, "proxies": {}}


def allow(action: str | list[str], resource: str | list[str] = "*", **more: Any) -> dict[str, Any]:
    """A statement."""
    return {"Effect": "Allow", "Action": action, "Resource": resource, **more}


class Caller:
    """Clients with one pair of keys, or with none."""

    def __init__(self, plane: Plane, arn: str, keys: Mapping[str, Any] | None) -> None:
        self.arn = arn
        self._plane = plane
        self._keys = keys

    def client(self, service: str, signature_version: str | None = None) -> Any:
        keys = self._keys or {}
        version: Any = signature_version if self._keys else UNSIGNED
        return boto3.client(
            service,
            endpoint_url=self._plane.url,
            region_name="us-east-1",
            aws_access_key_id=keys.get("AccessKeyId"),
            aws_secret_access_key=keys.get("SecretAccessKey"),
            aws_session_token=keys.get("SessionToken"),
            config=Config(**ONCE, signature_version=version),
        )


class Callers:
    """Makes them; each has a name of its own."""

    def __init__(self, plane: Plane) -> None:
        self.plane = plane
        self.iam = plane.client("iam")

    def user(self, name: str, *statements: Mapping[str, Any], **more: Any) -> Caller:
        """A new user with these statements in one inline policy."""
        arn = self.iam.create_user(UserName=name, **more)["User"]["Arn"]
        if statements:
            self.let(name, *statements)
        key = self.iam.create_access_key(UserName=name)["AccessKey"]
        return Caller(self.plane, arn, key)

    def let(self, user: str, *statements: Mapping[str, Any], name: str = "own") -> None:
        """Gives a user an inline policy, in place of the one it had under the name."""
        self.iam.put_user_policy(
            UserName=user, PolicyName=name, PolicyDocument=json.dumps(policy(*statements))
        )

    def role(
        self, name: str, *statements: Mapping[str, Any], trusted: Any = None, **more: Any
    ) -> str:
        """A new role's ARN; the account's root may assume it unless told otherwise."""
        trusted = {"AWS": ACCOUNT} if trusted is None else trusted
        trust = policy({"Effect": "Allow", "Principal": trusted, "Action": "sts:AssumeRole"})
        made = self.iam.create_role(
            RoleName=name, AssumeRolePolicyDocument=json.dumps(trust), **more
        )
        if statements:
            self.iam.put_role_policy(
                RoleName=name, PolicyName="own", PolicyDocument=json.dumps(policy(*statements))
            )
        return str(made["Role"]["Arn"])

    def session(self, role: str, by: Caller | None = None, **narrowed: Any) -> Caller:
        """A session of a role, assumed by the root or by a caller."""
        sts = self.plane.client("sts") if by is None else by.client("sts")
        reply = sts.assume_role(RoleArn=role, RoleSessionName="session", **narrowed)
        return Caller(self.plane, reply["AssumedRoleUser"]["Arn"], reply["Credentials"])

    def managed(self, name: str, *statements: Mapping[str, Any]) -> str:
        """A new managed policy's ARN."""
        made = self.iam.create_policy(
            PolicyName=name, PolicyDocument=json.dumps(policy(*statements))
        )
        return str(made["Policy"]["Arn"])

    def stranger(self) -> Caller:
        """Nobody: requests without a signature."""
        return Caller(self.plane, "*", None)


def denied(call: Callable[[], Any], code: str = "AccessDeniedException") -> str:
    """The message of a call that must be denied."""
    with pytest.raises(ClientError) as caught:
        call()
    error = caught.value.response["Error"]
    assert error["Code"] == code, error
    return str(error.get("Message", ""))
