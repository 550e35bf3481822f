"""Stored bytes, ready to be read: pieces of files laid end to end."""

from __future__ import annotations

import errno
import fcntl
import os
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from types import TracebackType
from typing import NamedTuple, Self

__all__ = ["BlobSlices", "Slice"]

_FICLONE = 0x40049409  # linux/fs.h: share the extents of another file, copied on write
_NO_COPY_FILE_RANGE = {errno.EXDEV, errno.ENOSYS, errno.EOPNOTSUPP, errno.EINVAL}


class Slice(NamedTuple):
    """`length` bytes of the file at `path`, from `offset`."""

    path: Path
    offset: int
    length: int


class BlobSlices:
    """An ordered run of slices, read as one sequence of bytes.

    The files stay on disk while this object lives, whatever is deleted meanwhile; `close` (or the
    end of a `with`, or the garbage collector) lets them go. Never write to the paths.
    """

    __slots__ = ("_release", "length", "pieces")

    def __init__(self, pieces: Sequence[Slice], release: Callable[[], None] | None = None) -> None:
        self.pieces = tuple(pieces)
        self.length = sum(piece.length for piece in self.pieces)
        self._release = release

    def read(self) -> bytes:
        """All the bytes at once."""
        return b"".join(self.chunks(1 << 24))

    def chunks(self, size: int = 1 << 20) -> Iterator[bytes]:
        """The bytes in chunks of at most `size`; a chunk never spans two files."""
        for path, offset, length in self.pieces:
            with path.open("rb", buffering=0) as file:
                position, end = offset, offset + length
                while position < end:
                    data = os.pread(file.fileno(), min(size, end - position), position)
                    if not data:
                        raise OSError(f"{path} ends at byte {position}, before byte {end}")
                    position += len(data)
                    yield data

    def copy_to(self, path: Path) -> None:
        """Makes the file `path` with these bytes, or replaces it; never a link to the stored one.

        A file system that can shares the extents (copy on write); others copy inside the kernel.
        Not synced. After an OSError (a full disk, say) no file is left at `path`.
        """
        target = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o644)
        try:
            for piece in self.pieces:
                _append(target, piece, alone=len(self.pieces) == 1)
        except OSError:
            path.unlink(missing_ok=True)
            raise
        finally:
            os.close(target)

    def close(self) -> None:
        """Lets the files go; they may be removed from now on."""
        release, self._release = self._release, None
        if release is not None:
            release()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def __del__(self) -> None:
        self.close()


def _append(target: int, piece: Slice, *, alone: bool) -> None:
    source = os.open(piece.path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        if alone and piece.offset == 0 and os.fstat(source).st_size == piece.length:
            try:
                fcntl.ioctl(target, _FICLONE, source)
                return
            except OSError:
                pass  # ext4, or another device: copy
        _copy(source, target, piece)
    finally:
        os.close(source)


def _copy(source: int, target: int, piece: Slice) -> None:
    position, left = piece.offset, piece.length
    in_kernel = hasattr(os, "copy_file_range")
    while left:
        if in_kernel:
            try:
                done = os.copy_file_range(source, target, left, position)
            except OSError as error:
                if error.errno not in _NO_COPY_FILE_RANGE:
                    raise
                in_kernel = False
                continue
        else:
            done = os.write(target, os.pread(source, min(left, 1 << 20), position))
        if not done:
            raise OSError(f"{piece.path} ends at byte {position}, {left} bytes too soon")
        position += done
        left -= done
