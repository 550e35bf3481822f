"""The head of a request that a proxy gets."""

from __future__ import annotations

import re
from dataclasses import dataclass

__all__ = ["HEAD_LIMIT", "BadHead", "ProxyRequest", "is_for_a_proxy", "read_head"]

HEAD_LIMIT = 64 << 10  # bytes; uvicorn's own limit for a head

_LINE = re.compile(rb"([A-Z]+) (\S+) HTTP/1\.([01])")
_AUTHORITY = re.compile(r"(\[[0-9a-fA-F:.]+\]|[A-Za-z0-9._-]+)(?::(\d{1,5}))?")
_HOP_BY_HOP = frozenset({b"connection", b"keep-alive", b"proxy-connection", b"proxy-authorization"})


class BadHead(Exception):
    """A head that is no proxy request; the message is for the client."""


@dataclass(frozen=True, slots=True)
class ProxyRequest:
    """Where a request is to go. `tunnel` for CONNECT; otherwise `head` is what to send there: the
    request in its origin form, on a connection for this one request."""

    host: str
    port: int
    tunnel: bool
    head: bytes = b""


def is_for_a_proxy(data: bytes) -> bool:
    """Whether a connection's first bytes begin a request that only a proxy gets."""
    if data.startswith(b"CONNECT "):
        return True
    _, _, target = data[:256].partition(b" ")
    return target[:7].lower() == b"http://"


def read_head(head: bytes) -> ProxyRequest:
    """Reads a head, its empty line included. Raises BadHead."""
    line, *fields = head.rstrip(b"\r\n").split(b"\r\n")
    match = _LINE.fullmatch(line)
    if match is None:
        raise BadHead("The request line is not HTTP/1.1.")
    method, target, _ = match.groups()
    if method == b"CONNECT":
        host, port = _authority(target.decode("latin-1"), 0)
        if not port:
            raise BadHead("CONNECT must name a port.")
        return ProxyRequest(host, port, tunnel=True)
    rest = target[len(b"http://") :]
    authority, slash, path = rest.partition(b"/")
    authority, question, query = authority.partition(b"?")
    if question:  # http://host?query
        slash, path = b"/", b"?" + query + slash + path
    host, port = _authority(authority.decode("latin-1"), 80)
    kept = [field for field in fields if field.partition(b":")[0].lower() not in _HOP_BY_HOP]
    first = b"%s /%s HTTP/1.1" % (method, path)
    head = b"\r\n".join([first, *kept, b"Connection: close", b"", b""])
    return ProxyRequest(host, port, tunnel=False, head=head)


def _authority(text: str, default_port: int) -> tuple[str, int]:
    match = _AUTHORITY.fullmatch(text)
    if match is None:
        raise BadHead("The request names no host that can be read.")
    port = int(match[2]) if match[2] else default_port
    if port > 65535:
        raise BadHead(f"{port} is no port.")
    return match[1].strip("[]").lower(), port
