"""Bucket policies: checked, stored, given back as they were sent.

To evaluate them is the authorizer's part; `bucket_policy` is where it finds them.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from kennel.services.s3.bucket_configurations import ConfigurationArea
from kennel.services.s3.bucket_rows import get_bucket
from kennel.services.s3.configurations import Kind, get_configuration
from kennel.services.s3.errors import MalformedPolicy

if TYPE_CHECKING:
    from kennel.services.context import Context

__all__ = ["BucketPolicies", "bucket_policy"]

_SIZE_LIMIT = 20 * 1024  # bytes


def bucket_policy(connection: sqlite3.Connection, bucket_name: str) -> str | None:
    """The policy's JSON text, or None; for the authorizer, which evaluates it."""
    bucket = get_bucket(connection, bucket_name)
    if bucket is None:
        return None
    text: str | None = get_configuration(connection, bucket.bucket_id, Kind.POLICY)
    return text


class BucketPolicies(ConfigurationArea):
    """PutBucketPolicy, GetBucketPolicy, DeleteBucketPolicy."""

    operations: ClassVar[frozenset[str]] = frozenset(
        {"delete_bucket_policy", "get_bucket_policy", "put_bucket_policy"}
    )

    def put_bucket_policy(
        self,
        ctx: Context,
        *,
        Bucket: str,
        Policy: str,
        ConfirmRemoveSelfBucketAccess: bool = False,
        ContentMD5: str = "",
        ChecksumAlgorithm: str = "",
        ExpectedBucketOwner: str = "",
    ) -> dict[str, Any]:
        """Stores the policy text. Raises MalformedPolicy."""
        _check(Policy, Bucket)
        self.put(Kind.POLICY, Bucket, ExpectedBucketOwner, Policy)
        return {"_status": 204}

    def get_bucket_policy(
        self, ctx: Context, *, Bucket: str, ExpectedBucketOwner: str = ""
    ) -> dict[str, Any]:
        """The policy text as it was put. Raises NoSuchBucketPolicy."""
        return {"Policy": self.get(Kind.POLICY, Bucket, ExpectedBucketOwner)}

    def delete_bucket_policy(
        self, ctx: Context, *, Bucket: str, ExpectedBucketOwner: str = ""
    ) -> None:
        """Removes the policy, if there is one."""
        self.delete(Kind.POLICY, Bucket, ExpectedBucketOwner)


def _check(text: str, bucket: str) -> None:
    """Raises MalformedPolicy with S3's own sentences."""
    try:
        policy = json.loads(text)
    except ValueError:
        policy = None
    if not isinstance(policy, dict):
        raise MalformedPolicy("Policies must be valid JSON and the first byte must be '{'")
    if len(text.encode()) > _SIZE_LIMIT:
        raise MalformedPolicy(f"Policies must not exceed {_SIZE_LIMIT} bytes")
    statements = policy.get("Statement")
    if isinstance(statements, dict):
        statements = [statements]
    if not isinstance(statements, list) or not statements:
        raise MalformedPolicy("Missing required field Statement")
    for statement in statements:
        _check_statement(statement, bucket)


def _check_statement(statement: Any, bucket: str) -> None:
    if not isinstance(statement, dict):
        raise MalformedPolicy("This policy contains invalid Json")
    if statement.get("Effect") not in ("Allow", "Deny"):
        raise MalformedPolicy(f"Invalid effect: {statement.get('Effect')}")
    for choices in (("Principal", "NotPrincipal"), ("Action", "NotAction"),
                    ("Resource", "NotResource")):  # fmt: skip
        if not any(name in statement for name in choices):
            raise MalformedPolicy(f"Missing required field {choices[0]}")
    for action in _strings(statement, "Action", "NotAction"):
        if action != "*" and not action.lower().startswith("s3:"):
            raise MalformedPolicy("Policy has invalid action")
    for resource in _strings(statement, "Resource", "NotResource"):
        named = resource.removeprefix("arn:aws:s3:::")
        if resource != "*" and (named == resource or named.split("/")[0] != bucket):
            raise MalformedPolicy("Policy has invalid resource")


def _strings(statement: Mapping[str, Any], *names: str) -> Iterator[str]:
    for name in names:
        value = statement.get(name, [])
        for item in value if isinstance(value, list) else [value]:
            if not isinstance(item, str):
                raise MalformedPolicy("This policy contains invalid Json")
            yield item
