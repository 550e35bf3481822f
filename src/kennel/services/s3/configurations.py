"""Configurations of buckets that are stored and given back: policy, CORS, lifecycle and the like.

They are AWS's structures as the caller sent them, and bookkeeping: bytes lie unencrypted on the
disk, no rule expires an object, no browser is turned away.
"""

from __future__ import annotations

import sqlite3
from datetime import datetime
from enum import StrEnum
from typing import Any

import msgspec

from kennel.services.s3.errors import MissingConfiguration

__all__ = [
    "Kind",
    "delete_configuration",
    "find_configuration",
    "get_configuration",
    "store_configuration",
]


class Kind(StrEnum):
    """What a bucket can be configured with."""

    CORS = "cors"
    ENCRYPTION = "encryption"
    LIFECYCLE = "lifecycle"
    OWNERSHIP = "ownership"
    POLICY = "policy"
    PUBLIC_ACCESS_BLOCK = "public-access-block"
    TAGGING = "tagging"


class NoSuchBucketPolicy(MissingConfiguration):
    """The bucket has no policy."""


class NoSuchCORSConfiguration(MissingConfiguration):
    """The bucket has no CORS configuration."""


class NoSuchLifecycleConfiguration(MissingConfiguration):
    """The bucket has no lifecycle configuration."""


class NoSuchPublicAccessBlockConfiguration(MissingConfiguration):
    """The bucket has no public access block."""


class NoSuchTagSet(MissingConfiguration):
    """The bucket has no tags."""


class OwnershipControlsNotFoundError(MissingConfiguration):
    """The bucket has no ownership controls."""


_MISSING: dict[Kind, tuple[type[MissingConfiguration], str]] = {
    Kind.CORS: (NoSuchCORSConfiguration, "The CORS configuration does not exist"),
    Kind.LIFECYCLE: (
        NoSuchLifecycleConfiguration,
        "The lifecycle configuration does not exist",
    ),
    Kind.OWNERSHIP: (
        OwnershipControlsNotFoundError,
        "The bucket ownership controls were not found",
    ),
    Kind.POLICY: (NoSuchBucketPolicy, "The bucket policy does not exist"),
    Kind.PUBLIC_ACCESS_BLOCK: (
        NoSuchPublicAccessBlockConfiguration,
        "The public access block configuration was not found",
    ),
    Kind.TAGGING: (NoSuchTagSet, "The TagSet does not exist"),
}


def get_configuration(connection: sqlite3.Connection, bucket_id: int, kind: Kind) -> Any:
    """The stored structure, or None."""
    row = connection.execute(
        "SELECT body FROM s3_configurations WHERE bucket_id = ? AND kind = ?", (bucket_id, kind)
    ).fetchone()
    return None if row is None else msgspec.json.decode(row[0])


def find_configuration(
    connection: sqlite3.Connection, bucket_id: int, bucket: str, kind: Kind
) -> Any:
    """The stored structure. Raises the MissingConfiguration of its kind."""
    structure = get_configuration(connection, bucket_id, kind)
    if structure is None:
        error, message = _MISSING[kind]
        raise error(message, BucketName=bucket)
    return structure


def store_configuration(
    connection: sqlite3.Connection, bucket_id: int, kind: Kind, structure: Any
) -> None:
    """Stores a structure, replacing what was there. Datetimes come back as seconds since 1970."""
    connection.execute(
        "INSERT OR REPLACE INTO s3_configurations VALUES (?, ?, ?)",
        (bucket_id, kind, msgspec.json.encode(_plain(structure))),
    )


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.timestamp()
    if isinstance(value, dict):
        return {name: _plain(item) for name, item in value.items()}
    if isinstance(value, list):
        return [_plain(item) for item in value]
    return value


def delete_configuration(connection: sqlite3.Connection, bucket_id: int, kind: Kind) -> None:
    """Removes it, if it is there."""
    connection.execute(
        "DELETE FROM s3_configurations WHERE bucket_id = ? AND kind = ?", (bucket_id, kind)
    )
