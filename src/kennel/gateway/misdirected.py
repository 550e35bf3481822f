"""Requests that a page in a browser could have made by a name of its own.

A page may let its host's name point at 127.0.0.1 (DNS rebinding), and its scripts then speak to
the plane as if it were their own server. The Host header still has the page's name, so the plane
answers only to its own names and AWS's.
"""

from __future__ import annotations

import ipaddress
from functools import lru_cache
from urllib.parse import urlsplit

from kennel.wire import HttpRequest, HttpResponse
from kennel.wire.hosts import is_aws_host

__all__ = ["refusal"]

_PLANES_OWN = "/_kennel/"


def refusal(request: HttpRequest) -> HttpResponse | None:
    """The reply to a request that is not for this plane, or comes from a foreign page; None for
    any other. 421 for a Host that is neither this machine's nor AWS's; 403 for a foreign page that
    asks for what is the plane's own."""
    host = request.host
    if not _is_ours(host):
        return _plain(
            421,
            f"This plane does not answer to the host {host[:255]!r}. "
            "Ask it as localhost or 127.0.0.1, or by one of AWS's hosts.",
        )
    origin = request.headers.get("origin")
    if origin is not None and request.path.startswith(_PLANES_OWN) and not _is_from(origin, host):
        return _plain(403, "A page of another origin may not ask the plane for what is its own.")
    return None


def _is_from(origin: str, host: str) -> bool:
    try:
        return urlsplit(origin).netloc == host
    except ValueError:
        return False


@lru_cache(maxsize=1024)
def _is_ours(host: str) -> bool:
    try:
        name = urlsplit(f"//{host}").hostname or ""
    except ValueError:
        return False
    if name == "localhost" or name.endswith(".localhost") or is_aws_host(name):
        return True
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False


def _plain(status: int, message: str) -> HttpResponse:
    headers = {"Content-Type": "text/plain; charset=utf-8", "Connection": "close"}
    return HttpResponse(status, headers, f"{message}\n".encode())
