"""A folder as tar.gz, compressed on several cores, the same bytes for the same files.

Chunks are compressed independently into gzip members laid end to end, which every reader of gzip
takes as one file. Compression is the fastest that zlib has: weights hardly get smaller, and the
core is better left to the next job.
"""

from __future__ import annotations

import os
import stat
import tarfile
import zlib
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

from kennel.services.sagemaker.training.merge import merged

__all__ = ["write_archive"]

_CHUNK = 1 << 20  # bytes that one task compresses
_LEVEL = 1
_GZIP = 31  # zlib's window bits for a gzip header and trailer; its header carries no time
_AHEAD = 8  # chunks compressed but not yet written; bounds the memory


def write_archive(folders: Sequence[Path], write: Callable[[bytes], None]) -> list[str]:
    """Hands the tar.gz of everything below `folders` to `write`, in order, piece by piece. Returns
    the names of what was left out.

    Of several folders with an entry of one name, the first one's goes in (see `merged`). Files come
    in the order of their names and belong to nobody. A link that leads out of its folder, a pipe
    and a device are left out: what is unpacked elsewhere could not have them.
    """
    left_out: list[str] = []
    workers = min(4, os.cpu_count() or 1)
    with ThreadPoolExecutor(workers, thread_name_prefix="archive") as pool:
        sink = _Sink(pool, write)
        stream: Any = sink  # typeshed asks for more methods than a stream is written by
        with tarfile.open(
            None, "w|", fileobj=stream, bufsize=_CHUNK, format=tarfile.PAX_FORMAT
        ) as tar:
            for path, name in _entries(folders, left_out):
                entry = tar.gettarinfo(path, name)
                entry.uid = entry.gid = 0
                entry.uname = entry.gname = ""
                entry.mtime = int(entry.mtime)
                # Hard links among the files would need their order kept on the other side.
                if entry.islnk():
                    entry.type, entry.linkname = tarfile.REGTYPE, ""
                    entry.size = path.stat().st_size
                if entry.isreg():
                    with path.open("rb") as file:
                        tar.addfile(entry, file)
                else:
                    tar.addfile(entry)
        sink.finish()
    return left_out


def _entries(folders: Sequence[Path], left_out: list[str]) -> Iterator[tuple[Path, str]]:
    """What goes in, by path and name; the names of the rest are added to `left_out`."""
    for entry in merged(folders):
        path = entry.path
        mode = path.lstat().st_mode
        if stat.S_ISLNK(mode):
            root = os.path.realpath(entry.root)
            target = os.readlink(path)
            inside = os.path.realpath(path).startswith(root + os.sep)
            if os.path.isabs(target) or not inside:
                left_out.append(entry.name)
                continue
        elif not (stat.S_ISREG(mode) or stat.S_ISDIR(mode)):
            left_out.append(entry.name)
            continue
        yield path, entry.name


class _Sink:
    """What `tarfile` writes to: collects chunks and compresses them ahead of the writing."""

    def __init__(self, pool: ThreadPoolExecutor, write: Callable[[bytes], None]) -> None:
        self._pool = pool
        self._write = write
        self._pending = bytearray()
        self._compressed: deque[Future[bytes]] = deque()

    def write(self, data: bytes) -> int:
        self._pending += data
        while len(self._pending) >= _CHUNK:
            self._submit(bytes(self._pending[:_CHUNK]))
            del self._pending[:_CHUNK]
        return len(data)

    def finish(self) -> None:
        """Compresses and writes the rest."""
        self._submit(bytes(self._pending))
        while self._compressed:
            self._write(self._compressed.popleft().result())

    def _submit(self, chunk: bytes) -> None:
        self._compressed.append(self._pool.submit(_compress, chunk))
        while len(self._compressed) > _AHEAD:
            self._write(self._compressed.popleft().result())


def _compress(chunk: bytes) -> bytes:
    compressor = zlib.compressobj(_LEVEL, zlib.DEFLATED, _GZIP)
    return compressor.compress(chunk) + compressor.flush()
