"""What every area of S3's operations stands on."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, ClassVar, TypeVar

from kennel.services.s3.bucket_rows import BucketRow, check_owner, find_bucket
from kennel.services.s3.contents import Change
from kennel.services.service import Parts
from kennel.store import StagedBlob

__all__ = ["Area", "Body"]

T = TypeVar("T")

Body = bytes | StagedBlob | Path | None
"""An object's bytes: on disk already (from the wire), or to be copied in."""


class Area:
    """One area of S3 (buckets, objects, uploads, …): its operations, each a method."""

    operations: ClassVar[frozenset[str]] = frozenset()
    """The operations' names in snake case; each is a method of that name."""

    def __init__(self, parts: Parts) -> None:
        self.parts = parts

    def operation(self, name: str) -> Callable[..., dict[str, Any] | None] | None:
        """The method of an operation in snake case, or None if it is not one of this area's."""
        return getattr(self, name) if name in self.operations else None

    def now(self) -> int:
        """Wall time in whole seconds, which is all that S3 keeps."""
        return int(self.parts.clock.wall())

    def bucket(self, connection: sqlite3.Connection, name: str, owner: str = "") -> BucketRow:
        """The bucket, if its owner is the expected one. Raises NoSuchBucket, AccessDenied."""
        check_owner(owner, self.parts.account_id)
        return find_bucket(connection, name)

    def commit(self, work: Callable[[Change], T], staged: Sequence[StagedBlob] = ()) -> T:
        """Runs `work` in a write. Once that is on disk, `staged` are kept and the blobs that
        nothing refers to any more are removed.

        `work` sees the state as it is at its turn: what it has to check it checks there.
        """
        change: Change | None = None

        def run(connection: sqlite3.Connection) -> T:
            nonlocal change
            change = Change(connection)
            return work(change)

        try:
            result = self.parts.database.write(run)
        except sqlite3.Error:
            # Whether the commit reached the disk is not known; the next start's sweep will know.
            _keep(staged)
            raise
        _keep(staged)
        if change is not None and change.doomed:
            self.parts.blobs.remove(change.doomed)
        return result

    @contextmanager
    def staged(self, body: Body, hashes: Sequence[str] = ()) -> Iterator[StagedBlob]:
        """The body as a blob on disk. What was staged here is discarded unless it was kept."""
        if isinstance(body, StagedBlob):
            yield body
            return
        blob = self.parts.blobs.stage(body or b"", hashes)
        try:
            yield blob
        finally:
            blob.discard()


def _keep(staged: Sequence[StagedBlob]) -> None:
    for blob in staged:
        if blob.size:  # nothing refers to an empty blob's file
            blob.keep()
