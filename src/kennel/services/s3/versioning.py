"""PutBucketVersioning and GetBucketVersioning."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from kennel.services.s3.area import Area
from kennel.services.s3.bucket_rows import Versioning
from kennel.services.s3.contents import Change
from kennel.services.s3.errors import MalformedXML, NotImplementedByS3

if TYPE_CHECKING:
    from kennel.services.context import Context

__all__ = ["BucketVersioning"]


class BucketVersioning(Area):
    """Whether a bucket keeps what is overwritten and deleted."""

    operations: ClassVar[frozenset[str]] = frozenset(
        {"get_bucket_versioning", "put_bucket_versioning"}
    )

    def get_bucket_versioning(
        self, ctx: Context, *, Bucket: str, ExpectedBucketOwner: str = ""
    ) -> dict[str, Any]:
        """The status; absent if it was never enabled."""
        bucket = self.parts.database.read(
            lambda connection: self.bucket(connection, Bucket, ExpectedBucketOwner)
        )
        return {"Status": bucket.versioning} if bucket.versioning != Versioning.OFF else {}

    def put_bucket_versioning(
        self,
        ctx: Context,
        *,
        Bucket: str,
        VersioningConfiguration: Mapping[str, Any],
        ContentMD5: str = "",
        ChecksumAlgorithm: str = "",
        ExpectedBucketOwner: str = "",
    ) -> None:
        """Enables or suspends versioning; what is stored stays as it is."""
        status = VersioningConfiguration.get("Status")
        if VersioningConfiguration.get("MFADelete") == "Enabled":
            raise NotImplementedByS3("Kennel does not do MFA delete.")
        if status not in (Versioning.ENABLED, Versioning.SUSPENDED):
            raise MalformedXML(
                "The XML you provided was not well-formed or did not validate against our "
                "published schema"
            )

        def put(change: Change) -> None:
            bucket = self.bucket(change.connection, Bucket, ExpectedBucketOwner)
            change.connection.execute(
                "UPDATE s3_buckets SET versioning = ? WHERE bucket_id = ?",
                (status, bucket.bucket_id),
            )

        self.commit(put)
