"""Questions after features that no bucket of Kennel's has: the answer is that there is none.

Tools ask them of every bucket (Terraform reads them all). What would set such a feature is refused.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from kennel.services.s3.area import Area
from kennel.services.s3.errors import MissingConfiguration

if TYPE_CHECKING:
    from kennel.services.context import Context

__all__ = ["AbsentConfigurations"]


class NoSuchWebsiteConfiguration(MissingConfiguration):
    """The bucket is no website."""


class ObjectLockConfigurationNotFoundError(MissingConfiguration):
    """The bucket has no Object Lock."""


class ReplicationConfigurationNotFoundError(MissingConfiguration):
    """The bucket is not replicated."""


class AbsentConfigurations(Area):
    """Acceleration, logging, notifications, Object Lock, replication, requester pays, website."""

    operations: ClassVar[frozenset[str]] = frozenset(
        {
            "get_bucket_accelerate_configuration",
            "get_bucket_logging",
            "get_bucket_notification_configuration",
            "get_bucket_replication",
            "get_bucket_request_payment",
            "get_bucket_website",
            "get_object_lock_configuration",
        }
    )

    def get_bucket_accelerate_configuration(
        self, ctx: Context, *, Bucket: str, RequestPayer: str = "", ExpectedBucketOwner: str = ""
    ) -> None:
        self._check(Bucket, ExpectedBucketOwner)

    def get_bucket_logging(
        self, ctx: Context, *, Bucket: str, ExpectedBucketOwner: str = ""
    ) -> None:
        self._check(Bucket, ExpectedBucketOwner)

    def get_bucket_notification_configuration(
        self, ctx: Context, *, Bucket: str, ExpectedBucketOwner: str = ""
    ) -> None:
        self._check(Bucket, ExpectedBucketOwner)

    def get_bucket_replication(
        self, ctx: Context, *, Bucket: str, ExpectedBucketOwner: str = ""
    ) -> None:
        self._check(Bucket, ExpectedBucketOwner)
        raise ReplicationConfigurationNotFoundError(
            "The replication configuration was not found", BucketName=Bucket
        )

    def get_bucket_request_payment(
        self, ctx: Context, *, Bucket: str, ExpectedBucketOwner: str = ""
    ) -> dict[str, Any]:
        self._check(Bucket, ExpectedBucketOwner)
        return {"Payer": "BucketOwner"}

    def get_bucket_website(
        self, ctx: Context, *, Bucket: str, ExpectedBucketOwner: str = ""
    ) -> None:
        self._check(Bucket, ExpectedBucketOwner)
        raise NoSuchWebsiteConfiguration(
            "The specified bucket does not have a website configuration", BucketName=Bucket
        )

    def get_object_lock_configuration(
        self, ctx: Context, *, Bucket: str, ExpectedBucketOwner: str = ""
    ) -> None:
        self._check(Bucket, ExpectedBucketOwner)
        raise ObjectLockConfigurationNotFoundError(
            "Object Lock configuration does not exist for this bucket", BucketName=Bucket
        )

    def _check(self, name: str, owner: str) -> None:
        self.parts.database.read(lambda connection: self.bucket(connection, name, owner))
