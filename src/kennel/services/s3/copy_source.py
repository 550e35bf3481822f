"""The source of a copy: named, found, held while it is read."""

from __future__ import annotations

import base64
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, NamedTuple
from urllib.parse import unquote

from kennel.services.s3.area import Area
from kennel.services.s3.bucket_rows import BucketRow
from kennel.services.s3.checksums import ALGORITHMS, FULL_OBJECT
from kennel.services.s3.conditions import ReadConditions, Stored, check_copy
from kennel.services.s3.contents import cut, pieces_of, whole
from kennel.services.s3.errors import InternalError, InvalidArgument
from kennel.services.s3.properties import decode_properties
from kennel.services.s3.ranges import Span
from kennel.services.s3.reading import read_version
from kennel.services.s3.version_rows import Version, shown_version
from kennel.store import BlobGone, ContentHash, Hasher, Piece, StagedBlob

__all__ = [
    "COPY_ATTEMPTS",
    "COPY_SOURCE_PARAMETERS",
    "Material",
    "Source",
    "SourceName",
    "busy",
    "copied_pieces",
    "material",
    "parse_copy_source",
    "read_source",
]

COPY_ATTEMPTS = 20
"""How often a copy begins again because somebody replaced the source under it. The first attempt
shares the source's blobs, the others take bytes of their own."""

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


class Material(NamedTuple):
    """What a copy is made of: MD5 in hexadecimal, checksum in base64, and a blob of its own if it
    does not share the source's."""

    md5: str
    checksum: str
    own: StagedBlob | None

    @property
    def staged(self) -> list[StagedBlob]:
        """What is to be kept once the copy is committed."""
        return [] if self.own is None else [self.own]


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


def _pieces(connection: sqlite3.Connection, version: Version, span: Span | None) -> list[Piece]:
    pieces = pieces_of(connection, version.content_id)
    return pieces if span is None else cut(pieces, span)


@contextmanager
def material(
    area: Area, source: Source, span: Span | None, algorithm: str, *, share: bool
) -> Iterator[Material | None]:
    """What to copy of the source, hashed as an object put in one request is.

    Shared, it is good only while the source stands as it does: `copied_pieces` looks. With a blob
    of its own (`share` false) it is good whatever becomes of the source. None if the source's
    bytes are gone by now.
    """
    version = source.version
    known = version.checksum_algorithm == algorithm and version.checksum_type == FULL_OBJECT
    if share and span is None and known and not version.part_count:
        yield Material(version.etag, decode_properties(version.properties).checksum, None)
        return
    pieces = area.parts.database.read(lambda connection: _pieces(connection, version, span))
    try:
        slices = area.parts.blobs.open(pieces)
    except BlobGone:
        yield None
        return
    with slices:
        if share:
            hasher = Hasher({ContentHash.MD5, ALGORITHMS[algorithm]})
            for chunk in slices.chunks():
                hasher.update(chunk)
            yield _material(hasher.digests(), algorithm, None)
            return
        own = area.parts.blobs.stage(slices.chunks(), [ALGORITHMS[algorithm]])
    try:
        yield _material(own.digests, algorithm, own)
    finally:
        own.discard()


def _material(digests: Mapping[str, bytes], algorithm: str, own: StagedBlob | None) -> Material:
    checksum = base64.b64encode(digests[ALGORITHMS[algorithm]]).decode()
    return Material(digests[ContentHash.MD5].hex(), checksum, own)


def copied_pieces(
    area: Area,
    connection: sqlite3.Connection,
    name: SourceName,
    values: Mapping[str, Any],
    source: Source,
    span: Span | None,
    made_of: Material,
) -> list[Piece] | None:
    """The pieces of the copy, inside its write; None if it shares a source that has changed."""
    if made_of.own is not None:
        return whole(made_of.own)
    if read_source(area, connection, name, values) != source:
        return None
    return _pieces(connection, source.version, span)


def busy() -> InternalError:
    """The error when the source is replaced faster than it can be read."""
    return InternalError("We encountered an internal error. Please try again.")
