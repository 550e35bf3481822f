"""How hard the tests that kill things try: a little in `make test`, much in `make soak`."""

from __future__ import annotations

import os

__all__ = ["LARGE_OBJECT_BYTES", "LOAD_REQUESTS", "kills"]

LARGE_OBJECT_BYTES = int(os.environ.get("SOAK_OBJECT_BYTES", 256 << 20))
"""The largest object that is streamed; 5 GiB is the most that one PutObject may have."""

LOAD_REQUESTS = int(os.environ.get("SOAK_REQUESTS", 3000))
"""How many requests an endpoint answers at least while it is changed again and again."""


def kills(default: int) -> int:
    """At how many random moments a test kills its plane: KILLS of them, or else `default`."""
    return int(os.environ.get("KILLS", default))
