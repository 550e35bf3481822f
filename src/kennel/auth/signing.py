"""The keyed hashes of Signature Version 4."""

from __future__ import annotations

import hmac
from dataclasses import dataclass
from functools import lru_cache

__all__ = ["ChunkSigning", "signing_key"]


@lru_cache(maxsize=1024)  # four hashes that only change with the day
def signing_key(secret: str, date: str, region: str, service: str) -> bytes:
    """The key that signs for one secret, day (`20150830`), region and service."""
    key = hmac.digest(f"AWS4{secret}".encode(), date.encode(), "sha256")
    key = hmac.digest(key, region.encode(), "sha256")
    key = hmac.digest(key, service.encode(), "sha256")
    return hmac.digest(key, b"aws4_request", "sha256")


@dataclass(frozen=True, slots=True)
class ChunkSigning:
    """What the signatures inside an aws-chunked body are made with. `seed` is the signature of
    the request's own header, `timestamp` and `scope` are that signature's."""

    key: bytes
    timestamp: str
    scope: str
    seed: str
