"""What the wire knows of a request and policies may ask for."""

from __future__ import annotations

from collections.abc import Mapping

from kennel.auth import Verified
from kennel.wire import HttpRequest

__all__ = ["signature_source", "source_of"]


def source_of(request: HttpRequest, verified: Verified | None = None) -> Mapping[str, str]:
    """A context's `source`."""
    headers = request.headers
    source = {
        "host": headers.get("host", ""),
        "source_ip": request.client,
        "secure": "true" if request.secure else "false",
        "user_agent": headers.get("user-agent", ""),
        "referer": headers.get("referer", ""),
    }
    if verified is not None and verified.access_key_id:
        source |= signature_source(
            "REST-QUERY-STRING" if verified.presigned else "REST-HEADER", verified.signed
        )
    return source


def signature_source(way: str, signed: float) -> Mapping[str, str]:
    """How a request was signed: which way (`s3:authType`), and the time that its signature bears,
    0 for one of Version 2."""
    return {"auth_type": way, "signed_at": str(signed)}
