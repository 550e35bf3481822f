"""The tokens of CloudWatch Logs: where a list or a stream's reading goes on."""

from __future__ import annotations

import re
from typing import Any, NamedTuple

from kennel.services.logs.errors import InvalidParameterException
from kennel.services.logs.events import Position
from kennel.services.page_token import decode_place

__all__ = ["EventToken", "place_of", "sequence_token"]

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


def place_of(token: str, listing: str, *kinds: type) -> tuple[Any, ...]:
    """Where the token of a list's page goes on. Raises InvalidParameterException."""
    place = decode_place(token, listing, *kinds)
    if place is None:
        raise _invalid()
    return place


def sequence_token(sequence: int) -> str:
    """What PutLogEvents answers; AWS ignores it since 2023 and still sends one."""
    return f"{sequence:056d}"


def _invalid() -> InvalidParameterException:
    return InvalidParameterException("The specified nextToken is invalid.")
