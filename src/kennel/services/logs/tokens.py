"""Pagination tokens. Clients must treat them as opaque; ours say where to go on, and no more."""

from __future__ import annotations

import base64
import binascii
import re
from typing import Any, NamedTuple

import msgspec

from kennel.services.logs.errors import InvalidParameterException
from kennel.services.logs.events import Position

__all__ = ["EventToken", "decode", "encode", "sequence_token"]

_EVENT_TOKEN = re.compile(r"([fb])/(\d{20})(\d{36})/s")
_MAX = 2**63 - 1


class EventToken(NamedTuple):
    """GetLogEvents' token, written like AWS's: `f/` and 56 digits to go on after a position,
    `b/` to go back from it."""

    forward: bool
    position: Position

    def __str__(self) -> str:
        timestamp, sequence = self.position
        return f"{'f' if self.forward else 'b'}/{timestamp:020d}{sequence:036d}/s"

    @classmethod
    def parse(cls, token: str) -> EventToken:
        """Raises InvalidParameterException."""
        match = _EVENT_TOKEN.fullmatch(token)
        if match is None:
            raise _invalid()
        timestamp, sequence = int(match[2]), int(match[3])
        if max(timestamp, sequence) > _MAX:
            raise _invalid()
        return cls(match[1] == "f", Position(timestamp, sequence))


def encode(*values: Any) -> str:
    """A token that holds some plain values."""
    return base64.urlsafe_b64encode(msgspec.msgpack.encode(values)).decode()


def decode(token: str, *kinds: type) -> tuple[Any, ...]:
    """What `encode` was given, checked against its types. Raises InvalidParameterException."""
    try:
        raw = base64.b64decode(token, altchars=b"-_", validate=True)
        values = msgspec.msgpack.decode(raw, type=list[Any])
    except (binascii.Error, msgspec.DecodeError, ValueError):
        raise _invalid() from None
    if [type(value) for value in values] != list(kinds):
        raise _invalid()
    return tuple(values)


def sequence_token(sequence: int) -> str:
    """What PutLogEvents answers; AWS ignores it since 2023 and still sends one."""
    return f"{sequence:056d}"


def _invalid() -> InvalidParameterException:
    return InvalidParameterException("The specified nextToken is invalid.")
