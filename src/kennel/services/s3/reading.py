"""GetObject and HeadObject."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple

from kennel.services.parameters import takes
from kennel.services.s3.area import Area
from kennel.services.s3.bucket_rows import BucketRow
from kennel.services.s3.checksums import checksum_members
from kennel.services.s3.conditions import ReadConditions, Stored, check_read
from kennel.services.s3.contents import cut, pieces_of
from kennel.services.s3.errors import (
    InternalError,
    InvalidPartNumber,
    InvalidRequest,
    MethodNotAllowed,
    NoSuchKey,
    NoSuchVersion,
)
from kennel.services.s3.missing_keys import told_to_listers
from kennel.services.s3.names import encode_key
from kennel.services.s3.parameters import READ_PARAMETERS
from kennel.services.s3.part_lists import part_list
from kennel.services.s3.properties import decode_properties
from kennel.services.s3.ranges import Span, requested_range
from kennel.services.s3.tags import decode_tags
from kennel.services.s3.version_rows import (
    Version,
    find_version,
    latest_version,
    shown_version,
)
from kennel.store import BlobGone, Piece

if TYPE_CHECKING:
    from kennel.services.context import Context

__all__ = ["Reading", "read_version"]

_OPEN_ATTEMPTS = 20  # each lost to somebody who replaced the object just then


def read_version(
    connection: sqlite3.Connection, bucket: BucketRow, key: str, version_id: str = ""
) -> Version:
    """The version to read: the current one, or that of the id.

    Raises NoSuchKey, NoSuchVersion, and for a delete marker what S3 raises.
    """
    encoded = encode_key(key)
    if not version_id:
        version = latest_version(connection, bucket.bucket_id, encoded)
        if version is not None and not version.marker:
            return version
        headers = {} if version is None else _marker_headers(version.version_id)
        raise NoSuchKey("The specified key does not exist.", headers=headers, Key=key)
    version = find_version(connection, bucket.bucket_id, encoded, version_id)
    if version is None:
        raise NoSuchVersion("The specified version does not exist.", Key=key, VersionId=version_id)
    if version.marker:
        raise MethodNotAllowed(
            "The specified method is not allowed against this resource.",
            headers=_marker_headers(version_id) | {"Allow": "DELETE"},
            Method="GET",
            ResourceType="DeleteMarker",
        )
    return version


def _marker_headers(version_id: str) -> dict[str, str]:
    return {"x-amz-delete-marker": "true", "x-amz-version-id": version_id}


class _Selection(NamedTuple):
    """What a request asks for: a version and bytes of it. `span` None: all of them, status 200."""

    bucket: BucketRow
    version: Version
    span: Span | None
    pieces: Sequence[Piece]


class Reading(Area):
    """Objects and their headers, read."""

    operations: ClassVar[frozenset[str]] = frozenset({"get_object", "head_object"})

    @takes(*READ_PARAMETERS)
    def get_object(self, ctx: Context, *, Bucket: str, Key: str, **values: Any) -> dict[str, Any]:
        """The object's bytes as BlobSlices, with its headers.

        The slices stay readable whatever becomes of the object.
        """
        for _ in range(_OPEN_ATTEMPTS):
            with told_to_listers(ctx, Bucket):
                selection = self.parts.database.read(
                    lambda connection: self._select(
                        connection, Bucket, Key, values, with_pieces=True
                    )
                )
            try:
                body = self.parts.blobs.open(selection.pieces)
            except BlobGone:
                continue  # replaced between the read and the opening: read again
            return {"Body": body, **_members(selection, values)}
        raise InternalError("We encountered an internal error. Please try again.")

    @takes(*READ_PARAMETERS)
    def head_object(self, ctx: Context, *, Bucket: str, Key: str, **values: Any) -> dict[str, Any]:
        """The object's headers."""
        with told_to_listers(ctx, Bucket):
            selection = self.parts.database.read(
                lambda connection: self._select(connection, Bucket, Key, values, with_pieces=False)
            )
        return _members(selection, values)

    def _select(
        self,
        connection: sqlite3.Connection,
        bucket_name: str,
        key: str,
        values: Mapping[str, Any],
        *,
        with_pieces: bool,
    ) -> _Selection:
        bucket = self.bucket(connection, bucket_name, values.get("ExpectedBucketOwner") or "")
        version = read_version(connection, bucket, key, values.get("VersionId") or "")
        conditions = ReadConditions(
            values.get("IfMatch"),
            values.get("IfNoneMatch"),
            values.get("IfModifiedSince"),
            values.get("IfUnmodifiedSince"),
        )
        check_read(conditions, Stored(version.etag, version.modified))
        span = _span(connection, version, values.get("Range") or "", values.get("PartNumber"))
        pieces = pieces_of(connection, version.content_id) if with_pieces else []
        return _Selection(bucket, version, span, pieces if span is None else cut(pieces, span))


def _span(
    connection: sqlite3.Connection, version: Version, header: str, part_number: int | None
) -> Span | None:
    """The bytes that Range or PartNumber asks for. Raises what S3 raises."""
    if part_number is None:
        return requested_range(header, version.size) if header else None
    if header:
        raise InvalidRequest("Cannot specify both Range header and partNumber query parameter")
    sizes = [part.size for part in part_list(connection, version.row_id)] or [version.size]
    if not 1 <= part_number <= len(sizes):
        raise InvalidPartNumber(
            "The requested partnumber is not satisfiable",
            PartNumberRequested=part_number,
            ActualPartCount=len(sizes),
        )
    start = sum(sizes[: part_number - 1])
    return Span(start, start + sizes[part_number - 1])


_OVERRIDES = {
    "ResponseCacheControl": "CacheControl",
    "ResponseContentDisposition": "ContentDisposition",
    "ResponseContentEncoding": "ContentEncoding",
    "ResponseContentLanguage": "ContentLanguage",
    "ResponseContentType": "ContentType",
    "ResponseExpires": "Expires",
}


def _members(selection: _Selection, values: Mapping[str, Any]) -> dict[str, Any]:
    """The output's members: the object's headers, as the request wants them."""
    bucket, version, span, _ = selection
    properties = decode_properties(version.properties)
    members: dict[str, Any] = {
        "AcceptRanges": "bytes",
        "LastModified": float(version.modified),
        "ETag": f'"{version.etag}"',
        "ContentLength": version.size if span is None else span.length,
        **shown_version(bucket, version.version_id),
        **properties.headers(),
    }
    if version.storage_class != "STANDARD":
        members["StorageClass"] = version.storage_class
    if version.tags:
        members["TagCount"] = len(decode_tags(version.tags))
    if span is not None:
        members["_status"] = 206
        if version.size:
            members["ContentRange"] = f"bytes {span.start}-{span.end - 1}/{version.size}"
    if values.get("PartNumber") and version.part_count:
        members["PartsCount"] = version.part_count
    if values.get("ChecksumMode") == "ENABLED" and (span is None or span.length == version.size):
        members |= checksum_members(
            version.checksum_algorithm, properties.checksum, version.checksum_type
        )
    for parameter, member in _OVERRIDES.items():
        if values.get(parameter):
            members[member] = str(values[parameter])
    return members
