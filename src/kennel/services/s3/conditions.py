"""Conditional requests: pure functions of what is asked and what is stored."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from kennel.services.s3.errors import (
    NoSuchKey,
    NotImplementedByS3,
    NotModified,
    PreconditionFailed,
)

__all__ = ["ReadConditions", "Stored", "check_copy", "check_read", "check_write"]


class Stored(NamedTuple):
    """What a condition is held against. `modified` is in whole seconds since the epoch."""

    etag: str
    modified: int


class ReadConditions(NamedTuple):
    """If-Match, If-None-Match, If-Modified-Since and If-Unmodified-Since; None where absent."""

    match: str | None = None
    none_match: str | None = None
    modified_since: datetime | None = None
    unmodified_since: datetime | None = None


def check_read(conditions: ReadConditions, stored: Stored) -> None:
    """Raises PreconditionFailed or NotModified, in RFC 9110's order of precedence."""
    failed = _failed(conditions, stored)
    if failed in ("If-Match", "If-Unmodified-Since"):
        raise _precondition_failed(failed)
    if failed:
        raise NotModified("Not Modified", headers={"ETag": f'"{stored.etag}"'})


def check_copy(conditions: ReadConditions, stored: Stored) -> None:
    """Like `check_read` for a copy's source, where every failure is PreconditionFailed."""
    failed = _failed(conditions, stored)
    if failed:
        raise _precondition_failed(f"x-amz-copy-source-{failed}")


def check_write(match: str, none_match: str, stored: Stored | None, key: str) -> None:
    """A conditional write or delete against the current object (None if there is none).

    Raises PreconditionFailed, NoSuchKey for If-Match on nothing, NotImplemented for what S3 does
    not do either (If-None-Match other than `*`).
    """
    if none_match:
        if none_match != "*":
            raise NotImplementedByS3(
                "A header you provided implies functionality that is not implemented",
                Header="If-None-Match",
            )
        if stored is not None:
            raise _precondition_failed("If-None-Match")
    if match:
        if stored is None:
            raise NoSuchKey("The specified key does not exist.", Key=key)
        if not _matches(match, stored.etag):
            raise _precondition_failed("If-Match")


def _failed(conditions: ReadConditions, stored: Stored) -> str:
    """The header that does not hold; empty if all do. A matching ETag outweighs the dates."""
    match, none_match, modified_since, unmodified_since = conditions
    if match is not None and not _matches(match, stored.etag):
        return "If-Match"
    if match is None and unmodified_since and stored.modified > unmodified_since.timestamp():
        return "If-Unmodified-Since"
    if none_match is not None and _matches(none_match, stored.etag):
        return "If-None-Match"
    if none_match is None and modified_since and stored.modified <= modified_since.timestamp():
        return "If-Modified-Since"
    return ""


def _matches(header: str, etag: str) -> bool:
    wanted = [item.strip().removeprefix("W/").strip('"') for item in header.split(",")]
    return "*" in wanted or etag in wanted


def _precondition_failed(condition: str) -> PreconditionFailed:
    return PreconditionFailed(
        "At least one of the pre-conditions you specified did not hold", Condition=condition
    )
