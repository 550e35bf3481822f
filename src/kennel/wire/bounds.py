"""Bounds of what a request's body may be made of, beside its size.

AWS has such bounds too and states none of them. These lie far above what any operation needs.
"""

from __future__ import annotations

import re
from xml.etree.ElementTree import ParseError

__all__ = ["MOST_PARAMETERS", "check_json_depth", "check_xml"]

MOST_PARAMETERS = 200_000
"""Names and values of a form. A full PutMetricData of the query protocol has some 150,000."""

_DEEPEST = 100
_STRING = re.compile(rb'"(?:[^"\\]|\\.)*+"?', re.DOTALL)


def check_json_depth(body: bytes) -> None:
    """Raises ValueError for lists and objects more than 100 deep: what is kept of them is read
    again, by code that must not run out of stack."""
    if body.count(b"[") + body.count(b"{") <= _DEEPEST:
        return
    depth = 0
    for bracket in re.findall(rb"[\[\]{}]", _STRING.sub(b"", body)):
        depth += 1 if bracket in b"[{" else -1
        if depth > _DEEPEST:
            raise ValueError(f"the body nests more than {_DEEPEST} deep")


def check_xml(body: bytes) -> None:
    """Raises ParseError for a document type: its entities can stand for gigabytes. So does a body
    that is not of one byte a letter, in which it could hide."""
    if b"<!DOCTYPE" in body or body[:2] in (b"\xfe\xff", b"\xff\xfe") or b"\0" in body:
        raise ParseError("a document type, or not UTF-8")
