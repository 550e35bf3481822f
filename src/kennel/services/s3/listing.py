"""Walking an index in key order, with a prefix, a delimiter and a limit.

A common prefix is skipped by one seek past everything under it, so a listing of ten folders costs
ten seeks however many keys are in them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, Generic, Protocol, TypeVar

from kennel.services.page_token import decode_place
from kennel.services.s3.errors import InvalidArgument

__all__ = [
    "LIMIT",
    "Keyed",
    "Page",
    "after_key",
    "after_prefix",
    "check_listing",
    "continued",
    "group_of",
    "shown_prefixes",
    "walk",
]

LIMIT = 1000
"""The most entries of one page, whatever the caller asks for."""


class Keyed(Protocol):
    """A row with a key."""

    @property
    def key(self) -> bytes: ...


R = TypeVar("R", bound=Keyed)


@dataclass(slots=True)
class Page(Generic[R]):
    """One page of a listing: rows and common prefixes, each in order.

    `last` is the page's last entry, `following` the first key of what comes after it; both only
    if the page is truncated.
    """

    rows: list[R] = field(default_factory=list)
    prefixes: list[bytes] = field(default_factory=list)
    truncated: bool = False
    last: R | bytes | None = None
    following: bytes = b""


def after_key(key: bytes) -> bytes:
    """The smallest key above `key`."""
    return key + b"\x00"


def after_prefix(prefix: bytes) -> bytes | None:
    """The smallest key above all that start with `prefix`; None if there is none."""
    for length in range(len(prefix), 0, -1):
        if prefix[length - 1] < 0xFF:
            return prefix[: length - 1] + bytes([prefix[length - 1] + 1])
    return None


def group_of(key: bytes, prefix: bytes, delimiter: bytes) -> bytes | None:
    """The common prefix that `key` is rolled up into, or None if it is listed itself."""
    if not delimiter or not key.startswith(prefix):
        return None
    found = key.find(delimiter, len(prefix))
    return None if found < 0 else key[: found + len(delimiter)]


def walk(
    seek: Callable[[bytes], Iterator[R]],
    *,
    rows: Iterator[R] | None = None,
    start: bytes,
    prefix: bytes,
    delimiter: bytes,
    limit: int,
    skip_group: bytes | None = None,
) -> Page[R]:
    """A page of at most `limit` entries from key `start` on.

    `seek(key)` yields the rows that start with `prefix`, from `key` on, in order. `rows`, if given,
    is what to begin with instead of `seek(start)` (in the middle of a key's versions, say).
    `skip_group` is a common prefix that an earlier page has shown already.
    """
    page: Page[R] = Page()
    last: R | bytes | None = None
    position: bytes | None = max(start, prefix)
    if limit <= 0:
        return page
    if skip_group is not None:
        position, rows = after_prefix(skip_group), None
    while position is not None:
        group = None
        for row in seek(position) if rows is None else rows:
            group = group_of(row.key, prefix, delimiter)
            if len(page.rows) + len(page.prefixes) == limit:
                page.truncated, page.last, page.following = True, last, row.key
                return page
            if group is not None:
                break
            page.rows.append(row)
            last = row
        rows = None
        if group is None:
            return page
        page.prefixes.append(group)
        last = group
        position = after_prefix(group)
    return page


def check_listing(limit: int, name: str, encoding: str) -> int:
    """The page's size for a requested one. Raises InvalidArgument."""
    if limit < 0 or limit > 2**31 - 1:
        raise InvalidArgument(
            f"Argument {name} must be an integer between 0 and 2147483647",
            ArgumentName=name,
            ArgumentValue=str(limit),
        )
    if encoding not in ("", "url"):
        raise InvalidArgument(
            "Invalid Encoding Method specified in Request",
            ArgumentName="encoding-type",
            ArgumentValue=encoding,
        )
    return min(limit, LIMIT)


def continued(token: str, listing: str) -> bytes:
    """The name that a continuation token of `encode_place` holds. Raises InvalidArgument."""
    place = decode_place(token, listing, bytes)
    if place is None:
        raise InvalidArgument(
            "The continuation token provided is incorrect",
            ArgumentName="continuation-token",
            ArgumentValue=token,
        )
    return bytes(place[0])


def shown_prefixes(prefixes: list[bytes], show: Callable[[str], str]) -> dict[str, Any]:
    """The CommonPrefixes member, absent if there are none."""
    if not prefixes:
        return {}
    return {"CommonPrefixes": [{"Prefix": show(prefix.decode())} for prefix in prefixes]}
