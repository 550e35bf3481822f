"""What is dear to compute, kept in files that several jobs share.

An entry appears whole, by a rename, and carries its checksum: a torn or altered file reads as none.
Whoever computes an entry holds its lock, so that jobs that run side by side share the work instead
of doing it twice. The least recently used entries go when the folder has grown past its bound.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager

__all__ = ["Cache", "default_folder"]

_MAGIC = b"KVCACHE1"
_DIGEST = 32
_MAX_BYTES = 4 * 1024**3
_ENTRIES = "entries"
_LOCKS = "locks"


def default_folder() -> str:
    """$KENNEL_CACHE_DIR, which the plane shares among the jobs of one role, or a folder of this
    user's among the temporary files."""
    given = os.environ.get("KENNEL_CACHE_DIR")
    return given or os.path.join(tempfile.gettempdir(), f"kennel-vision-{os.getuid()}")


class Cache:
    """Entries by name (`a/b/c`). `max_bytes` bounds them all together, but for those that were
    used since this object was made."""

    def __init__(self, folder: str, max_bytes: int = _MAX_BYTES) -> None:
        self._folder = folder
        self._max_bytes = max_bytes
        self._opened = time.time()

    def read(self, name: str) -> bytes | None:
        """An entry's bytes; None where it is missing or not what was written."""
        path = self._path(name)
        try:
            with open(path, "rb") as file:
                data = file.read()
            os.utime(path)
        except OSError:
            return None
        start = len(_MAGIC) + _DIGEST
        content = data[start:]
        if data[:start] != _MAGIC + hashlib.sha256(content).digest():
            return None
        return content

    def write(self, name: str, content: bytes) -> None:
        """Keeps an entry. Where the disk does not take it, it is not kept, and that is said."""
        path = self._path(name)
        try:
            os.makedirs(os.path.dirname(path), mode=0o700, exist_ok=True)
            with tempfile.NamedTemporaryFile(dir=os.path.dirname(path), delete=False) as file:
                try:
                    file.write(_MAGIC + hashlib.sha256(content).digest())
                    file.write(content)
                    file.flush()
                    os.fsync(file.fileno())
                    os.replace(file.name, path)
                except OSError:
                    os.unlink(file.name)
                    raise
        except OSError as error:
            print(f"The cache {self._folder} can't keep {name}: {error.strerror}.", flush=True)

    @contextmanager
    def lock(self, name: str, wait: bool = True) -> Iterator[bool]:
        """Holds an entry's lock for the block; with `wait` false it may be had by another, which
        the value tells. The lock ends with its process, however that ends."""
        path = os.path.join(self._folder, _LOCKS, name.replace("/", "-"))
        os.makedirs(os.path.dirname(path), mode=0o700, exist_ok=True)
        with open(path, "ab") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
            except BlockingIOError:
                yield False
                return
            yield True

    def trim(self) -> None:
        """Removes the entries that were not used for longest, until the rest is small enough."""
        files: list[tuple[float, int, str]] = []
        for folder, _, names in os.walk(os.path.join(self._folder, _ENTRIES)):
            for name in names:
                path = os.path.join(folder, name)
                try:
                    status = os.stat(path)
                except OSError:
                    continue
                files.append((status.st_mtime, status.st_size, path))
        excess = sum(size for _, size, _ in files) - self._max_bytes
        for used, size, path in sorted(files):
            if excess <= 0 or used >= self._opened:
                return
            try:
                os.unlink(path)
            except OSError:
                continue
            excess -= size

    def _path(self, name: str) -> str:
        return os.path.join(self._folder, _ENTRIES, name)
