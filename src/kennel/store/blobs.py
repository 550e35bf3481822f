"""Bytes in files with random names; who they belong to is known to the database alone.

A blob is written once and never changed. Its life: a `BlobWriter` fills a file and syncs it; a
service commits a row that refers to it, and just before that commit the file's folder is synced,
once for all writes of the commit; later a commit drops the last reference and the service calls
`remove`. A file that no row refers to (the plane died in between) is swept at the next start.
"""

from __future__ import annotations

import logging
import os
import secrets
import sqlite3
import threading
from collections import Counter, deque
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from kennel.store.database import Database
from kennel.store.errors import BlobGone, StorageFull
from kennel.store.slices import BlobSlices, Slice
from kennel.store.staging import BlobWriter, Piece, StagedBlob

__all__ = ["BlobStore", "sync_folder"]

log = logging.getLogger(__name__)

References = Callable[[sqlite3.Connection], Iterable[str]]

_RESERVE = 64 << 20  # bytes kept free, so that a full disk can still delete and commit
_SHARD_RUN = 256  # files in a row in one folder: a commit then syncs one folder, rarely two


class BlobStore:
    """The folder of blobs. `start` after the database and after every service has registered its
    `references`."""

    def __init__(self, folder: Path, database: Database, *, reserve: int = _RESERVE) -> None:
        self._folder = folder
        self._database = database
        self._reserve = reserve
        self._references: list[References] = []
        self._lock = threading.Lock()
        self._shard = ""
        self._shard_left = 0
        self._changed: set[Path] = set()
        self._held: Counter[str] = Counter()
        # Removed, but the file is still there: somebody reads it, or it is just being unlinked.
        self._doomed: set[str] = set()
        # What readers let go of. A queue, because the garbage collector may call `_release` on a
        # thread that is inside the lock.
        self._released: deque[Sequence[str]] = deque()

    def references(self, find: References) -> None:
        """Registers a query for the ids of blobs that rows refer to."""
        self._references.append(find)

    def start(self) -> None:
        """Makes the folder and sweeps the files that no row refers to."""
        self._folder.mkdir(parents=True, exist_ok=True)
        sync_folder(self._folder.parent)
        self._database.before_commit(self._sync_changed)
        self._sweep()

    def writer(self, hashes: Iterable[str] = ()) -> BlobWriter:
        """A new blob to fill, hashed by `hashes` (ContentHash names) on the way."""
        return BlobWriter(self, hashes)

    def stage(
        self, source: bytes | Path | Iterable[bytes], hashes: Iterable[str] = ()
    ) -> StagedBlob:
        """A blob of these bytes, or of a copy of this file. Raises OSError if it can't be read."""
        writer = self.writer(hashes)
        try:
            if isinstance(source, Path):
                with source.open("rb", buffering=0) as file:
                    while chunk := file.read(1 << 20):
                        writer.write(chunk)
            elif isinstance(source, bytes):
                writer.write(source)
            else:
                for chunk in source:
                    writer.write(chunk)
            return writer.finish()
        finally:
            writer.abort()

    def open(self, pieces: Iterable[Piece]) -> BlobSlices:
        """The pieces for reading, held on disk until the slices are closed.

        Raises BlobGone if a file was removed since the caller read its manifest.
        """
        wanted = tuple(pieces)
        ids = [piece.blob_id for piece in wanted]
        with self._lock:
            if not self._doomed.isdisjoint(ids):
                raise BlobGone(", ".join(self._doomed.intersection(ids)))
            self._held.update(ids)
        slices = BlobSlices(
            [Slice(self.path(p.blob_id), p.offset, p.length) for p in wanted],
            lambda: self._release(ids),
        )
        for piece in slices.pieces:
            if not os.path.exists(piece.path):
                slices.close()
                raise BlobGone(piece.path.name)
        return slices

    def remove(self, blob_ids: Iterable[str]) -> None:
        """Removes blobs that no committed row refers to any more, each once nobody reads it."""
        with self._lock:
            ids = set(blob_ids)
            self._doomed |= ids
            unread = [blob_id for blob_id in ids if blob_id not in self._held]
        self._unlink(unread)
        self._take_released()

    @property
    def folder(self) -> Path:
        """The folder of all blobs."""
        return self._folder

    def path(self, blob_id: str) -> Path:
        """Where a blob's file is."""
        return self._folder / blob_id[:2] / blob_id[2:]

    def check_space(self) -> None:
        """Raises StorageFull if less than the reserve is free."""
        room = os.statvfs(self._folder)
        if room.f_bavail * room.f_frsize < self._reserve:
            raise StorageFull(self._folder)

    def new_id(self) -> str:
        """An id for a new blob, whose folder is there."""
        with self._lock:
            if not self._shard_left:
                self._shard = secrets.token_hex(1)
                folder = self._folder / self._shard
                if not folder.exists():
                    folder.mkdir()
                    sync_folder(self._folder)
                self._shard_left = _SHARD_RUN
            self._shard_left -= 1
            return self._shard + secrets.token_hex(15)

    def folder_changed(self, folder: Path) -> None:
        """Has the folder synced before the next commit."""
        with self._lock:
            self._changed.add(folder)

    def _sync_changed(self) -> None:
        with self._lock:
            folders, self._changed = self._changed, set()
        try:
            for folder in folders:
                sync_folder(folder)
        except OSError:
            with self._lock:
                self._changed |= folders
            raise

    def _release(self, ids: Sequence[str]) -> None:
        self._released.append(ids)
        self._take_released()

    def _take_released(self) -> None:
        """Counts down what readers let go of and unlinks what was waiting for that."""
        # Who finds the lock taken leaves it to its holder, or to the next call.
        while self._released and self._lock.acquire(blocking=False):
            try:
                unread = self._count_down()
            finally:
                self._lock.release()
            self._unlink(unread)

    def _count_down(self) -> list[str]:
        unread = []
        while self._released:
            for blob_id in self._released.popleft():
                self._held[blob_id] -= 1
                if not self._held[blob_id]:
                    del self._held[blob_id]
                    if blob_id in self._doomed:
                        unread.append(blob_id)
        return unread

    def _unlink(self, ids: Iterable[str]) -> None:
        for blob_id in ids:
            try:
                self.path(blob_id).unlink(missing_ok=True)
            except OSError:
                log.warning("blob %s stays until the next start", blob_id, exc_info=True)
            with self._lock:
                self._doomed.discard(blob_id)

    def _sweep(self) -> None:
        wanted = self._database.read(self._find_references)
        swept = 0
        for shard in self._folder.iterdir():
            for file in os.scandir(shard):
                blob_id = shard.name + file.name
                if blob_id in wanted:
                    wanted.discard(blob_id)
                else:
                    os.unlink(file.path)
                    swept += 1
        if swept:
            log.info("swept %d files that nothing refers to", swept)
        if wanted:
            log.error("%d blobs have lost their file, for example %s", len(wanted), min(wanted))

    def _find_references(self, connection: sqlite3.Connection) -> set[str]:
        return {blob_id for find in self._references for blob_id in find(connection)}


def sync_folder(folder: Path) -> None:
    """Returns once the folder's entries are on the disk. A seam for simulated faults."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
