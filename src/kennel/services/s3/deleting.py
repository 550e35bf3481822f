"""DeleteObject and DeleteObjects."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from kennel.errors import AwsError
from kennel.services.s3.area import Area
from kennel.services.s3.bucket_rows import BucketRow, Versioning
from kennel.services.s3.conditions import check_write
from kennel.services.s3.contents import Change
from kennel.services.s3.errors import MalformedXML
from kennel.services.s3.names import encode_key
from kennel.services.s3.version_rows import (
    add_delete_marker,
    current_version,
    find_version,
    latest_version,
    remove_version,
    stored,
)

if TYPE_CHECKING:
    from kennel.services.context import Context

__all__ = ["Deleting"]

_BATCH_LIMIT = 1000  # keys in one DeleteObjects


class Deleting(Area):
    """Objects and versions, deleted."""

    operations: ClassVar[frozenset[str]] = frozenset({"delete_object", "delete_objects"})

    def delete_object(
        self,
        ctx: Context,
        *,
        Bucket: str,
        Key: str,
        VersionId: str = "",
        IfMatch: str = "",
        RequestPayer: str = "",
        BypassGovernanceRetention: bool = False,
        ExpectedBucketOwner: str = "",
    ) -> dict[str, Any]:
        """Deletes an object, or one version of it. What is not there is no error."""

        def delete(change: Change) -> dict[str, Any]:
            bucket = self.bucket(change.connection, Bucket, ExpectedBucketOwner)
            return self._delete(change, bucket, Key, VersionId, IfMatch)

        return self.commit(delete)

    def delete_objects(
        self,
        ctx: Context,
        *,
        Bucket: str,
        Delete: Mapping[str, Any],
        ChecksumAlgorithm: str = "",
        RequestPayer: str = "",
        BypassGovernanceRetention: bool = False,
        ExpectedBucketOwner: str = "",
    ) -> dict[str, Any]:
        """Deletes up to 1,000 in one commit, each with its own outcome."""
        wanted = Delete.get("Objects") or []
        if not 1 <= len(wanted) <= _BATCH_LIMIT:
            raise MalformedXML(
                "The XML you provided was not well-formed or did not validate against our "
                "published schema"
            )

        refusals = [_refusal(ctx, Bucket, item) for item in wanted]

        def delete(change: Change) -> dict[str, Any]:
            bucket = self.bucket(change.connection, Bucket, ExpectedBucketOwner)
            deleted, errors = [], []
            for item, refusal in zip(wanted, refusals, strict=True):
                named = {name: item[name] for name in ("Key", "VersionId") if item.get(name)}
                try:
                    if refusal is not None:
                        raise refusal
                    outcome = self._delete(
                        change, bucket, item["Key"], item.get("VersionId", ""), item.get("ETag", "")
                    )
                except AwsError as error:
                    errors.append({**named, "Code": error.code, "Message": error.message})
                else:
                    deleted.append({**named, **_marker_members(outcome)})
            quiet = bool(Delete.get("Quiet"))
            result = {"Deleted": [] if quiet else deleted, "Errors": errors}
            return {name: items for name, items in result.items() if items}

        return self.commit(delete)

    def _delete(
        self, change: Change, bucket: BucketRow, key: str, version_id: str, match: str
    ) -> dict[str, Any]:
        """Deletes one; returns DeleteObject's output."""
        encoded = encode_key(key)
        connection = change.connection
        if match:
            current = current_version(connection, bucket.bucket_id, encoded)
            check_write(match, "", stored(current), key)
        if version_id:
            version = find_version(connection, bucket.bucket_id, encoded, version_id)
            if version is None:
                return {"VersionId": version_id}
            remove_version(change, bucket, version)
            marker = {"DeleteMarker": True} if version.marker else {}
            return {"VersionId": version_id, **marker}
        if bucket.versioning == Versioning.OFF:
            latest = latest_version(connection, bucket.bucket_id, encoded)
            if latest is not None:
                remove_version(change, bucket, latest)
            return {}
        marker_id = add_delete_marker(change, bucket, encoded, self.now())
        return {"DeleteMarker": True, "VersionId": marker_id}


def _refusal(ctx: Context, bucket: str, item: Mapping[str, Any]) -> AwsError | None:
    """Why the caller may not delete one of many; None if he may."""
    parameters = {"Bucket": bucket, "Key": item["Key"], "VersionId": item.get("VersionId", "")}
    try:
        ctx.dispatcher.authorize(ctx, "s3", "DeleteObject", parameters)
    except AwsError as error:
        return error
    return None


def _marker_members(outcome: Mapping[str, Any]) -> dict[str, Any]:
    """DeleteObject's output as members of DeletedObject."""
    if not outcome.get("DeleteMarker"):
        return {}
    return {"DeleteMarker": True, "DeleteMarkerVersionId": outcome["VersionId"]}
