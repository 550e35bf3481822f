"""The canonical form of a request, as both ends of Signature Version 4 compute it.

Source: "Create a signed AWS API request" in the IAM user guide, and for S3 "Signature Calculations
for the Authorization Header". Text from HTTP is Latin-1: one character, one byte.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from urllib.parse import quote, unquote_to_bytes

__all__ = ["canonical_headers", "canonical_path", "canonical_query", "wire_bytes"]

_PLAIN_PATH = re.compile(r"[A-Za-z0-9\-._~/]*")
_PLAIN = re.compile(r"[A-Za-z0-9\-._~]*")


def wire_bytes(text: str) -> bytes:
    """The bytes that a text from HTTP stands for."""
    try:
        return text.encode("latin-1")
    except UnicodeEncodeError:  # made by a program, not read from HTTP
        return text.encode()


def canonical_path(path: str, *, s3: bool) -> str:
    """S3: the path, each byte percent-encoded once, slashes and dots untouched.

    Others: dot segments and repeated slashes removed, and what was sent percent-encoded once more.
    """
    plain = _PLAIN_PATH.fullmatch(path) is not None
    if s3:
        return path if plain else quote(unquote_to_bytes(wire_bytes(path)), safe="/~")
    if "//" in path or "/." in path:
        path = _without_dot_segments(path)
    return (path if plain else quote(wire_bytes(path), safe="/~")) or "/"


def canonical_query(query: str, leave_out: str = "") -> str:
    """Names and values encoded strictly and sorted. `leave_out` is the signature's own name."""
    if not query:
        return ""
    pairs = []
    for pair in query.split("&"):
        if not pair:
            continue
        name, _, value = pair.partition("=")
        name = _strict(name)
        if name != leave_out:
            pairs.append((name, _strict(value)))
    pairs.sort()
    return "&".join([f"{name}={value}" for name, value in pairs])


def canonical_headers(headers: Mapping[str, str], names: Iterable[str]) -> str:
    """One line for each name, runs of blanks folded to one space."""
    return "".join([f"{name}:{_folded(headers.get(name, ''))}\n" for name in names])


def _folded(value: str) -> str:
    if "  " in value or "\t" in value or value[:1] == " " or value[-1:] == " ":
        # Bytes, because str.split also splits at U+00A0, which is half of a UTF-8 letter here.
        return b" ".join(wire_bytes(value).split()).decode("latin-1")
    return value


def _strict(text: str) -> str:
    if _PLAIN.fullmatch(text):
        return text
    return quote(unquote_to_bytes(wire_bytes(text.replace("+", " "))), safe="~")


def _without_dot_segments(path: str) -> str:
    kept: list[str] = []
    for segment in path.split("/"):
        if segment == "..":
            del kept[-1:]
        elif segment not in ("", "."):
            kept.append(segment)
    # AWS keeps the slash at the end only where the path as sent ends with one.
    return "/" + "/".join(kept) + ("/" if kept and path.endswith("/") else "")
