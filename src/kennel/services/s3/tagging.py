"""Tags of objects and of buckets."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from kennel.services.s3.area import Area
from kennel.services.s3.configurations import (
    Kind,
    delete_configuration,
    find_configuration,
    store_configuration,
)
from kennel.services.s3.contents import Change
from kennel.services.s3.reading import read_version
from kennel.services.s3.tags import (
    BUCKET_LIMIT,
    OBJECT_LIMIT,
    Tags,
    decode_tags,
    encode_tags,
    read_tag_set,
    tag_set,
)
from kennel.services.s3.version_rows import shown_version

if TYPE_CHECKING:
    from kennel.services.context import Context

__all__ = ["Tagging"]


class Tagging(Area):
    """The tagging operations."""

    operations: ClassVar[frozenset[str]] = frozenset(
        {
            "delete_bucket_tagging",
            "delete_object_tagging",
            "get_bucket_tagging",
            "get_object_tagging",
            "put_bucket_tagging",
            "put_object_tagging",
        }
    )

    def put_object_tagging(
        self,
        ctx: Context,
        *,
        Bucket: str,
        Key: str,
        Tagging: Mapping[str, Any],
        VersionId: str = "",
        ContentMD5: str = "",
        ChecksumAlgorithm: str = "",
        RequestPayer: str = "",
        ExpectedBucketOwner: str = "",
    ) -> dict[str, Any]:
        """Replaces a version's tags."""
        tags = read_tag_set(Tagging, OBJECT_LIMIT)
        return self._set(Bucket, Key, VersionId, ExpectedBucketOwner, tags)

    def delete_object_tagging(
        self,
        ctx: Context,
        *,
        Bucket: str,
        Key: str,
        VersionId: str = "",
        ExpectedBucketOwner: str = "",
    ) -> dict[str, Any]:
        """Removes a version's tags."""
        return self._set(Bucket, Key, VersionId, ExpectedBucketOwner, {})

    def _set(
        self, bucket_name: str, key: str, version_id: str, owner: str, tags: Tags
    ) -> dict[str, Any]:
        def change_tags(change: Change) -> dict[str, Any]:
            bucket = self.bucket(change.connection, bucket_name, owner)
            version = read_version(change.connection, bucket, key, version_id)
            change.connection.execute(
                "UPDATE s3_versions SET tags = ? WHERE row_id = ?",
                (encode_tags(tags), version.row_id),
            )
            return dict(shown_version(bucket, version.version_id))

        return self.commit(change_tags)

    def get_object_tagging(
        self,
        ctx: Context,
        *,
        Bucket: str,
        Key: str,
        VersionId: str = "",
        RequestPayer: str = "",
        ExpectedBucketOwner: str = "",
    ) -> dict[str, Any]:
        """A version's tags."""

        def read(connection: sqlite3.Connection) -> dict[str, Any]:
            bucket = self.bucket(connection, Bucket, ExpectedBucketOwner)
            version = read_version(connection, bucket, Key, VersionId)
            shown = shown_version(bucket, version.version_id)
            return {"TagSet": tag_set(decode_tags(version.tags)), **shown}

        return self.parts.database.read(read)

    def put_bucket_tagging(
        self,
        ctx: Context,
        *,
        Bucket: str,
        Tagging: Mapping[str, Any],
        ContentMD5: str = "",
        ChecksumAlgorithm: str = "",
        ExpectedBucketOwner: str = "",
    ) -> None:
        """Replaces the bucket's tags."""
        tags = read_tag_set(Tagging, BUCKET_LIMIT)

        def put(change: Change) -> None:
            bucket = self.bucket(change.connection, Bucket, ExpectedBucketOwner)
            if tags:
                store_configuration(change.connection, bucket.bucket_id, Kind.TAGGING, tags)
            else:
                delete_configuration(change.connection, bucket.bucket_id, Kind.TAGGING)

        self.commit(put)

    def get_bucket_tagging(
        self, ctx: Context, *, Bucket: str, ExpectedBucketOwner: str = ""
    ) -> dict[str, Any]:
        """The bucket's tags. Raises NoSuchTagSet if it has none."""

        def read(connection: sqlite3.Connection) -> dict[str, Any]:
            bucket = self.bucket(connection, Bucket, ExpectedBucketOwner)
            tags = find_configuration(connection, bucket.bucket_id, Bucket, Kind.TAGGING)
            return {"TagSet": tag_set(tags)}

        return self.parts.database.read(read)

    def delete_bucket_tagging(
        self, ctx: Context, *, Bucket: str, ExpectedBucketOwner: str = ""
    ) -> None:
        """Removes the bucket's tags."""

        def delete(change: Change) -> None:
            bucket = self.bucket(change.connection, Bucket, ExpectedBucketOwner)
            delete_configuration(change.connection, bucket.bucket_id, Kind.TAGGING)

        self.commit(delete)
