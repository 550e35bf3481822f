"""Unpacking an archive that somebody else made.

A member may only ever become a regular file, a folder or a link inside the destination. The
whole archive is refused otherwise, before anything of the offending member is written: an
archive that tries to escape is not one whose other files anybody wants.
"""

from __future__ import annotations

import gzip
import os
import posixpath
import shutil
import tarfile
import zlib
from collections.abc import Iterator
from typing import IO, Any, cast

__all__ = ["ArchiveError", "extract"]

_DEFAULT_BYTES = 20 * 1024**3
_DEFAULT_MEMBERS = 200_000
_CHUNK = 1024 * 1024
_LONGEST_READ = 4 * _CHUNK


class ArchiveError(Exception):
    """An archive that is broken, too large or reaches outside its destination."""


def extract(
    archive: str,
    destination: str,
    *,
    max_bytes: int = _DEFAULT_BYTES,
    max_members: int = _DEFAULT_MEMBERS,
) -> None:
    """Unpacks a tar or tar.gz file, so that `destination` appears whole or not at all.

    `destination` must be missing or an empty folder. `max_bytes` bounds what the members hold
    when unpacked. Raises ArchiveError, and OSError for the disk's own troubles.
    """
    partial = destination.rstrip("/") + ".partial"
    name = os.path.basename(archive)
    shutil.rmtree(partial, ignore_errors=True)
    os.makedirs(partial)
    try:
        with _opened(archive) as file, _tar(file) as tar:
            for member in _checked(tar, name, max_bytes, max_members):
                _place(tar, member, partial)
        os.replace(partial, destination)
    except (tarfile.TarError, EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise ArchiveError(
            f"The archive {name} can't be unpacked: {error}. It must be a whole tar.gz file."
        ) from error
    except (FileExistsError, IsADirectoryError, NotADirectoryError) as error:
        where = os.path.relpath(error.filename2 or error.filename, partial)
        raise ArchiveError(
            f"The archive {name} is refused: two of its members want to be {where}."
        ) from error
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def _place(tar: tarfile.TarFile, member: tarfile.TarInfo, root: str) -> None:
    """Makes a member that was found harmless. Nothing that is there already is touched, so
    tarfile's own ways around what stands in the way are not wanted."""
    path = os.path.join(root, os.path.normpath(member.name))
    if member.isdir():
        os.makedirs(path, exist_ok=True)
        return
    os.makedirs(os.path.dirname(path), exist_ok=True)
    if member.issym():
        os.symlink(member.linkname, path)
    elif member.islnk():
        target = os.path.join(root, os.path.normpath(member.linkname))
        os.link(target, path, follow_symlinks=False)
    else:
        content = tar.extractfile(member)
        assert content is not None  # for a regular file it never is
        with open(path, "xb") as file:
            shutil.copyfileobj(content, file, _CHUNK)
            os.fchmod(file.fileno(), 0o755 if member.mode & 0o100 else 0o644)


class _Bounded:
    """What `tarfile` reads from. It reads a header's payload (a long name, say) at once, however
    long the archive says that is."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self.seek = file.seek
        self.tell = file.tell

    def read(self, size: int) -> bytes:
        if size > _LONGEST_READ:
            raise tarfile.ReadError(f"it has a header of {size:,} bytes")
        return self._file.read(size)


def _tar(file: IO[bytes]) -> tarfile.TarFile:
    stream: Any = _Bounded(file)  # typeshed asks for more methods than are called
    return tarfile.open(fileobj=stream, mode="r:")


def _opened(path: str) -> IO[bytes]:
    with open(path, "rb") as file:
        is_gzip = file.read(2) == b"\x1f\x8b"
    return cast(IO[bytes], gzip.open(path)) if is_gzip else open(path, "rb")


def _checked(
    tar: tarfile.TarFile, archive: str, max_bytes: int, max_members: int
) -> Iterator[tarfile.TarInfo]:
    """The members, each judged by what it and those before it are."""
    links: set[str] = set()
    files: set[str] = set()
    total = 0
    for count, member in enumerate(tar, start=1):
        total += member.size if member.isreg() else 0
        if total > max_bytes or count > max_members:
            raise ArchiveError(
                f"The archive {archive} is refused: unpacked it is more than {max_bytes:,} bytes "
                f"or {max_members:,} files."
            )
        fault = _fault(member, links, files)
        if fault:
            raise ArchiveError(
                f"The archive {archive} is refused: its member {member.name!r} {fault}. "
                "Make the archive from inside the folder, with plain files only."
            )
        if not member.isdir():
            (links if member.issym() else files).add(posixpath.normpath(member.name))
        yield member


def _fault(member: tarfile.TarInfo, links: set[str], files: set[str]) -> str | None:
    """Why a member is refused, or None. `links` and `files` are the names before it.

    No member's path goes through a link, and no link's target steps up after it stepped down: so
    names can be judged as text, for what they say is where they lead.
    """
    if not (member.isreg() or member.isdir() or member.issym() or member.islnk()):
        return "is a device or a pipe"
    if fault := _name_fault(member.name):
        return fault
    parts = posixpath.normpath(member.name).split("/")
    if any("/".join(parts[:end]) in links for end in range(1, len(parts))):
        return "lies behind a link"
    if member.issym():
        return _target_fault(member.linkname, depth=len(parts) - 1)
    if member.islnk() and _name_fault(member.linkname):
        return f"is a link to {member.linkname!r}, which lies outside"
    if member.islnk() and posixpath.normpath(member.linkname) not in files:
        return f"is a link to {member.linkname!r}, which is no file that comes before it"
    return None


def _name_fault(name: str) -> str | None:
    if name.startswith("/"):
        return "has an absolute path"
    if ".." in name.split("/"):
        return "has '..' in its path"
    return None


def _target_fault(target: str, depth: int) -> str | None:
    """`depth` is how many folders the link lies below the destination."""
    steps = [part for part in target.split("/") if part not in ("", ".")]
    ups = 0
    while ups < len(steps) and steps[ups] == "..":
        ups += 1
    if target.startswith("/") or ups > depth or ".." in steps[ups:]:
        return f"is a link to {target!r}, which lies outside"
    return None
