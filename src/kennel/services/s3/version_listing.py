"""ListObjectVersions."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple

from kennel.services.s3.area import Area
from kennel.services.s3.bucket_rows import BucketRow
from kennel.services.s3.errors import InvalidArgument
from kennel.services.s3.listing import (
    Page,
    after_key,
    after_prefix,
    check_listing,
    group_of,
    shown_prefixes,
    walk,
)
from kennel.services.s3.names import canonical_id, decode_key, is_version_id, listed

if TYPE_CHECKING:
    from kennel.services.context import Context

__all__ = ["VersionListing"]


class _Listed(NamedTuple):
    """What a listing shows of a version or delete marker."""

    key: bytes
    age: int
    version_id: str
    latest: int
    marker: int
    modified: int
    size: int
    etag: str
    storage_class: str
    checksum_algorithm: str
    checksum_type: str


_SELECT = f"SELECT {', '.join(_Listed._fields)} FROM s3_versions INDEXED BY s3_history "


def _seek(
    connection: sqlite3.Connection, bucket: BucketRow, prefix: bytes, position: bytes
) -> Iterator[_Listed]:
    end = after_prefix(prefix)
    rows = connection.execute(
        f"{_SELECT}WHERE bucket_id = ? AND key >= ? "
        f"{'' if end is None else 'AND key < ? '}ORDER BY key, age",
        (bucket.bucket_id, position, *([] if end is None else [end])),
    )
    for row in rows:
        yield _Listed(*row)


def _rest_of_key(
    connection: sqlite3.Connection, bucket: BucketRow, prefix: bytes, key: bytes, version_id: str
) -> Iterator[_Listed]:
    """The key's versions that are older than the marker's, then what follows the key."""
    found = connection.execute(
        "SELECT age FROM s3_versions WHERE bucket_id = ? AND key = ? AND version_id = ?",
        (bucket.bucket_id, key, version_id),
    ).fetchone()
    if found is not None and key.startswith(prefix):
        rows = connection.execute(
            f"{_SELECT}WHERE bucket_id = ? AND key = ? AND age > ? ORDER BY age",
            (bucket.bucket_id, key, found[0]),
        )
        for row in rows:
            yield _Listed(*row)
    yield from _seek(connection, bucket, prefix, max(after_key(key), prefix))


class VersionListing(Area):
    """Every version and delete marker, by key, newest first."""

    operations: ClassVar[frozenset[str]] = frozenset({"list_object_versions"})

    def list_object_versions(
        self,
        ctx: Context,
        *,
        Bucket: str,
        Prefix: str = "",
        Delimiter: str = "",
        KeyMarker: str = "",
        VersionIdMarker: str = "",
        MaxKeys: int = 1000,
        EncodingType: str = "",
        RequestPayer: str = "",
        OptionalObjectAttributes: Sequence[str] = (),
        ExpectedBucketOwner: str = "",
    ) -> dict[str, Any]:
        """What comes after the markers."""
        limit = check_listing(MaxKeys, "max-keys", EncodingType)
        if VersionIdMarker and not KeyMarker:
            raise InvalidArgument(
                "A version-id marker cannot be specified without a key marker.",
                ArgumentName="version-id-marker",
                ArgumentValue=VersionIdMarker,
            )
        if VersionIdMarker and not is_version_id(VersionIdMarker):
            raise InvalidArgument(
                "Invalid version id specified",
                ArgumentName="version-id-marker",
                ArgumentValue=VersionIdMarker,
            )
        marker, prefix, delimiter = KeyMarker.encode(), Prefix.encode(), Delimiter.encode()

        def read(connection: sqlite3.Connection) -> Page[_Listed]:
            bucket = self.bucket(connection, Bucket, ExpectedBucketOwner)
            rest = None
            if VersionIdMarker:
                rest = _rest_of_key(connection, bucket, prefix, marker, VersionIdMarker)
            return walk(
                partial(_seek, connection, bucket, prefix),
                rows=rest,
                start=after_key(marker) if marker else b"",
                prefix=prefix,
                delimiter=delimiter,
                limit=limit,
                skip_group=group_of(marker, prefix, delimiter) if marker else None,
            )

        page = self.parts.database.read(read)
        show = partial(listed, encoding=EncodingType)
        owner = {"Owner": {"ID": canonical_id(ctx.account_id)}}
        result: dict[str, Any] = {
            "Name": Bucket,
            "Prefix": show(Prefix),
            "KeyMarker": show(KeyMarker),
            "VersionIdMarker": VersionIdMarker,
            "MaxKeys": MaxKeys,
            "IsTruncated": page.truncated,
            "Versions": [{**_version(row, show(decode_key(row.key))), **owner}
                         for row in page.rows if not row.marker],
            "DeleteMarkers": [{**_entry(row, show(decode_key(row.key))), **owner}
                              for row in page.rows if row.marker],
            **shown_prefixes(page.prefixes, show),
        }  # fmt: skip
        if Delimiter:
            result["Delimiter"] = show(Delimiter)
        if EncodingType:
            result["EncodingType"] = EncodingType
        if isinstance(page.last, bytes):
            result["NextKeyMarker"] = show(decode_key(page.last))
        elif page.last is not None:
            result["NextKeyMarker"] = show(decode_key(page.last.key))
            result["NextVersionIdMarker"] = page.last.version_id
        return {name: value for name, value in result.items() if value != []}


def _entry(row: _Listed, key: str) -> dict[str, Any]:
    return {
        "Key": key,
        "VersionId": row.version_id,
        "IsLatest": bool(row.latest),
        "LastModified": float(row.modified),
    }


def _version(row: _Listed, key: str) -> dict[str, Any]:
    return {
        **_entry(row, key),
        "ETag": f'"{row.etag}"',
        "ChecksumAlgorithm": [row.checksum_algorithm],
        "ChecksumType": row.checksum_type,
        "Size": row.size,
        "StorageClass": row.storage_class,
    }
