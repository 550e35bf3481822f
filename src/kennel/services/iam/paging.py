"""IAM's lists, one page at a time."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Iterable
from typing import Any, TypeVar

from kennel.services.iam.errors import ValidationError

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
        last = _place_in(marker)
        ordered = [item for item in ordered if place(item) > last]
    limit = max_items or _DEFAULT_ITEMS
    chosen = ordered[:limit]
    reply: dict[str, Any] = {
        member: [shown(item) for item in chosen],
        "IsTruncated": len(ordered) > limit,
    }
    if reply["IsTruncated"]:
        reply["Marker"] = base64.urlsafe_b64encode(place(chosen[-1]).encode()).decode()
    return reply


def _place_in(marker: str) -> str:
    try:
        return base64.b64decode(marker.encode(), altchars=b"-_", validate=True).decode()
    except (binascii.Error, UnicodeError) as error:
        raise ValidationError(f"Invalid Marker: {marker}") from error
