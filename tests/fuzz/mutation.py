"""Inputs that are nearly right: a seed, changed in a few places.

What gets past a parser and then breaks what is behind it is mostly a valid input with one value of
another kind. So tokens are exchanged for odd ones as often as bytes are changed.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from random import Random

__all__ = ["Change", "apply", "changes_by"]

_TOKEN = re.compile(
    rb'"(?:[^"\\]|\\.)*"|[A-Za-z_][\w.-]*|-?\d+(?:\.\d+)?|[{\[][^{}\[\]]*[}\]]|%[0-9A-Fa-f]{2}|<[^>]*>'
)
_DEEP = 3000

_ODD = (
    b"",
    b"null",
    b"true",
    b"false",
    b'""',
    b"{}",
    b"[]",
    b"[null]",
    b"[{}]",
    b'{"":null}',
    b"0",
    b"-1",
    b"1.5",
    b"-0.0",
    b"1e400",
    b"NaN",
    b"-Infinity",
    b"9" * 30,
    b"9" * 5000,
    b"9223372036854775808",
    b"-2147483649",
    b'"\\u0000"',
    b'"\\ud800"',
    b'"\\u0130\\u017f"',
    b'"' + b"a" * 5000 + b'"',
    b"[" * _DEEP + b"]" * _DEEP,
    b'{"a":' * _DEEP + b"1" + b"}" * _DEEP,
    b"<a>" * _DEEP + b"</a>" * _DEEP,
    b'<!DOCTYPE a [<!ENTITY b "cc"><!ENTITY c "&b;&b;">]>',
    b"&c;",
    b"&#0;",
    b"]]>",
    b"<!--",
    b"%",
    b"%00",
    b"%ff",
    b"%2F..%2F",
    b"/../",
    b"//",
    b"..",
    b"&",
    b"=",
    b"+",
    b";",
    b":",
    b",",
    b"*",
    b"?",
    b"${",
    b"${aws:username}",
    b"\x00",
    b"\xff\xfe",
    b"\xc3",
    b"\xed\xa0\x80",
    b"\r\n",
    b"\n",
    b"\n\n",
    b" ",
    b"\t",
    b"arn:aws:iam::000000000000:root",
    b"arn:aws:s3:::*",
    b"2038-01-19T03:14:08Z",
    b"0001-01-01T00:00:00Z",
    b"99999-99-99",
    b"bytes=0-,-1",
    b"AWS4-HMAC-SHA256",
    b"chunked",
    b"gzip",
    b"\x1f\x8b",
    b"\x9f",
    b"\xbf",
    b"\xc1\x20",
    b"\xfb\x7f\xf0\x00\x00\x00\x00\x00\x00",
)

_KINDS = (
    "token",
    "token",
    "token",
    "exchange",
    "insert",
    "flip",
    "cut",
    "copy",
    "number",
    "splice",
)
Change = tuple[str, int, int]
"""What to do, where, and with what."""

_MOST_CHANGES = 5


def changes_by(chance: Random) -> list[Change]:
    """Up to five changes."""
    return [
        (chance.choice(_KINDS), chance.randrange(1 << 20), chance.randrange(1 << 20))
        for _ in range(chance.randrange(_MOST_CHANGES + 1))
    ]


def apply(seeds: Sequence[bytes], number: int, changes: Sequence[Change]) -> bytes:
    """The seed of that number with these changes."""
    data = seeds[number]
    for kind, where, what in changes:
        data = _changed(data, seeds, kind, where, what)
    return data


def _changed(data: bytes, seeds: Sequence[bytes], kind: str, where: int, what: int) -> bytes:
    at = where % (len(data) + 1)
    match kind:
        case "token" | "exchange" | "number":
            spots = _spots(data)
            if not spots:
                return data
            start, end = spots[where % len(spots)]
            if kind == "token":
                new = _ODD[what % len(_ODD)]
            elif kind == "exchange":
                from_start, from_end = spots[what % len(spots)]
                new = data[from_start:from_end]
            else:
                new = b"%d" % (what - 2**19)
            return data[:start] + new + data[end:]
        case "insert":
            return data[:at] + _ODD[what % len(_ODD)] + data[at:]
        case "flip":
            if at == len(data):
                return data + bytes([what % 256])
            return data[:at] + bytes([data[at] ^ (what % 255 + 1)]) + data[at + 1 :]
        case "cut":
            return data[:at] + data[at + 1 + what % 64 :]
        case "copy":
            piece = data[at : at + 1 + what % 256]
            return data[:at] + piece * (1 + what % 3) + data[at:]
    other = seeds[what % len(seeds)]
    return data[:at] + other[where % (len(other) + 1) :]


@lru_cache(maxsize=512)
def _spots(data: bytes) -> list[tuple[int, int]]:
    return [match.span() for match in _TOKEN.finditer(data[:100_000])]
