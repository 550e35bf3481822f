"""The `authToken` of a presigned URL: who holds one may open a session.

The plane issues tickets and the instance's Jupyter server admits them; both know the secret of the
instance's present start. A ticket says until when it can be used and how long the session may
last, and an HMAC-SHA256 over that keeps it from being changed.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
import secrets

__all__ = ["URL_SECONDS", "admit", "issue"]

URL_SECONDS = 300
"""How long a presigned URL can be used (CreatePresignedNotebookInstanceUrl)."""


def issue(secret: bytes, now: float, session_seconds: int) -> str:
    """A ticket for URL_SECONDS from `now` (wall time, seconds since the epoch)."""
    claim = {"until": now + URL_SECONDS, "session": session_seconds, "id": secrets.token_hex(8)}
    body = _text(json.dumps(claim).encode())
    return f"{body}.{_text(_seal(secret, body))}"


def admit(secret: bytes, ticket: str, now: float) -> int | None:
    """The seconds that the ticket's session may last; None if it is not good, or no longer."""
    body, _, seal = ticket.partition(".")
    try:
        if not hmac.compare_digest(_bytes(seal), _seal(secret, body)):
            return None
        claim = json.loads(_bytes(body))
    except (ValueError, binascii.Error):
        return None
    return int(claim["session"]) if now < float(claim["until"]) else None


def _seal(secret: bytes, body: str) -> bytes:
    return hmac.new(secret, b"kennel notebook ticket\n" + body.encode(), hashlib.sha256).digest()


def _text(value: bytes) -> str:
    return base64.urlsafe_b64encode(value).decode().rstrip("=")


def _bytes(text: str) -> bytes:
    return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
