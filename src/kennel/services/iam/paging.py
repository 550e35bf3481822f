"""IAM's lists, one page at a time."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, TypeVar

from kennel.services.iam.errors import ValidationError
from kennel.services.page_token import decode_place, encode_place

__all__ = ["page"]

T = TypeVar("T")

_DEFAULT_ITEMS = 100


def page(
    member: str,
    items: Iterable[T],
    place: Callable[[T], str],
    shown: Callable[[T], Any],
    marker: str | None,
    max_items: int | None,
) -> dict[str, Any]:
    """`{member: […], "IsTruncated": …, "Marker": …}`.

    Items are ordered by `place`, and the marker holds the last one's place, so that what is made
    or deleted between two pages shifts nothing. Raises ValidationError for a marker of no list's.
    """
    ordered = sorted(items, key=place)
    if marker is not None:
        last = decode_place(marker, member, str)
        if last is None:
            raise ValidationError(f"Invalid Marker: {marker}")
        ordered = [item for item in ordered if place(item) > last[0]]
    limit = max_items or _DEFAULT_ITEMS
    chosen = ordered[:limit]
    reply: dict[str, Any] = {
        member: [shown(item) for item in chosen],
        "IsTruncated": len(ordered) > limit,
    }
    if reply["IsTruncated"]:
        reply["Marker"] = encode_place(member, place(chosen[-1]))
    return reply
