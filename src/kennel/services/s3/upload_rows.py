"""Multipart uploads and their parts, as stored."""

from __future__ import annotations

import sqlite3
from typing import NamedTuple

from kennel.services.s3.bucket_rows import BucketRow
from kennel.services.s3.contents import Change, drop_contents, store_pieces
from kennel.services.s3.errors import InvalidArgument, NoSuchUpload
from kennel.services.s3.names import encode_key
from kennel.store import Piece

__all__ = [
    "PART_COLUMNS",
    "Part",
    "Upload",
    "check_part_number",
    "find_upload",
    "forget_upload",
    "parts_of",
    "put_part",
]

_PART_NUMBER_LIMIT = 10_000

PART_COLUMNS = "number, etag, size, modified, checksum, content_id"


class Upload(NamedTuple):
    """A row of s3_uploads; `started` in whole seconds since the epoch."""

    upload_id: str
    key: bytes
    started: int
    storage_class: str
    checksum_algorithm: str
    checksum_type: str
    properties: bytes
    tags: bytes | None


class Part(NamedTuple):
    """A row of s3_parts; `checksum` in base64, `modified` in whole seconds since the epoch."""

    number: int
    etag: str
    size: int
    modified: int
    checksum: str
    content_id: int


def check_part_number(number: int) -> None:
    """Raises InvalidArgument outside of 1 to 10,000."""
    if not 1 <= number <= _PART_NUMBER_LIMIT:
        raise InvalidArgument(
            f"Part number must be an integer between 1 and {_PART_NUMBER_LIMIT}, inclusive",
            ArgumentName="partNumber",
            ArgumentValue=str(number),
        )


def find_upload(
    connection: sqlite3.Connection, bucket: BucketRow, key: str, upload_id: str
) -> Upload:
    """The upload in progress. Raises NoSuchUpload."""
    row = connection.execute(
        f"SELECT {', '.join(Upload._fields)} FROM s3_uploads "
        "WHERE upload_id = ? AND bucket_id = ? AND key = ?",
        (upload_id, bucket.bucket_id, encode_key(key)),
    ).fetchone()
    if row is None:
        raise NoSuchUpload(
            "The specified upload does not exist. The upload ID may be invalid, or the upload may "
            "have been aborted or completed.",
            UploadId=upload_id,
        )
    return Upload(*row)


def parts_of(connection: sqlite3.Connection, upload_id: str) -> dict[int, Part]:
    """The uploaded parts by number, ascending."""
    rows = connection.execute(
        f"SELECT {PART_COLUMNS} FROM s3_parts WHERE upload_id = ? ORDER BY number", (upload_id,)
    )
    return {row[0]: Part(*row) for row in rows}


def put_part(change: Change, upload: Upload, part: Part, pieces: list[Piece]) -> None:
    """Stores a part (its `content_id` is set here), replacing one of the same number."""
    old = change.connection.execute(
        "SELECT content_id FROM s3_parts WHERE upload_id = ? AND number = ?",
        (upload.upload_id, part.number),
    ).fetchone()
    content_id = store_pieces(change, pieces)
    change.connection.execute(
        "INSERT OR REPLACE INTO s3_parts VALUES (?, ?, ?, ?, ?, ?, ?)",
        (upload.upload_id, *part._replace(content_id=content_id)),
    )
    if old is not None:
        drop_contents(change, [old[0]])


def forget_upload(change: Change, upload_id: str) -> None:
    """Removes the upload and its parts with their contents."""
    contents = [part.content_id for part in parts_of(change.connection, upload_id).values()]
    drop_contents(change, contents)
    for table in ("s3_parts", "s3_uploads"):
        change.connection.execute(f"DELETE FROM {table} WHERE upload_id = ?", (upload_id,))
