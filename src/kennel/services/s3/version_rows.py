"""Versions of objects as stored, and what versioning makes of a put and a delete.

Of the versions of a key one is the latest. Without versioning, and while it is suspended, a put
replaces the version called `null`; with versioning it adds one. A delete without a version id adds
a delete marker, or removes the object where there never was versioning.
"""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from typing import NamedTuple

from kennel.services.s3.bucket_rows import BucketRow, Versioning
from kennel.services.s3.conditions import Stored
from kennel.services.s3.contents import EMPTY, Change, drop_contents
from kennel.services.s3.names import NULL_VERSION, make_version_id

__all__ = [
    "VERSION_COLUMNS",
    "NewVersion",
    "Version",
    "add_delete_marker",
    "add_version",
    "current_version",
    "find_version",
    "latest_version",
    "remove_version",
    "shown_version",
    "stored",
]

VERSION_COLUMNS = (
    "row_id, key, version_id, latest, marker, modified, size, etag, storage_class, "
    "checksum_algorithm, checksum_type, content_id, part_count, properties, tags"
)


class Version(NamedTuple):
    """A row of s3_versions without its list of parts. `modified` is in whole seconds."""

    row_id: int
    key: bytes
    version_id: str
    latest: int
    marker: int
    modified: int
    size: int
    etag: str
    storage_class: str
    checksum_algorithm: str
    checksum_type: str
    content_id: int
    part_count: int
    properties: bytes
    tags: bytes | None


@dataclass(frozen=True, slots=True, kw_only=True)
class NewVersion:
    """What becomes a version, or a delete marker if only the first two are given."""

    key: bytes
    modified: int
    size: int = 0
    etag: str = ""
    storage_class: str = "STANDARD"
    checksum_algorithm: str = ""
    checksum_type: str = ""
    content_id: int = EMPTY
    part_count: int = 0
    upload_id: str | None = None
    properties: bytes = b"{}"
    tags: bytes | None = None
    parts: bytes | None = None


def stored(version: Version | None) -> Stored | None:
    """What conditions are held against."""
    return None if version is None else Stored(version.etag, version.modified)


def latest_version(connection: sqlite3.Connection, bucket_id: int, key: bytes) -> Version | None:
    """The newest version, which may be a delete marker."""
    row = connection.execute(
        f"SELECT {VERSION_COLUMNS} FROM s3_versions WHERE bucket_id = ? AND key = ? "
        "ORDER BY age LIMIT 1",
        (bucket_id, key),
    ).fetchone()
    return None if row is None else Version(*row)


def current_version(connection: sqlite3.Connection, bucket_id: int, key: bytes) -> Version | None:
    """The object under the key: the latest version, or None if that is a delete marker."""
    version = latest_version(connection, bucket_id, key)
    return None if version is None or version.marker else version


def find_version(
    connection: sqlite3.Connection, bucket_id: int, key: bytes, version_id: str
) -> Version | None:
    """The version of that id, which may be a delete marker."""
    # Of "null" there is one a key, so the key's history finds it; other ids have their own index.
    index = "s3_history" if version_id == NULL_VERSION else "s3_version_ids"
    unlike = "" if version_id == NULL_VERSION else "AND version_id != 'null' "
    row = connection.execute(
        f"SELECT {VERSION_COLUMNS} FROM s3_versions INDEXED BY {index} "
        f"WHERE version_id = ? {unlike}AND bucket_id = ? AND key = ?",
        (version_id, bucket_id, key),
    ).fetchone()
    return None if row is None else Version(*row)


def shown_version(bucket: BucketRow, version_id: str) -> dict[str, str]:
    """The VersionId member of an output; absent in a bucket that never had versioning."""
    return {} if bucket.versioning == Versioning.OFF else {"VersionId": version_id}


def add_version(change: Change, bucket: BucketRow, new: NewVersion) -> str:
    """Makes `new` the key's latest version and returns its id."""
    return _add(change, bucket, new, marker=False)


def add_delete_marker(change: Change, bucket: BucketRow, key: bytes, modified: int) -> str:
    """Makes a delete marker the key's latest version and returns its id."""
    return _add(change, bucket, NewVersion(key=key, modified=modified), marker=True)


def _add(change: Change, bucket: BucketRow, new: NewVersion, *, marker: bool) -> str:
    if bucket.versioning == Versioning.ENABLED:
        version_id = make_version_id()
    else:
        version_id = NULL_VERSION
        replaced = find_version(change.connection, bucket.bucket_id, new.key, NULL_VERSION)
        if replaced is not None:
            _forget(change, replaced)
    change.connection.execute(
        "UPDATE s3_versions SET latest = 0 WHERE bucket_id = ? AND key = ? AND latest = 1",
        (bucket.bucket_id, new.key),
    )
    (row_id,) = change.connection.execute(
        "SELECT coalesce(max(row_id), 0) + 1 FROM s3_versions"
    ).fetchone()
    change.connection.execute(
        "INSERT INTO s3_versions VALUES (?, ?, ?, ?, ?, 1, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            row_id,
            bucket.bucket_id,
            new.key,
            -row_id,
            version_id,
            int(marker),
            new.modified,
            new.size,
            new.etag,
            new.storage_class,
            new.checksum_algorithm,
            new.checksum_type,
            new.content_id,
            new.part_count,
            new.upload_id,
            new.properties,
            new.tags,
            new.parts,
        ),
    )
    return version_id


def remove_version(change: Change, bucket: BucketRow, version: Version) -> None:
    """Removes a version for good; the one before it becomes the latest if this was."""
    _forget(change, version)
    if version.latest:
        change.connection.execute(
            "UPDATE s3_versions SET latest = 1 WHERE bucket_id = ?1 AND key = ?2 AND age = "
            "(SELECT min(age) FROM s3_versions WHERE bucket_id = ?1 AND key = ?2)",
            (bucket.bucket_id, version.key),
        )


def _forget(change: Change, version: Version) -> None:
    change.connection.execute("DELETE FROM s3_versions WHERE row_id = ?", (version.row_id,))
    drop_contents(change, [version.content_id])
