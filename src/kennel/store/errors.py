"""What the store raises."""

from __future__ import annotations

from pathlib import Path

from kennel.errors import ServerError

__all__ = ["BlobGone", "StorageFull"]


class BlobGone(Exception):
    """A blob was removed between the reading of its row and its opening: read the row again."""


class StorageFull(ServerError):
    """The disk under the state folder is full; nothing of the request was kept.

    AWS has no such error. Its services answer this when their storage fails, and clients retry it.
    """

    code = "InternalFailure"

    def __init__(self, path: Path) -> None:
        super().__init__(
            f"The disk that holds {path} is full. Free some space on it, then send the request "
            "again."
        )
