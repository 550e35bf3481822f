"""The source of a copy: named, found, held while it is read."""

from __future__ import annotations

import base64
import sqlite3
from collections.abc import Mapping
from typing import Any, NamedTuple
from urllib.parse import unquote

from kennel.services.s3.area import Area
from kennel.services.s3.bucket_rows import BucketRow
from kennel.services.s3.checksums import ALGORITHMS, FULL_OBJECT
from kennel.services.s3.conditions import ReadConditions, Stored, check_copy
from kennel.services.s3.contents import cut, pieces_of
from kennel.services.s3.errors import InternalError, InvalidArgument
from kennel.services.s3.properties import decode_properties
from kennel.services.s3.ranges import Span
from kennel.services.s3.reading import read_version
from kennel.services.s3.version_rows import Version, shown_version
from kennel.store import BlobGone, ContentHash, Hasher, Piece

__all__ = [
    "COPY_ATTEMPTS",
    "COPY_SOURCE_PARAMETERS",
    "Digests",
    "Source",
    "SourceName",
    "busy",
    "digests_of",
    "parse_copy_source",
    "read_source",
    "source_pieces",
]

COPY_ATTEMPTS = 20
"""How often a copy begins again because somebody replaced the source under it."""

COPY_SOURCE_PARAMETERS = (
    "CopySourceIfMatch",
    "CopySourceIfModifiedSince",
    "CopySourceIfNoneMatch",
    "CopySourceIfUnmodifiedSince",
    "ExpectedSourceBucketOwner",
)


class SourceName(NamedTuple):
    """What CopySource names; `version_id` is empty for the current version."""

    bucket: str
    key: str
    version_id: str


class Source(NamedTuple):
    """A version to copy from, as it stands in one read."""

    bucket: BucketRow
    version: Version

    def shown_version(self) -> dict[str, str]:
        """The CopySourceVersionId member; absent without versioning."""
        shown = shown_version(self.bucket, self.version.version_id)
        return {f"CopySource{name}": value for name, value in shown.items()}


class Digests(NamedTuple):
    """MD5 in hexadecimal, and a checksum in base64."""

    md5: str
    checksum: str


def parse_copy_source(header: str | Mapping[str, str]) -> SourceName:
    """`bucket/key?versionId=…`, percent-encoded, or the mapping that boto3 takes too.

    Raises InvalidArgument.
    """
    if not isinstance(header, str):
        return SourceName(header["Bucket"], header["Key"], header.get("VersionId") or "")
    path, _, version_id = header.partition("?versionId=")
    bucket, slash, key = unquote(path).removeprefix("/").partition("/")
    if not slash or not key or not bucket:
        raise InvalidArgument(
            "Copy Source must mention the source bucket and key: sourcebucket/sourcekey",
            ArgumentName="x-amz-copy-source",
            ArgumentValue=header,
        )
    return SourceName(bucket, key, unquote(version_id))


def read_source(
    area: Area, connection: sqlite3.Connection, name: SourceName, values: Mapping[str, Any]
) -> Source:
    """The source, if its conditions hold. Raises NoSuchKey and the like, PreconditionFailed."""
    bucket = area.bucket(connection, name.bucket, values.get("ExpectedSourceBucketOwner") or "")
    version = read_version(connection, bucket, name.key, name.version_id)
    conditions = ReadConditions(
        values.get("CopySourceIfMatch"),
        values.get("CopySourceIfNoneMatch"),
        values.get("CopySourceIfModifiedSince"),
        values.get("CopySourceIfUnmodifiedSince"),
    )
    check_copy(conditions, Stored(version.etag, version.modified))
    return Source(bucket, version)


def source_pieces(
    connection: sqlite3.Connection, version: Version, span: Span | None
) -> list[Piece]:
    """The pieces of the source, or of a part of it."""
    pieces = pieces_of(connection, version.content_id)
    return pieces if span is None else cut(pieces, span)


def digests_of(area: Area, version: Version, span: Span | None, algorithm: str) -> Digests | None:
    """The digests of the source's bytes, as of an object put in one request.

    Known already if the source was put so and the algorithm is its own; else its bytes are read.
    None if they are gone by now.
    """
    known = version.checksum_algorithm == algorithm and version.checksum_type == FULL_OBJECT
    if span is None and known and not version.part_count:
        return Digests(version.etag, decode_properties(version.properties).checksum)
    pieces = area.parts.database.read(lambda connection: source_pieces(connection, version, span))
    hasher = Hasher({ContentHash.MD5, ALGORITHMS[algorithm]})
    try:
        with area.parts.blobs.open(pieces) as slices:
            for chunk in slices.chunks():
                hasher.update(chunk)
    except BlobGone:
        return None
    digests = hasher.digests()
    checksum = base64.b64encode(digests[ALGORITHMS[algorithm]]).decode()
    return Digests(digests[ContentHash.MD5].hex(), checksum)


def busy() -> InternalError:
    """The error when the source is replaced faster than it can be read."""
    return InternalError("We encountered an internal error. Please try again.")
