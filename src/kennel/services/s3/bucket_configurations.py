"""The operations on a bucket's stored configurations."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from kennel.services.s3.area import Area
from kennel.services.s3.configurations import (
    Kind,
    delete_configuration,
    find_configuration,
    get_configuration,
    store_configuration,
)
from kennel.services.s3.contents import Change

if TYPE_CHECKING:
    from kennel.services.context import Context

__all__ = ["BucketConfigurations", "ConfigurationArea"]

_DEFAULT_ENCRYPTION = {
    "Rules": [
        {
            "ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"},
            "BucketKeyEnabled": False,
        }
    ]
}


class ConfigurationArea(Area):
    """An area whose operations put, get and delete configurations."""

    def put(self, kind: Kind, bucket_name: str, owner: str, structure: Any) -> None:
        """Stores a configuration."""

        def put(change: Change) -> None:
            bucket = self.bucket(change.connection, bucket_name, owner)
            store_configuration(change.connection, bucket.bucket_id, kind, structure)

        self.commit(put)

    def get(self, kind: Kind, bucket_name: str, owner: str) -> Any:
        """The stored configuration. Raises the MissingConfiguration of its kind."""

        def read(connection: sqlite3.Connection) -> Any:
            bucket = self.bucket(connection, bucket_name, owner)
            return find_configuration(connection, bucket.bucket_id, bucket_name, kind)

        return self.parts.database.read(read)

    def delete(self, kind: Kind, bucket_name: str, owner: str) -> None:
        """Removes a configuration, if it is there."""

        def delete(change: Change) -> None:
            bucket = self.bucket(change.connection, bucket_name, owner)
            delete_configuration(change.connection, bucket.bucket_id, kind)

        self.commit(delete)


class BucketConfigurations(ConfigurationArea):
    """CORS, encryption, lifecycle, ownership and public access: stored, given back."""

    operations: ClassVar[frozenset[str]] = frozenset(
        {
            "delete_bucket_cors",
            "delete_bucket_encryption",
            "delete_bucket_lifecycle",
            "delete_bucket_ownership_controls",
            "delete_public_access_block",
            "get_bucket_cors",
            "get_bucket_encryption",
            "get_bucket_lifecycle_configuration",
            "get_bucket_ownership_controls",
            "get_public_access_block",
            "put_bucket_cors",
            "put_bucket_encryption",
            "put_bucket_lifecycle_configuration",
            "put_bucket_ownership_controls",
            "put_public_access_block",
        }
    )

    def put_bucket_cors(
        self,
        ctx: Context,
        *,
        Bucket: str,
        CORSConfiguration: Mapping[str, Any],
        ContentMD5: str = "",
        ChecksumAlgorithm: str = "",
        ExpectedBucketOwner: str = "",
    ) -> None:
        self.put(Kind.CORS, Bucket, ExpectedBucketOwner, CORSConfiguration)

    def get_bucket_cors(
        self, ctx: Context, *, Bucket: str, ExpectedBucketOwner: str = ""
    ) -> dict[str, Any]:
        return dict(self.get(Kind.CORS, Bucket, ExpectedBucketOwner))

    def delete_bucket_cors(
        self, ctx: Context, *, Bucket: str, ExpectedBucketOwner: str = ""
    ) -> None:
        self.delete(Kind.CORS, Bucket, ExpectedBucketOwner)

    def put_bucket_encryption(
        self,
        ctx: Context,
        *,
        Bucket: str,
        ServerSideEncryptionConfiguration: Mapping[str, Any],
        ContentMD5: str = "",
        ChecksumAlgorithm: str = "",
        ExpectedBucketOwner: str = "",
    ) -> None:
        self.put(Kind.ENCRYPTION, Bucket, ExpectedBucketOwner, ServerSideEncryptionConfiguration)

    def get_bucket_encryption(
        self, ctx: Context, *, Bucket: str, ExpectedBucketOwner: str = ""
    ) -> dict[str, Any]:
        """The stored configuration, or S3's own default, which every bucket has."""

        def read(connection: sqlite3.Connection) -> Any:
            bucket = self.bucket(connection, Bucket, ExpectedBucketOwner)
            return get_configuration(connection, bucket.bucket_id, Kind.ENCRYPTION)

        configuration = self.parts.database.read(read) or _DEFAULT_ENCRYPTION
        return {"ServerSideEncryptionConfiguration": configuration}

    def delete_bucket_encryption(
        self, ctx: Context, *, Bucket: str, ExpectedBucketOwner: str = ""
    ) -> None:
        self.delete(Kind.ENCRYPTION, Bucket, ExpectedBucketOwner)

    def put_bucket_lifecycle_configuration(
        self,
        ctx: Context,
        *,
        Bucket: str,
        LifecycleConfiguration: Mapping[str, Any],
        TransitionDefaultMinimumObjectSize: str = "all_storage_classes_128K",
        ChecksumAlgorithm: str = "",
        ExpectedBucketOwner: str = "",
    ) -> dict[str, Any]:
        minimum = {"TransitionDefaultMinimumObjectSize": TransitionDefaultMinimumObjectSize}
        stored = {**LifecycleConfiguration, **minimum}
        self.put(Kind.LIFECYCLE, Bucket, ExpectedBucketOwner, stored)
        return minimum

    def get_bucket_lifecycle_configuration(
        self, ctx: Context, *, Bucket: str, ExpectedBucketOwner: str = ""
    ) -> dict[str, Any]:
        return dict(self.get(Kind.LIFECYCLE, Bucket, ExpectedBucketOwner))

    def delete_bucket_lifecycle(
        self, ctx: Context, *, Bucket: str, ExpectedBucketOwner: str = ""
    ) -> None:
        self.delete(Kind.LIFECYCLE, Bucket, ExpectedBucketOwner)

    def put_bucket_ownership_controls(
        self,
        ctx: Context,
        *,
        Bucket: str,
        OwnershipControls: Mapping[str, Any],
        ContentMD5: str = "",
        ChecksumAlgorithm: str = "",
        ExpectedBucketOwner: str = "",
    ) -> None:
        self.put(Kind.OWNERSHIP, Bucket, ExpectedBucketOwner, OwnershipControls)

    def get_bucket_ownership_controls(
        self, ctx: Context, *, Bucket: str, ExpectedBucketOwner: str = ""
    ) -> dict[str, Any]:
        return {"OwnershipControls": self.get(Kind.OWNERSHIP, Bucket, ExpectedBucketOwner)}

    def delete_bucket_ownership_controls(
        self, ctx: Context, *, Bucket: str, ExpectedBucketOwner: str = ""
    ) -> None:
        self.delete(Kind.OWNERSHIP, Bucket, ExpectedBucketOwner)

    def put_public_access_block(
        self,
        ctx: Context,
        *,
        Bucket: str,
        PublicAccessBlockConfiguration: Mapping[str, Any],
        ContentMD5: str = "",
        ChecksumAlgorithm: str = "",
        ExpectedBucketOwner: str = "",
    ) -> None:
        settings = {
            name: bool(PublicAccessBlockConfiguration.get(name))
            for name in (
                "BlockPublicAcls",
                "IgnorePublicAcls",
                "BlockPublicPolicy",
                "RestrictPublicBuckets",
            )
        }
        self.put(Kind.PUBLIC_ACCESS_BLOCK, Bucket, ExpectedBucketOwner, settings)

    def get_public_access_block(
        self, ctx: Context, *, Bucket: str, ExpectedBucketOwner: str = ""
    ) -> dict[str, Any]:
        settings = self.get(Kind.PUBLIC_ACCESS_BLOCK, Bucket, ExpectedBucketOwner)
        return {"PublicAccessBlockConfiguration": settings}

    def delete_public_access_block(
        self, ctx: Context, *, Bucket: str, ExpectedBucketOwner: str = ""
    ) -> None:
        self.delete(Kind.PUBLIC_ACCESS_BLOCK, Bucket, ExpectedBucketOwner)
