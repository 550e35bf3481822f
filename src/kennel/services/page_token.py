"""Pagination tokens: opaque to clients, they say of which list they are and where it goes on.

What a list's next page begins with is a place (the last item's sort key), not a count, so that
what is made or deleted between two pages shifts nothing.
"""

from __future__ import annotations

import base64
import binascii
from typing import Any

import msgspec

__all__ = ["decode_place", "encode_place"]


def encode_place(listing: str, *place: Any) -> str:
    """The token of a place in a list; `place` is plain values, not nested."""
    return base64.urlsafe_b64encode(msgspec.msgpack.encode((listing, *place))).decode()


def decode_place(token: str, listing: str, *kinds: type) -> tuple[Any, ...] | None:
    """The place that `encode_place` was given for this list, each value of its type; None for a
    token that no page of such a list came with."""
    try:
        raw = base64.b64decode(token, altchars=b"-_", validate=True)
        values = msgspec.msgpack.decode(raw, type=list[Any])
    except (binascii.Error, msgspec.DecodeError, ValueError):
        return None
    if values[:1] != [listing] or [type(value) for value in values[1:]] != list(kinds):
        return None
    return tuple(values[1:])
