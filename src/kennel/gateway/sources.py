"""What the wire knows of a request and policies may ask for."""

from __future__ import annotations

from collections.abc import Mapping

from kennel.auth import Verified
from kennel.wire import HttpRequest

__all__ = ["source_of"]


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
        source["auth_type"] = "REST-QUERY-STRING" if verified.presigned else "REST-HEADER"
    return source
