"""The session token that goes with temporary keys."""

from __future__ import annotations

import hmac

from kennel.auth.canonical import wire_bytes
from kennel.auth.failures import AuthenticationError, Failure
from kennel.identity import Credentials

__all__ = ["check_token"]


def check_token(credentials: Credentials, token: str, now: float) -> None:
    """Raises AuthenticationError unless the token is the key's own and still runs at `now`."""
    if not credentials.session_token and not token:
        return
    if credentials.session_token and not token:
        # AWS looks a session's key up by its token: without one there is no such key.
        raise AuthenticationError(Failure.UNKNOWN_KEY, AWSAccessKeyId=credentials.access_key_id)
    expected = credentials.session_token.encode()
    if not expected or not hmac.compare_digest(expected, wire_bytes(token)):
        raise AuthenticationError(Failure.BAD_TOKEN)
    if credentials.expires is not None and credentials.expires <= now:
        raise AuthenticationError(Failure.EXPIRED_TOKEN)
