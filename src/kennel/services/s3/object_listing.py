"""ListObjects and ListObjectsV2."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple

from kennel.services.page_token import encode_place
from kennel.services.s3.area import Area
from kennel.services.s3.bucket_rows import BucketRow
from kennel.services.s3.listing import (
    Page,
    after_key,
    after_prefix,
    check_listing,
    continued,
    group_of,
    shown_prefixes,
    walk,
)
from kennel.services.s3.names import canonical_id, decode_key, listed

if TYPE_CHECKING:
    from kennel.services.context import Context

__all__ = ["ObjectListing"]


class _Listed(NamedTuple):
    """What a listing shows of a current version."""

    key: bytes
    modified: int
    size: int
    etag: str
    storage_class: str
    checksum_algorithm: str
    checksum_type: str


def _seek(
    connection: sqlite3.Connection, bucket: BucketRow, prefix: bytes, position: bytes
) -> Iterator[_Listed]:
    end = after_prefix(prefix)
    rows = connection.execute(
        f"SELECT {', '.join(_Listed._fields)} FROM s3_versions INDEXED BY s3_current "
        "WHERE latest = 1 AND marker = 0 AND bucket_id = ? AND key >= ? "
        f"{'' if end is None else 'AND key < ? '}ORDER BY key",
        (bucket.bucket_id, position, *([] if end is None else [end])),
    )
    for row in rows:
        yield _Listed(*row)


class ObjectListing(Area):
    """A bucket's current objects, in the order of their keys' bytes."""

    operations: ClassVar[frozenset[str]] = frozenset({"list_objects", "list_objects_v2"})

    def list_objects(
        self,
        ctx: Context,
        *,
        Bucket: str,
        Prefix: str = "",
        Delimiter: str = "",
        Marker: str = "",
        MaxKeys: int = 1000,
        EncodingType: str = "",
        RequestPayer: str = "",
        OptionalObjectAttributes: Sequence[str] = (),
        ExpectedBucketOwner: str = "",
    ) -> dict[str, Any]:
        """What comes after Marker. A marker inside a common prefix is past all of it."""
        limit = check_listing(MaxKeys, "maxKeys", EncodingType)
        marker, prefix, delimiter = Marker.encode(), Prefix.encode(), Delimiter.encode()
        page = self._page(
            Bucket,
            ExpectedBucketOwner,
            start=after_key(marker) if marker else b"",
            prefix=prefix,
            delimiter=delimiter,
            limit=limit,
            skip_group=group_of(marker, prefix, delimiter) if marker else None,
        )
        show = partial(listed, encoding=EncodingType)
        result = {
            "Name": Bucket,
            "Prefix": show(Prefix),
            "Marker": show(Marker),
            "MaxKeys": MaxKeys,
            "IsTruncated": page.truncated,
            **_common(page, show, Delimiter, EncodingType, canonical_id(ctx.account_id)),
        }
        if page.truncated and Delimiter and page.last is not None:
            last = page.last if isinstance(page.last, bytes) else page.last.key
            result["NextMarker"] = show(decode_key(last))
        return result

    def list_objects_v2(
        self,
        ctx: Context,
        *,
        Bucket: str,
        Prefix: str = "",
        Delimiter: str = "",
        StartAfter: str = "",
        ContinuationToken: str | None = None,
        MaxKeys: int = 1000,
        EncodingType: str = "",
        FetchOwner: bool = False,
        RequestPayer: str = "",
        OptionalObjectAttributes: Sequence[str] = (),
        ExpectedBucketOwner: str = "",
    ) -> dict[str, Any]:
        """What comes after StartAfter, or from where the token's page ended."""
        limit = check_listing(MaxKeys, "max-keys", EncodingType)
        if ContinuationToken is not None:
            start = continued(ContinuationToken, "objects")
        else:
            start = after_key(StartAfter.encode()) if StartAfter else b""
        page = self._page(
            Bucket,
            ExpectedBucketOwner,
            start=start,
            prefix=Prefix.encode(),
            delimiter=Delimiter.encode(),
            limit=limit,
        )
        show = partial(listed, encoding=EncodingType)
        owner = canonical_id(ctx.account_id) if FetchOwner else ""
        result = {
            "Name": Bucket,
            "Prefix": show(Prefix),
            "MaxKeys": MaxKeys,
            "KeyCount": len(page.rows) + len(page.prefixes),
            "IsTruncated": page.truncated,
            **_common(page, show, Delimiter, EncodingType, owner),
        }
        if StartAfter:
            result["StartAfter"] = show(StartAfter)
        if ContinuationToken is not None:
            result["ContinuationToken"] = ContinuationToken
        if page.truncated:
            result["NextContinuationToken"] = encode_place("objects", page.following)
        return result

    def _page(self, name: str, owner: str, **how: Any) -> Page[_Listed]:
        def read(connection: sqlite3.Connection) -> Page[_Listed]:
            bucket = self.bucket(connection, name, owner)
            return walk(partial(_seek, connection, bucket, how["prefix"]), **how)

        return self.parts.database.read(read)


def _common(
    page: Page[_Listed], show: Callable[[str], str], delimiter: str, encoding: str, owner: str
) -> dict[str, Any]:
    """The members that both listings have; `owner` is left out if empty."""
    members: dict[str, Any] = shown_prefixes(page.prefixes, show)
    if page.rows:
        owned = {"Owner": {"ID": owner}} if owner else {}
        members["Contents"] = [
            {
                "Key": show(decode_key(row.key)),
                "LastModified": float(row.modified),
                "ETag": f'"{row.etag}"',
                "ChecksumAlgorithm": [row.checksum_algorithm],
                "ChecksumType": row.checksum_type,
                "Size": row.size,
                "StorageClass": row.storage_class,
                **owned,
            }
            for row in page.rows
        ]
    if delimiter:
        members["Delimiter"] = show(delimiter)
    if encoding:
        members["EncodingType"] = encoding
    return members
