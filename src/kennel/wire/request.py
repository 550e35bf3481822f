"""An HTTP request as the wire reads it."""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from urllib.parse import parse_qsl

__all__ = ["HttpRequest", "HttpResponse"]

_UNPACKED_LIMIT = 8 << 20  # AWS takes 1 MB


@dataclass(frozen=True)
class HttpRequest:
    """One request. `path` and `query` are as they were sent, still percent-encoded; header names
    are in lower case, a repeated header's values joined by "," as signatures have them. `body` is
    empty where the operation streams its body."""

    method: str
    path: str
    query: str
    headers: Mapping[str, str]
    body: bytes = b""
    secure: bool = False
    client: str = ""

    @property
    def host(self) -> str:
        """The Host header, or an empty string."""
        return self.headers.get("host", "")

    @cached_property
    def content(self) -> bytes:
        """The body without the gzip that clients put on large bodies of a few operations
        (CloudWatch's PutMetricData); the body itself if it is not, or unpacks to too much."""
        if self.headers.get("content-encoding") != "gzip":
            return self.body
        unpacker = zlib.decompressobj(wbits=zlib.MAX_WBITS | 16)
        try:
            content = unpacker.decompress(self.body, _UNPACKED_LIMIT)
        except zlib.error:
            return self.body
        return content if unpacker.eof else self.body

    @cached_property
    def query_pairs(self) -> list[tuple[str, str]]:
        """The query's names and values, decoded, in order, blank values kept."""
        return parse_qsl(self.query, keep_blank_values=True)

    @cached_property
    def query_values(self) -> dict[str, str]:
        """The query by name; the last value of a repeated name."""
        return dict(self.query_pairs)


@dataclass(slots=True)
class HttpResponse:
    """A reply whose body is in memory."""

    status: int
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""
