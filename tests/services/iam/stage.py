"""IAM and STS on a real database and credential directory, without the rest of a plane."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any, Self
from urllib.parse import unquote

from botocore import xform_name

from kennel.clock import SimulatedClock
from kennel.errors import AccessDeniedException, AwsError
from kennel.identity import CredentialDirectory, Principal
from kennel.services import Access, Authorizer, Context, Dispatcher, Parts
from kennel.services.iam import Iam
from kennel.services.sts import Sts
from kennel.store import Database

__all__ = ["ACCOUNT", "ALLOW_ALL", "READ_S3", "Stage", "document", "read_document", "trust"]

ACCOUNT = "123456789012"


def document(**statement: Any) -> str:
    """A policy of one statement."""
    return json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow"} | statement]})


def trust(principal: Any, **more: Any) -> str:
    """A trust policy for one principal."""
    return document(Principal=principal, Action="sts:AssumeRole", **more)


ALLOW_ALL = document(Action="*", Resource="*")
READ_S3 = document(Action=["s3:GetObject", "s3:ListBucket"], Resource="*")


class _Authorizer:
    def __init__(self) -> None:
        self.asked: list[tuple[str, str, Mapping[str, Any]]] = []
        self.denied: set[str] = set()

    def allows(self, context: Context, access: Access) -> bool:
        return True

    def authorize(
        self, context: Context, service: str, operation: str, parameters: Mapping[str, Any]
    ) -> None:
        self.asked.append((context.principal.arn, f"{service}:{operation}", parameters))
        if f"{service}:{operation}" in self.denied:
            raise AccessDeniedException(f"{operation} is denied")


class Stage:
    """Both services on a state folder. `stage.call("CreateUser", …)` as the account's root;
    leaving the `with` stops it, and another on the same folder finds what it left."""

    def __init__(
        self,
        folder: Path,
        clock: SimulatedClock | None = None,
        authorizer: Authorizer | None = None,
    ) -> None:
        folder.mkdir(exist_ok=True)
        self.clock = clock or SimulatedClock()
        self.database = Database(folder / "kennel.db")
        self.credentials = CredentialDirectory(self.database, self.clock, ACCOUNT, folder)
        self.authorizer = _Authorizer()
        self.dispatcher = Dispatcher(authorizer or self.authorizer, "us-east-1", ACCOUNT)
        # What the two do not use is None.
        parts: dict[str, Any] = dict.fromkeys(field.name for field in fields(Parts))
        parts |= {
            "database": self.database,
            "clock": self.clock,
            "credentials": self.credentials,
            "dispatcher": self.dispatcher,
            "folder": folder,
            "region": "us-east-1",
            "account_id": ACCOUNT,
        }
        self.iam = Iam(Parts(**parts))
        self.sts = Sts(Parts(**parts))
        self.dispatcher.add(self.iam)
        self.dispatcher.add(self.sts)

    def __enter__(self) -> Self:
        self.database.start()
        self.credentials.start()
        return self

    def __exit__(self, *details: object) -> None:
        self.database.stop()

    def context(self, principal: Principal | None = None) -> Context:
        """A call by `principal`, the account's root by default."""
        return self.dispatcher.context(principal or Principal.root(ACCOUNT))

    def call(
        self, operation: str, principal: Principal | None = None, /, **parameters: Any
    ) -> dict[str, Any]:
        service = "sts" if self.sts.operation(xform_name(operation)) is not None else "iam"
        return self.context(principal).call(service, operation, **parameters)

    def error(
        self, operation: str, principal: Principal | None = None, /, **parameters: Any
    ) -> AwsError:
        """The error that the call must end in."""
        try:
            result = self.call(operation, principal, **parameters)
        except AwsError as error:
            return error
        raise AssertionError(f"{operation} succeeded: {result}")

    def user(self, name: str = "ann") -> Principal:
        """A new user, as a caller."""
        self.call("CreateUser", UserName=name)
        key = self.call("CreateAccessKey", UserName=name)["AccessKey"]["AccessKeyId"]
        found = self.credentials.find(key)
        assert found is not None
        return found.principal

    def role(self, name: str, trust_policy: str, **more: Any) -> str:
        """A new role's ARN."""
        arn: str = self.call(
            "CreateRole", RoleName=name, AssumeRolePolicyDocument=trust_policy, **more
        )["Role"]["Arn"]
        return arn

    def policy(self, name: str, text: str = READ_S3, **more: Any) -> str:
        """A new managed policy's ARN."""
        made = self.call("CreatePolicy", PolicyName=name, PolicyDocument=text, **more)
        arn: str = made["Policy"]["Arn"]
        return arn

    def pages(self, operation: str, member: str, **parameters: Any) -> list[Any]:
        """Everything that a List operation gives, read page by page."""
        found: list[Any] = []
        while True:
            reply = self.call(operation, **parameters)
            found += reply[member]
            if not reply["IsTruncated"]:
                return found
            parameters["Marker"] = reply["Marker"]


def read_document(encoded: str) -> Any:
    """A policy as IAM's replies carry it, read."""
    return json.loads(unquote(encoded))
