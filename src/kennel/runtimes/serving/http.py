"""HTTP/1.1 as an instance needs it: heads parsed by hand, replies put together.

httptools would need a callback for every header; for the six that a request has, splitting text
takes a third of the time.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from http import HTTPStatus

__all__ = ["MAX_HEAD", "BadRequest", "Head", "Response", "parse_head", "render_head"]

MAX_HEAD = 64 * 1024

_REASONS = {status.value: status.phrase for status in HTTPStatus}
# Anything else in a header's name or value could end the header early.
_UNSAFE = {ord(char): " " for char in "\r\n\0"}


class BadRequest(Exception):
    """What came is not a request that can be answered; the connection ends with `status`."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


@dataclass(slots=True)
class Head:
    """A request's first line and headers; header names in lower case. `length` is the body's."""

    method: str
    path: str
    headers: dict[str, str]
    length: int
    keep_alive: bool
    expects_continue: bool


@dataclass(slots=True)
class Response:
    """`headers` must not repeat Content-Type, Content-Length and Connection."""

    status: int
    body: bytes | bytearray = b""
    content_type: str = "text/plain; charset=utf-8"
    headers: Mapping[str, str] = field(default_factory=dict)


def parse_head(head: bytes | bytearray, max_body: int) -> Head:
    """Parses everything before the empty line. Raises BadRequest."""
    lines = head.decode("latin-1").split("\r\n")
    parts = lines[0].split(" ")
    if len(parts) != 3 or not parts[2].startswith("HTTP/1.") or not parts[1].startswith("/"):
        raise BadRequest(400, "The first line is not that of an HTTP/1.1 request.")
    headers: dict[str, str] = {}
    for line in lines[1:]:
        name, colon, value = line.partition(":")
        if not colon or not name or not name.isascii() or name != name.strip():
            raise BadRequest(400, "A header is malformed.")
        name = name.lower()
        headers[name] = f"{headers[name]}, {value.strip()}" if name in headers else value.strip()
    if "transfer-encoding" in headers:
        raise BadRequest(411, "A chunked body is not taken: send Content-Length.")
    length = headers.get("content-length", "0")
    if not (length.isascii() and length.isdigit()) or len(length) > 15:
        raise BadRequest(400, "Content-Length is not a number.")
    if int(length) > max_body:
        raise BadRequest(413, f"The body is larger than {max_body:,} bytes.")
    connection = headers.get("connection", "").lower()
    return Head(
        method=parts[0],
        path=parts[1].partition("?")[0],
        headers=headers,
        length=int(length),
        keep_alive=parts[2] != "HTTP/1.0" and connection != "close",
        expects_continue=headers.get("expect", "").lower() == "100-continue",
    )


def render_head(response: Response, keep_alive: bool) -> bytes:
    """The reply's head with the empty line behind it."""
    lines = [
        f"HTTP/1.1 {response.status} {_REASONS.get(response.status, 'Unknown')}",
        f"Content-Type: {response.content_type.translate(_UNSAFE)}",
        f"Content-Length: {len(response.body)}",
    ]
    for name, value in response.headers.items():
        lines.append(f"{name.translate(_UNSAFE)}: {value.translate(_UNSAFE)}")
    if not keep_alive:
        lines.append("Connection: close")
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1", "replace")
