"""How a blob comes about: written, hashed, synced, then kept or discarded."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from kennel.store.errors import StorageFull
from kennel.store.hashing import ContentHash, Hasher
from kennel.store.slices import BlobSlices

if TYPE_CHECKING:
    from kennel.store.blobs import BlobStore

__all__ = [
    "BlobWriter",
    "Piece",
    "StagedBlob",
    "clean_when_full",
    "sync_file",
    "write_all",
]

_SPACE_INTERVAL = 16 << 20  # bytes written between two looks at the free space
_FULL = {errno.ENOSPC, errno.EDQUOT}


class Piece(NamedTuple):
    """`length` bytes of a blob, from `offset`: one entry of an object's manifest."""

    blob_id: str
    offset: int
    length: int


class StagedBlob:
    """A blob that is on disk and belongs to nobody yet.

    The service that commits a row referring to it calls `keep` after the commit; whoever staged
    it calls `discard` at the end of the request, which removes the file unless it was kept.
    """

    __slots__ = ("_digests", "_kept", "_store", "blob_id", "size")

    def __init__(
        self, store: BlobStore, blob_id: str, size: int, digests: Mapping[str, bytes]
    ) -> None:
        self._store = store
        self._digests = dict(digests)
        self._kept = False
        self.blob_id = blob_id
        self.size = size

    @property
    def digests(self) -> Mapping[str, bytes]:
        """The digests that were computed on the way, by ContentHash name."""
        return self._digests

    def digest(self, name: str) -> bytes:
        """One digest; read from the file again if it was not computed on the way."""
        if name not in self._digests:
            hasher = Hasher([name])
            with self.open() as slices:
                for chunk in slices.chunks():
                    hasher.update(chunk)
            self._digests.update(hasher.digests())
        return self._digests[name]

    def open(self) -> BlobSlices:
        """The whole blob for reading."""
        return self._store.open([Piece(self.blob_id, 0, self.size)])

    def keep(self) -> None:
        """Makes `discard` do nothing from now on: a committed row refers to the blob."""
        self._kept = True

    def discard(self) -> None:
        """Removes the file unless it was kept."""
        if not self._kept:
            self._kept = True
            self._store.remove([self.blob_id])


class BlobWriter:
    """Fills one new blob. May be called from a different thread each time, never by two at once.

    Making one touches no disk; `write` and `finish` do. md5 (the ETag) and crc64nvme (the checksum
    S3 adds to every object) are always computed.
    """

    def __init__(self, store: BlobStore, hashes: Iterable[str]) -> None:
        self._fd = -1
        self._ended = False
        self._store = store
        self._hasher = Hasher({ContentHash.MD5, ContentHash.CRC64NVME, *map(ContentHash, hashes)})
        self._blob_id = ""
        self._size = 0
        self._look_at = 0

    @property
    def size(self) -> int:
        """Bytes written so far."""
        return self._size

    def write(self, data: bytes) -> None:
        """Appends. Raises StorageFull, after which nothing is left of the blob."""
        self._guarded(lambda: self._append(data))

    def finish(self) -> StagedBlob:
        """Syncs the file. The folder is synced before the next commit, whoever makes it.

        Raises StorageFull, after which nothing is left of the blob.
        """
        self._guarded(self._sync)
        self._close()
        self._store.folder_changed(self._store.path(self._blob_id).parent)
        return StagedBlob(self._store, self._blob_id, self._size, self._hasher.digests())

    def abort(self) -> None:
        """Removes what was written. Harmless when called again, or after `finish`."""
        if self._fd >= 0:
            self._close()
            self._store.path(self._blob_id).unlink(missing_ok=True)
        self._ended = True

    def __del__(self) -> None:
        self.abort()

    def _guarded(self, work: Callable[[], None]) -> None:
        if self._ended:
            raise ValueError("this blob writer was finished or aborted")
        try:
            with clean_when_full(self._store.folder):
                if self._fd < 0:
                    self._create()
                work()
        except BaseException:
            self.abort()
            raise

    def _create(self) -> None:
        self._look()
        self._blob_id = self._store.new_id()
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
        self._fd = os.open(self._store.path(self._blob_id), flags, 0o600)

    def _append(self, data: bytes) -> None:
        if self._size + len(data) > self._look_at:
            self._look()
        write_all(self._fd, data)
        self._size += len(data)
        self._hasher.update(data)

    def _look(self) -> None:
        """Looks whether the disk has room, now and again every few MiB."""
        self._store.check_space()
        self._look_at = self._size + _SPACE_INTERVAL

    def _sync(self) -> None:
        sync_file(self._fd)

    def _close(self) -> None:
        os.close(self._fd)
        self._fd = -1
        self._ended = True


@contextmanager
def clean_when_full(path: Path) -> Iterator[None]:
    """Turns a full disk's OSError into StorageFull."""
    try:
        yield
    except OSError as error:
        if error.errno in _FULL:
            raise StorageFull(path) from error
        raise


def write_all(descriptor: int, data: bytes) -> None:
    """Writes every byte. A seam for simulated faults."""
    view = memoryview(data)
    while view:
        view = view[os.write(descriptor, view) :]


def sync_file(descriptor: int) -> None:
    """Returns once the file's bytes are on the disk. A seam for simulated faults."""
    os.fsync(descriptor)
