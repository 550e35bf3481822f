"""The session tokens of IMDSv2: signed, so that nothing need be kept of them."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import struct

__all__ = ["LONGEST_TTL", "SessionTokens"]

LONGEST_TTL = 21_600
"""Seconds that a token may be good for; one at least ("Use IMDSv2")."""

_EXPIRY = struct.Struct(">d")


class SessionTokens:
    """Those of one instance. `key` is a secret of the plane's that goes with the instance: the same
    after a restart of the plane, another for every other instance."""

    def __init__(self, key: bytes) -> None:
        self._key = key

    def issue(self, seconds: int, now: float) -> str:
        """A token that is good until so many seconds from `now`."""
        expiry = _EXPIRY.pack(now + seconds)
        return base64.urlsafe_b64encode(expiry + self._signature(expiry)).decode()

    def is_good(self, token: str, now: float) -> bool:
        """Whether the token was issued for this instance and has not expired."""
        try:
            data = base64.b64decode(token.encode("ascii"), b"-_", validate=True)
        except (UnicodeEncodeError, binascii.Error):
            return False
        expiry, signature = data[: _EXPIRY.size], data[_EXPIRY.size :]
        if not hmac.compare_digest(signature, self._signature(expiry)):
            return False
        return bool(now < _EXPIRY.unpack(expiry)[0])

    def _signature(self, expiry: bytes) -> bytes:
        return hmac.digest(self._key, b"imds" + expiry, hashlib.sha256)
