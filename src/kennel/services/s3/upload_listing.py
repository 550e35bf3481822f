"""ListMultipartUploads and ListParts."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple

from kennel.services.s3.area import Area
from kennel.services.s3.bucket_rows import BucketRow
from kennel.services.s3.checksums import checksum_members
from kennel.services.s3.listing import (
    Page,
    after_key,
    after_prefix,
    check_listing,
    group_of,
    shown_prefixes,
    walk,
)
from kennel.services.s3.names import canonical_id, decode_key, listed
from kennel.services.s3.upload_rows import PART_COLUMNS, Part, Upload, find_upload

if TYPE_CHECKING:
    from kennel.services.context import Context

__all__ = ["UploadListing"]


class _Listed(NamedTuple):
    """What a listing shows of an upload."""

    key: bytes
    upload_id: str
    started: int
    storage_class: str
    checksum_algorithm: str
    checksum_type: str


_SELECT = f"SELECT {', '.join(_Listed._fields)} FROM s3_uploads INDEXED BY s3_uploads_by_key "


def _seek(
    connection: sqlite3.Connection, bucket: BucketRow, prefix: bytes, position: bytes
) -> Iterator[_Listed]:
    end = after_prefix(prefix)
    rows = connection.execute(
        f"{_SELECT}WHERE bucket_id = ? AND key >= ? "
        f"{'' if end is None else 'AND key < ? '}ORDER BY key, upload_id",
        (bucket.bucket_id, position, *([] if end is None else [end])),
    )
    for row in rows:
        yield _Listed(*row)


def _rest_of_key(
    connection: sqlite3.Connection, bucket: BucketRow, prefix: bytes, key: bytes, upload_id: str
) -> Iterator[_Listed]:
    """The key's uploads after the marker's, then what follows the key."""
    if key.startswith(prefix):
        rows = connection.execute(
            f"{_SELECT}WHERE bucket_id = ? AND key = ? AND upload_id > ? ORDER BY upload_id",
            (bucket.bucket_id, key, upload_id),
        )
        for row in rows:
            yield _Listed(*row)
    yield from _seek(connection, bucket, prefix, max(after_key(key), prefix))


class UploadListing(Area):
    """Uploads in progress, and what has come of one."""

    operations: ClassVar[frozenset[str]] = frozenset({"list_multipart_uploads", "list_parts"})

    def list_multipart_uploads(
        self,
        ctx: Context,
        *,
        Bucket: str,
        Prefix: str = "",
        Delimiter: str = "",
        KeyMarker: str = "",
        UploadIdMarker: str = "",
        MaxUploads: int = 1000,
        EncodingType: str = "",
        RequestPayer: str = "",
        ExpectedBucketOwner: str = "",
    ) -> dict[str, Any]:
        """Uploads in progress by key, then by the time they began."""
        limit = check_listing(MaxUploads, "max-uploads", EncodingType)
        marker, prefix, delimiter = KeyMarker.encode(), Prefix.encode(), Delimiter.encode()

        def read(connection: sqlite3.Connection) -> Page[_Listed]:
            bucket = self.bucket(connection, Bucket, ExpectedBucketOwner)
            rest = None
            if marker and UploadIdMarker:
                rest = _rest_of_key(connection, bucket, prefix, marker, UploadIdMarker)
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
        owner = {"ID": canonical_id(ctx.account_id)}
        result: dict[str, Any] = {
            "Bucket": Bucket,
            "Prefix": show(Prefix),
            "KeyMarker": show(KeyMarker),
            "UploadIdMarker": UploadIdMarker,
            "MaxUploads": MaxUploads,
            "IsTruncated": page.truncated,
            "Uploads": [
                {
                    "Key": show(decode_key(row.key)),
                    "UploadId": row.upload_id,
                    "Initiated": float(row.started),
                    "StorageClass": row.storage_class,
                    "ChecksumAlgorithm": row.checksum_algorithm,
                    "ChecksumType": row.checksum_type,
                    "Owner": owner,
                    "Initiator": owner,
                }
                for row in page.rows
            ],
            **shown_prefixes(page.prefixes, show),
        }
        if Delimiter:
            result["Delimiter"] = show(Delimiter)
        if EncodingType:
            result["EncodingType"] = EncodingType
        if isinstance(page.last, bytes):
            result["NextKeyMarker"] = show(decode_key(page.last))
        elif page.last is not None:
            result["NextKeyMarker"] = show(decode_key(page.last.key))
            result["NextUploadIdMarker"] = page.last.upload_id
        return {name: value for name, value in result.items() if value != []}

    def list_parts(
        self,
        ctx: Context,
        *,
        Bucket: str,
        Key: str,
        UploadId: str,
        MaxParts: int = 1000,
        PartNumberMarker: int = 0,
        RequestPayer: str = "",
        ExpectedBucketOwner: str = "",
    ) -> dict[str, Any]:
        """The parts that have come, by number."""
        limit = check_listing(MaxParts, "max-parts", "")

        def read(connection: sqlite3.Connection) -> tuple[Upload, list[Part]]:
            bucket = self.bucket(connection, Bucket, ExpectedBucketOwner)
            upload = find_upload(connection, bucket, Key, UploadId)
            rows = connection.execute(
                f"SELECT {PART_COLUMNS} FROM s3_parts WHERE upload_id = ? AND number > ? "
                "ORDER BY number LIMIT ?",
                (UploadId, PartNumberMarker, limit + 1),
            )
            return upload, [Part(*row) for row in rows]

        upload, found = self.parts.database.read(read)
        shown = found[:limit]
        owner = {"ID": canonical_id(ctx.account_id)}
        result: dict[str, Any] = {
            "Bucket": Bucket,
            "Key": Key,
            "UploadId": UploadId,
            "PartNumberMarker": PartNumberMarker,
            "NextPartNumberMarker": shown[-1].number if shown else 0,
            "MaxParts": MaxParts,
            "IsTruncated": len(found) > limit > 0,
            "StorageClass": upload.storage_class,
            "ChecksumAlgorithm": upload.checksum_algorithm,
            "ChecksumType": upload.checksum_type,
            "Owner": owner,
            "Initiator": owner,
        }
        if shown:
            result["Parts"] = [_part(part, upload.checksum_algorithm) for part in shown]
        return result


def _part(part: Part, algorithm: str) -> dict[str, Any]:
    return {
        "PartNumber": part.number,
        "LastModified": float(part.modified),
        "ETag": f'"{part.etag}"',
        "Size": part.size,
        **checksum_members(algorithm, part.checksum),
    }
