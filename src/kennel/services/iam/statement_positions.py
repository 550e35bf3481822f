"""Where the statements of a policy's text stand, as the policy simulator counts it."""

from __future__ import annotations

import re
from json import JSONDecoder

__all__ = ["statement_positions"]

_BLANK = re.compile(r"[ \t\n\r]*")
_DECODER = JSONDecoder()

# [O] Columns count from 1 and are those behind the character where a statement begins and ends.
_BEHIND = 2


def statement_positions(text: str) -> list[tuple[dict[str, int], dict[str, int]]]:
    """Line and column of each statement's beginning and end. `text` is a policy that was read.

    [O] A statement begins at what comes before it: the list's bracket or the statement before. One
    that stands without a list begins at its own brace.
    """
    place = _statements(text)
    if text[place] != "[":
        return [(_position(text, place), _position(text, _DECODER.raw_decode(text, place)[1] - 1))]
    found = []
    begin, place = place, _skip(text, place + 1)
    while text[place] != "]":
        end = _DECODER.raw_decode(text, place)[1]
        found.append((_position(text, begin), _position(text, end - 1)))
        begin, place = end - 1, _skip(text, end)
        if text[place] == ",":
            place = _skip(text, place + 1)
    return found


def _skip(text: str, place: int) -> int:
    blank = _BLANK.match(text, place)
    return place if blank is None else blank.end()


def _statements(text: str) -> int:
    """Where the value of Statement begins."""
    place = _skip(text, text.index("{") + 1)
    while True:
        key, place = _DECODER.raw_decode(text, place)
        place = _skip(text, _skip(text, place) + 1)  # over the colon
        if key == "Statement":
            return place
        _, place = _DECODER.raw_decode(text, place)
        place = _skip(text, _skip(text, place) + 1)  # over the comma


def _position(text: str, place: int) -> dict[str, int]:
    before = text[:place]
    line_start = before.rfind("\n") + 1
    return {"Line": before.count("\n") + 1, "Column": place - line_start + _BEHIND}
