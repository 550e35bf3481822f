"""The service: nothing but the list of its areas."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from kennel.errors import ClientError
from kennel.services.s3.absent import AbsentConfigurations
from kennel.services.s3.acl import AccessControlLists
from kennel.services.s3.area import Area
from kennel.services.s3.attributes import Attributes
from kennel.services.s3.authorization import Authorization
from kennel.services.s3.bucket_configurations import BucketConfigurations
from kennel.services.s3.bucket_policies import BucketPolicies
from kennel.services.s3.buckets import Buckets
from kennel.services.s3.deleting import Deleting
from kennel.services.s3.errors import MalformedXML
from kennel.services.s3.object_copying import ObjectCopying
from kennel.services.s3.object_listing import ObjectListing
from kennel.services.s3.part_copying import PartCopying
from kennel.services.s3.putting import Putting
from kennel.services.s3.reading import Reading
from kennel.services.s3.schema import MIGRATIONS
from kennel.services.s3.tagging import Tagging
from kennel.services.s3.upload_completion import UploadCompletion
from kennel.services.s3.upload_listing import UploadListing
from kennel.services.s3.uploads import Uploads
from kennel.services.s3.version_listing import VersionListing
from kennel.services.s3.versioning import BucketVersioning
from kennel.services.service import Parts, Service
from kennel.store import Migration

if TYPE_CHECKING:
    from kennel.services.access import Access
    from kennel.services.context import Context

__all__ = ["S3"]


class S3(Service):
    """Amazon S3, general purpose buckets."""

    name: ClassVar[str] = "s3"
    migrations: ClassVar[tuple[Migration, ...]] = MIGRATIONS
    bookkeeping: ClassVar[frozenset[str]] = (
        AbsentConfigurations.operations
        | AccessControlLists.operations
        | BucketConfigurations.operations
        | BucketPolicies.operations
    )
    """Operations that store and give back what has no effect (yet)."""

    def lacking(self, parameters: Sequence[str]) -> ClientError:
        """What is missing is in all cases what the body says."""
        return MalformedXML(
            "The XML you provided was not well-formed or did not validate against our published "
            "schema"
        )

    def __init__(self, parts: Parts) -> None:
        super().__init__(parts)
        self._areas: tuple[Area, ...] = (
            AbsentConfigurations(parts),
            AccessControlLists(parts),
            Attributes(parts),
            BucketConfigurations(parts),
            BucketPolicies(parts),
            BucketVersioning(parts),
            Buckets(parts),
            Deleting(parts),
            ObjectCopying(parts),
            ObjectListing(parts),
            PartCopying(parts),
            Putting(parts),
            Reading(parts),
            Tagging(parts),
            UploadCompletion(parts),
            UploadListing(parts),
            Uploads(parts),
            VersionListing(parts),
        )
        self._methods = {
            name: method
            for area in self._areas
            for name in area.operations
            if (method := area.operation(name)) is not None
        }
        self._authorization = Authorization(parts.database)
        parts.blobs.references(_blob_ids)

    def operation(self, name: str) -> Callable[..., dict[str, Any] | None] | None:
        return self._methods.get(name)

    @property
    def actions(self) -> frozenset[str]:
        return self._authorization.actions

    def accesses(
        self, ctx: Context, operation: str, parameters: Mapping[str, Any]
    ) -> Sequence[Access]:
        return self._authorization.accesses(ctx, operation, parameters)

    def resource_policy(self, arn: str) -> str:
        return self._authorization.policy(arn)


def _blob_ids(connection: sqlite3.Connection) -> Iterable[str]:
    for (blob_id,) in connection.execute("SELECT DISTINCT blob_id FROM s3_pieces"):
        yield blob_id
