"""Pagination tokens: opaque to clients, they say where to go on."""

from __future__ import annotations

import base64
import binascii
from typing import Any

import msgspec

from kennel.services.cloudwatch.errors import InvalidNextToken

__all__ = ["decode", "encode"]


def encode(*values: Any) -> str:
    """A token that holds some plain values."""
    return base64.urlsafe_b64encode(msgspec.msgpack.encode(values)).decode()


def decode(token: str, *kinds: type) -> tuple[Any, ...]:
    """What `encode` was given, checked against its types. Raises InvalidNextToken."""
    try:
        raw = base64.b64decode(token, altchars=b"-_", validate=True)
        values = msgspec.msgpack.decode(raw, type=list[Any])
    except (binascii.Error, msgspec.DecodeError, ValueError):
        values = []
    if not values or [type(value) for value in values] != list(kinds):
        raise InvalidNextToken("The specified NextToken is invalid.")
    return tuple(values)
