"""Bucket policies: checked, stored, given back as they were sent.

To evaluate them is the authorizer's part; `bucket_policy` is where it finds them.
"""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING, Any, ClassVar

from kennel.policy import PolicyDocument, PolicyError, PolicyKind, parse_policy
from kennel.services.roles import role_directory
from kennel.services.s3.access_table import ACCESS_TABLE
from kennel.services.s3.action_names import is_action
from kennel.services.s3.bucket_configurations import ConfigurationArea
from kennel.services.s3.bucket_rows import get_bucket
from kennel.services.s3.configurations import Kind, get_configuration
from kennel.services.s3.errors import AccessDenied, MalformedPolicy
from kennel.services.s3.public_policies import is_public, restricted

if TYPE_CHECKING:
    from kennel.services.context import Context

__all__ = ["BucketPolicies", "bucket_policy"]

_SIZE_LIMIT = 20 * 1024  # bytes


def bucket_policy(connection: sqlite3.Connection, bucket_name: str) -> str | None:
    """The policy's JSON text, or None; for the authorizer, which evaluates it. A public policy of
    a bucket that restricts those lets nobody in from outside."""
    bucket = get_bucket(connection, bucket_name)
    if bucket is None:
        return None
    text: str | None = get_configuration(connection, bucket.bucket_id, Kind.POLICY)
    if text and "RestrictPublicBuckets" in public_access_block(connection, bucket_name):
        return restricted(text) if is_public(text) else text
    return text


def public_access_block(connection: sqlite3.Connection, bucket_name: str) -> frozenset[str]:
    """The settings of Block Public Access that the bucket has on."""
    bucket = get_bucket(connection, bucket_name)
    if bucket is None:
        return frozenset()
    settings = get_configuration(connection, bucket.bucket_id, Kind.PUBLIC_ACCESS_BLOCK) or {}
    return frozenset(name for name, is_on in settings.items() if is_on)


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
        """Stores the policy text. Raises MalformedPolicy, also for users and roles of this account
        that do not exist; AccessDenied for a public policy on a bucket that blocks them, as new
        buckets do."""
        _check_principals(ctx, _checked(Policy, Bucket))
        if is_public(Policy) and self._blocks_public_policies(Bucket):
            raise AccessDenied(
                f"User: {ctx.principal.arn} is not authorized to perform: s3:PutBucketPolicy on "
                f'resource: "arn:aws:s3:::{Bucket}" because public policies are prevented by the '
                "BlockPublicPolicy setting in S3 Block Public Access."
            )
        self.put(Kind.POLICY, Bucket, ExpectedBucketOwner, Policy)
        return {"_status": 204}

    def _blocks_public_policies(self, name: str) -> bool:
        return self.parts.database.read(
            lambda connection: "BlockPublicPolicy" in public_access_block(connection, name)
        )

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


def _check_principals(ctx: Context, document: PolicyDocument) -> None:
    for statement in document.statements:
        for principals in (statement.principals, statement.not_principals):
            for name in principals.get("AWS", ()):
                ours = name.startswith("arn:") and name.split(":")[4] == ctx.account_id
                if ours and not role_directory(ctx).knows_principal(name):
                    raise MalformedPolicy("Invalid principal in policy")


def _checked(text: str, bucket: str) -> PolicyDocument:
    """Raises MalformedPolicy with S3's own sentences (observed), where it has its own."""
    if not text.startswith("{"):
        raise MalformedPolicy(_NO_JSON)
    if len(text.encode()) > _SIZE_LIMIT:
        raise MalformedPolicy(f"Policies must not exceed {_SIZE_LIMIT} bytes")
    try:
        document = parse_policy(text, PolicyKind.RESOURCE)
    except PolicyError as error:
        raise MalformedPolicy(_sentence(str(error))) from None
    for statement in document.statements:
        for action in statement.actions + statement.not_actions:
            if action != "*" and not is_action(action):
                raise MalformedPolicy("Policy has invalid action")
        for resource in statement.resources + statement.not_resources:
            named = resource.removeprefix("arn:aws:s3:::")
            if named == resource or named.split("/")[0] != bucket:
                raise MalformedPolicy("Policy has invalid resource")
        levels = {"/" in resource for resource in statement.resources}
        for action in statement.actions if levels else ():
            if _ON_OBJECTS.get(action.lower()) not in (None, *levels):
                raise MalformedPolicy("Action does not apply to any resource(s) in statement")
    return document


# Actions by name in lower case: whether they are on objects (else on buckets).
_ON_OBJECTS = {
    f"s3:{one.action}".lower(): "{Key}" in one.resources[0]
    for needs in ACCESS_TABLE.values()
    for one in needs
    if one.resources[0].startswith("{Bucket}")
}

_NO_JSON = "Policies must be valid JSON and the first byte must be '{'"

# How S3 words what the grammar says, by how it begins.
_SENTENCES = {
    "Syntax errors in policy. Unknown element": "Unknown field",
    "Syntax errors in policy. Statement must": "Missing required field Statement",
    "Syntax errors in policy. Invalid effect": "Invalid effect",
    "Policy statement must contain actions": "Missing required field Action",
    "Policy statement must contain resources": "Missing required field Resource",
    "Policy document must be version": "The policy must contain a valid version string",
    "Invalid principal in policy": "Invalid principal in policy",
    "Actions/Condition": "Policy has invalid action",
    "Vendor": "Policy has invalid action",
    "Resource": "Policy has invalid resource",
    "Partition": "Policy has invalid resource",
}
_WITH_NAME = ("Unknown field", "Invalid effect")


def _sentence(reason: str) -> str:
    broken, _, place = reason.partition(" (")
    if broken == "Syntax errors in policy.":
        return f"{_NO_JSON} ({place}" if place else _NO_JSON
    for begin, sentence in _SENTENCES.items():
        if reason.startswith(begin):
            rest = reason.removeprefix(begin).rstrip(".")
            return f"{sentence}{rest}" if sentence in _WITH_NAME else sentence
    return reason
