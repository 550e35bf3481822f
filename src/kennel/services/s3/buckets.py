"""Buckets: made, found, listed, deleted."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, ClassVar

from kennel.services.page_token import encode_place
from kennel.services.s3.area import Area
from kennel.services.s3.bucket_rows import BucketRow, get_bucket
from kennel.services.s3.configurations import Kind, store_configuration
from kennel.services.s3.contents import Change, drop_contents
from kennel.services.s3.errors import (
    AccessControlListNotSupported,
    BucketAlreadyOwnedByYou,
    BucketNotEmpty,
    IllegalLocationConstraintException,
    InvalidArgument,
    InvalidLocationConstraint,
    NotImplementedByS3,
)
from kennel.services.s3.listing import continued
from kennel.services.s3.names import canonical_id, check_bucket_name
from kennel.services.s3.tags import BUCKET_LIMIT, read_tag_set

if TYPE_CHECKING:
    from kennel.services.context import Context

__all__ = ["Buckets"]

_REGION = re.compile(r"[a-z]{2}(-[a-z]+)+-\d")
_FIRST_REGION = "us-east-1"  # whose endpoint makes buckets anywhere, and again without complaint

_NOTHING_PUBLIC = {
    "BlockPublicAcls": True,
    "IgnorePublicAcls": True,
    "BlockPublicPolicy": True,
    "RestrictPublicBuckets": True,
}


class Buckets(Area):
    """CreateBucket and what finds, lists and deletes buckets."""

    operations: ClassVar[frozenset[str]] = frozenset(
        {
            "create_bucket",
            "delete_bucket",
            "get_bucket_location",
            "head_bucket",
            "list_buckets",
        }
    )

    def create_bucket(
        self,
        ctx: Context,
        *,
        Bucket: str,
        CreateBucketConfiguration: dict[str, Any] | None = None,
        ACL: str = "",
        ObjectOwnership: str = "BucketOwnerEnforced",
        ObjectLockEnabledForBucket: bool = False,
    ) -> dict[str, Any]:
        """Makes a bucket in the region of the endpoint, or in the one that is asked for."""
        check_bucket_name(Bucket)
        configuration = CreateBucketConfiguration or {}
        region = _region(ctx.region, configuration.get("LocationConstraint") or "")
        if ObjectLockEnabledForBucket or configuration.get("Location"):
            raise NotImplementedByS3("Kennel has neither Object Lock nor directory buckets.")
        if ACL not in ("", "private") and ObjectOwnership == "BucketOwnerEnforced":
            raise AccessControlListNotSupported(
                "Bucket cannot have ACLs set with ObjectOwnership's BucketOwnerEnforced setting"
            )
        tags = read_tag_set({"TagSet": configuration.get("Tags")}, BUCKET_LIMIT)

        def create(change: Change) -> None:
            existing = get_bucket(change.connection, Bucket)
            if existing is not None:
                if existing.region == region == _FIRST_REGION:
                    return
                raise BucketAlreadyOwnedByYou(
                    "Your previous request to create the named bucket succeeded and you already "
                    "own it.",
                    BucketName=Bucket,
                )
            cursor = change.connection.execute(
                "INSERT INTO s3_buckets (name, region, created) VALUES (?, ?, ?)",
                (Bucket, region, self.now()),
            )
            bucket_id = int(cursor.lastrowid or 0)
            controls = {"Rules": [{"ObjectOwnership": ObjectOwnership}]}
            store_configuration(change.connection, bucket_id, Kind.OWNERSHIP, controls)
            store_configuration(
                change.connection, bucket_id, Kind.PUBLIC_ACCESS_BLOCK, _NOTHING_PUBLIC
            )
            if tags:
                store_configuration(change.connection, bucket_id, Kind.TAGGING, tags)

        self.commit(create)
        host = f"http://{Bucket}.s3.amazonaws.com/"
        return {
            "Location": f"/{Bucket}" if region == _FIRST_REGION else host,
            "BucketArn": _arn(Bucket),
        }

    def head_bucket(
        self, ctx: Context, *, Bucket: str, ExpectedBucketOwner: str = ""
    ) -> dict[str, Any]:
        """Whether the bucket is there, and where."""
        bucket = self.parts.database.read(
            lambda connection: self.bucket(connection, Bucket, ExpectedBucketOwner)
        )
        return {
            "BucketArn": _arn(Bucket),
            "BucketRegion": bucket.region,
            "AccessPointAlias": False,
        }

    def get_bucket_location(
        self, ctx: Context, *, Bucket: str, ExpectedBucketOwner: str = ""
    ) -> dict[str, Any]:
        """The bucket's region; AWS's first region has no constraint."""
        bucket = self.parts.database.read(
            lambda connection: self.bucket(connection, Bucket, ExpectedBucketOwner)
        )
        return {} if bucket.region == _FIRST_REGION else {"LocationConstraint": bucket.region}

    def list_buckets(
        self,
        ctx: Context,
        *,
        Prefix: str = "",
        BucketRegion: str = "",
        MaxBuckets: int = 10_000,
        ContinuationToken: str = "",
    ) -> dict[str, Any]:
        """The account's buckets by name."""
        if not 1 <= MaxBuckets <= 10_000:
            raise InvalidArgument("Argument max-buckets must be an integer between 1 and 10000")
        after = continued(ContinuationToken, "buckets").decode() if ContinuationToken else ""
        rows = self.parts.database.read(
            lambda connection: connection.execute(
                "SELECT bucket_id, name, region, created, versioning FROM s3_buckets "
                "WHERE name > ?1 AND substr(name, 1, length(?2)) = ?2 AND ?3 IN ('', region) "
                "ORDER BY name LIMIT ?4",
                (after, Prefix, BucketRegion, MaxBuckets + 1),
            ).fetchall()
        )
        buckets = [_as_listed(row) for row in rows[:MaxBuckets]]
        listing: dict[str, Any] = {
            "Buckets": buckets,
            "Owner": {"ID": canonical_id(ctx.account_id)},
        }
        if Prefix:
            listing["Prefix"] = Prefix
        if len(rows) > MaxBuckets:
            listing["ContinuationToken"] = encode_place("buckets", buckets[-1]["Name"].encode())
        return listing

    def delete_bucket(self, ctx: Context, *, Bucket: str, ExpectedBucketOwner: str = "") -> None:
        """Deletes an empty bucket; uploads in progress there are aborted."""

        def delete(change: Change) -> None:
            connection = change.connection
            bucket = self.bucket(connection, Bucket, ExpectedBucketOwner)
            if connection.execute(
                "SELECT 1 FROM s3_versions WHERE bucket_id = ? LIMIT 1", (bucket.bucket_id,)
            ).fetchone():
                raise BucketNotEmpty(
                    "The bucket you tried to delete is not empty", BucketName=Bucket
                )
            _abort_uploads(change, bucket)
            for table in ("s3_configurations", "s3_buckets"):
                connection.execute(f"DELETE FROM {table} WHERE bucket_id = ?", (bucket.bucket_id,))

        self.commit(delete)


def _abort_uploads(change: Change, bucket: BucketRow) -> None:
    contents = change.connection.execute(
        "SELECT content_id FROM s3_parts JOIN s3_uploads USING (upload_id) WHERE bucket_id = ?",
        (bucket.bucket_id,),
    ).fetchall()
    drop_contents(change, [content_id for (content_id,) in contents])
    change.connection.execute(
        "DELETE FROM s3_parts WHERE upload_id IN "
        "(SELECT upload_id FROM s3_uploads WHERE bucket_id = ?)",
        (bucket.bucket_id,),
    )
    change.connection.execute("DELETE FROM s3_uploads WHERE bucket_id = ?", (bucket.bucket_id,))


def _region(endpoint: str, constraint: str) -> str:
    """Where a new bucket goes. Raises what S3 raises when the two don't fit."""
    is_name = not constraint or constraint == "EU" or _REGION.fullmatch(constraint)
    if not is_name or constraint == endpoint == _FIRST_REGION:
        raise InvalidLocationConstraint(
            "The specified location-constraint is not valid", LocationConstraint=constraint
        )
    if endpoint == _FIRST_REGION or constraint == endpoint:
        return {"": _FIRST_REGION, "EU": "eu-west-1"}.get(constraint, constraint)
    raise IllegalLocationConstraintException(
        f"The {constraint or 'unspecified'} location constraint is incompatible for the region "
        "specific endpoint this request was sent to."
    )


def _as_listed(row: tuple[Any, ...]) -> dict[str, Any]:
    bucket = BucketRow(*row)
    return {
        "Name": bucket.name,
        "CreationDate": float(bucket.created),
        "BucketRegion": bucket.region,
        "BucketArn": _arn(bucket.name),
    }


def _arn(name: str) -> str:
    return f"arn:aws:s3:::{name}"
