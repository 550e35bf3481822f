"""Access control lists: the owner's full control, and nothing else.

Kennel has one account, and leaves who may do what to policies. So the only ACL there is says that
the owner has full control; asking for it is fine, asking for another is refused.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from kennel.services.s3.area import Area
from kennel.services.s3.bucket_rows import BucketRow
from kennel.services.s3.configurations import Kind, get_configuration
from kennel.services.s3.errors import AccessControlListNotSupported, NotImplementedByS3
from kennel.services.s3.names import canonical_id
from kennel.services.s3.reading import read_version

if TYPE_CHECKING:
    from kennel.services.context import Context

__all__ = ["AccessControlLists", "check_canned_acl"]

_ENFORCED = "BucketOwnerEnforced"
_OWNERS_OWN = ("", "bucket-owner-full-control")  # what an enforced ownership takes


def check_canned_acl(connection: sqlite3.Connection, bucket: BucketRow, acl: str) -> None:
    """Raises what S3 raises for a canned ACL (empty: none) that the bucket does not take, and
    NotImplemented for one that it would take but Kennel does not do."""
    if acl in _OWNERS_OWN:
        return
    controls = get_configuration(connection, bucket.bucket_id, Kind.OWNERSHIP)
    if controls and any(rule["ObjectOwnership"] == _ENFORCED for rule in controls["Rules"]):
        raise AccessControlListNotSupported("The bucket does not allow ACLs")
    if acl != "private":
        raise _not_done(f"the canned ACL {acl}")


def _not_done(what: str) -> NotImplementedByS3:
    return NotImplementedByS3(
        f"Kennel does not do {what}: the owner has full control. Use a bucket policy instead."
    )


class AccessControlLists(Area):
    """The ACL operations of buckets and objects."""

    operations: ClassVar[frozenset[str]] = frozenset(
        {"get_bucket_acl", "get_object_acl", "put_bucket_acl", "put_object_acl"}
    )

    def get_bucket_acl(
        self, ctx: Context, *, Bucket: str, ExpectedBucketOwner: str = ""
    ) -> dict[str, Any]:
        """The owner's full control."""
        self.parts.database.read(
            lambda connection: self.bucket(connection, Bucket, ExpectedBucketOwner)
        )
        return _full_control(ctx.account_id)

    def get_object_acl(
        self,
        ctx: Context,
        *,
        Bucket: str,
        Key: str,
        VersionId: str = "",
        RequestPayer: str = "",
        ExpectedBucketOwner: str = "",
    ) -> dict[str, Any]:
        """The owner's full control."""
        self._check_object(Bucket, Key, VersionId, ExpectedBucketOwner)
        return _full_control(ctx.account_id)

    def put_bucket_acl(
        self,
        ctx: Context,
        *,
        Bucket: str,
        ACL: str = "",
        AccessControlPolicy: Mapping[str, Any] | None = None,
        ContentMD5: str = "",
        ExpectedBucketOwner: str = "",
    ) -> None:
        """Takes the owner's full control, refuses everything else."""

        def check(connection: sqlite3.Connection) -> None:
            bucket = self.bucket(connection, Bucket, ExpectedBucketOwner)
            _check(connection, bucket, ACL, AccessControlPolicy, ctx.account_id)

        self.parts.database.read(check)

    def put_object_acl(
        self,
        ctx: Context,
        *,
        Bucket: str,
        Key: str,
        VersionId: str = "",
        ACL: str = "",
        AccessControlPolicy: Mapping[str, Any] | None = None,
        ContentMD5: str = "",
        RequestPayer: str = "",
        ExpectedBucketOwner: str = "",
    ) -> None:
        """Takes the owner's full control, refuses everything else."""
        self._check_object(Bucket, Key, VersionId, ExpectedBucketOwner)

        def check(connection: sqlite3.Connection) -> None:
            bucket = self.bucket(connection, Bucket)
            _check(connection, bucket, ACL, AccessControlPolicy, ctx.account_id)

        self.parts.database.read(check)

    def _check_object(self, bucket: str, key: str, version_id: str, owner: str) -> None:
        self.parts.database.read(
            lambda connection: read_version(
                connection, self.bucket(connection, bucket, owner), key, version_id
            )
        )


def _full_control(account_id: str) -> dict[str, Any]:
    owner = {"ID": canonical_id(account_id)}
    grant = {"Grantee": {"Type": "CanonicalUser", **owner}, "Permission": "FULL_CONTROL"}
    return {"Owner": owner, "Grants": [grant]}


def _check(
    connection: sqlite3.Connection,
    bucket: BucketRow,
    acl: str,
    policy: Mapping[str, Any] | None,
    account_id: str,
) -> None:
    check_canned_acl(connection, bucket, acl)
    grants = (policy or {}).get("Grants") or []
    owners = {"ID": canonical_id(account_id)}
    for grant in grants:
        grantee = grant.get("Grantee") or {}
        if grantee.get("ID") != owners["ID"] or grant.get("Permission") != "FULL_CONTROL":
            raise _not_done("grants to others, or of less than full control")
