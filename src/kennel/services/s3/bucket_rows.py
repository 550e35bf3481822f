"""Buckets as stored."""

from __future__ import annotations

import sqlite3
from enum import StrEnum
from typing import NamedTuple

from kennel.services.s3.errors import AccessDenied, NoSuchBucket

__all__ = ["BucketRow", "Versioning", "check_owner", "find_bucket", "get_bucket"]


class Versioning(StrEnum):
    """A bucket's versioning. Once enabled it can be suspended, never be off again."""

    OFF = ""
    ENABLED = "Enabled"
    SUSPENDED = "Suspended"


class BucketRow(NamedTuple):
    """A row of s3_buckets; `created` in whole seconds since the epoch."""

    bucket_id: int
    name: str
    region: str
    created: int
    versioning: str


def get_bucket(connection: sqlite3.Connection, name: str) -> BucketRow | None:
    """The bucket, or None."""
    row = connection.execute(
        "SELECT bucket_id, name, region, created, versioning FROM s3_buckets WHERE name = ?",
        (name,),
    ).fetchone()
    return None if row is None else BucketRow(*row)


def find_bucket(connection: sqlite3.Connection, name: str) -> BucketRow:
    """The bucket. Raises NoSuchBucket."""
    bucket = get_bucket(connection, name)
    if bucket is None:
        raise NoSuchBucket("The specified bucket does not exist", BucketName=name)
    return bucket


def check_owner(expected: str, account_id: str) -> None:
    """Holds ExpectedBucketOwner (empty: not asked) against the account. Raises AccessDenied."""
    if expected and expected != account_id:
        raise AccessDenied("Access Denied")
