"""Zip archives with functions' code: looked over before they are taken, then unpacked.

An archive that somebody else made may lie about anything. A member becomes a file, a folder or a
link inside the destination, or the whole archive is refused.
"""

from __future__ import annotations

import errno
import lzma
import os
import posixpath
import shutil
import stat
import struct
import zipfile
import zlib
from pathlib import Path

__all__ = ["UNZIPPED_LIMIT", "ArchiveRefused", "inspect", "unpack"]

UNZIPPED_LIMIT = 262_144_000
"""Bytes that a function's code may take ("Lambda quotas": 250 MB)."""

_MOST_MEMBERS = 200_000
_CHUNK = 1 << 20
_LONGEST_LINK = 4096
_UNREADABLE = "Could not unzip uploaded file. Please check your file, then try to upload again."


# All that zipfile raises for archives that are damaged or packed in ways it does not know.
_BROKEN = (
    zipfile.BadZipFile,
    zlib.error,
    lzma.LZMAError,
    struct.error,
    EOFError,
    RuntimeError,
    ValueError,
    OverflowError,
)


# bzip2's own complaint; a place before the archive's beginning; a name that no file can have.
_ARCHIVES_FAULT = frozenset({None, errno.EINVAL, errno.ENAMETOOLONG})


class ArchiveRefused(Exception):
    """Why an archive can't be a function's code, in AWS's words where it has some."""


def inspect(archive: Path) -> None:
    """Refuses what is broken, too large or reaches outside. Raises ArchiveRefused.

    Reads the table of contents alone; `unpack` holds the members to what it says.
    """
    with _opened(archive) as file:
        _check(file)


def unpack(archive: Path, destination: Path) -> None:
    """Unpacks so that `destination` appears whole or not at all; it is replaced if it is there.

    Raises ArchiveRefused, and OSError for the disk's own troubles.
    """
    partial = destination.with_name(destination.name + ".partial")
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(mode=0o755)
    try:
        with _opened(archive) as file:
            _check(file)
            for member in file.infolist():
                _place(file, member, partial)
        shutil.rmtree(destination, ignore_errors=True)
        partial.rename(destination)
    except _BROKEN as error:
        raise ArchiveRefused(f"{_UNREADABLE} ({error})") from error
    except (FileExistsError, IsADirectoryError, NotADirectoryError) as error:
        name = os.path.basename(error.filename or "")
        raise ArchiveRefused(f"{_UNREADABLE} ({name!r} is both a file and a folder)") from error
    except OSError as error:
        if error.errno in _ARCHIVES_FAULT:
            raise ArchiveRefused(f"{_UNREADABLE} ({error.strerror or error})") from error
        raise
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def _opened(archive: Path) -> zipfile.ZipFile:
    try:
        return zipfile.ZipFile(archive)
    except _BROKEN as error:
        raise ArchiveRefused(_UNREADABLE) from error


def _check(file: zipfile.ZipFile) -> None:
    members = file.infolist()
    if not members:
        raise ArchiveRefused("Uploaded file must be a non-empty zip")
    if sum(member.file_size for member in members) >= UNZIPPED_LIMIT:
        raise ArchiveRefused(f"Unzipped size must be smaller than {UNZIPPED_LIMIT} bytes")
    if len(members) > _MOST_MEMBERS:
        raise ArchiveRefused(f"{_UNREADABLE} (it has more than {_MOST_MEMBERS} members)")
    links: set[str] = set()
    for member in members:
        if fault := _fault(member):
            raise ArchiveRefused(f"{_UNREADABLE} (its member {member.filename!r} {fault})")
        if _is_link(member):
            links.add(posixpath.normpath(member.filename))
    for member in members:
        parts = posixpath.normpath(member.filename).split("/")
        if any("/".join(parts[:end]) in links for end in range(1, len(parts))):
            raise ArchiveRefused(f"{_UNREADABLE} (its member {member.filename!r} is behind a link)")


def _fault(member: zipfile.ZipInfo) -> str:
    """Why a member is refused; empty if it is not."""
    name = member.filename
    if member.flag_bits & 1:
        return "is encrypted"
    if member.header_offset < 0:
        return "lies nowhere in it"
    if name.startswith("/") or "\\" in name or "\0" in name:
        return "has an absolute path or a backslash in it"
    if ".." in name.split("/"):
        return "has '..' in its path"
    if not name or (not name.strip("/.") and not member.is_dir()):
        return "has no name"
    kind = stat.S_IFMT(member.external_attr >> 16)
    if kind not in (0, stat.S_IFREG, stat.S_IFDIR, stat.S_IFLNK):
        return "is a device or a pipe"
    if _is_link(member) and member.file_size > _LONGEST_LINK:
        return "is a link with too long a target"
    return ""


def _is_link(member: zipfile.ZipInfo) -> bool:
    return stat.S_ISLNK(member.external_attr >> 16)


def _place(file: zipfile.ZipFile, member: zipfile.ZipInfo, root: Path) -> None:
    target = root / posixpath.normpath(member.filename)
    if member.is_dir():
        target.mkdir(mode=0o755, parents=True, exist_ok=True)
        return
    target.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
    if _is_link(member):
        _link(file, member, target)
        return
    if os.path.lexists(target):
        target.unlink()  # of two members of one name the last counts, as for every unzip
    # Whoever runs the function can read its code, whatever the archive's maker could.
    mode = (member.external_attr >> 16) & 0o755 | 0o644
    descriptor = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, mode)
    left = member.file_size
    with os.fdopen(descriptor, "wb") as output, file.open(member) as source:
        while piece := source.read(_CHUNK):
            left -= len(piece)
            if left < 0:
                raise ArchiveRefused(f"{_UNREADABLE} ({member.filename!r} is longer than stated)")
            output.write(piece)


def _link(file: zipfile.ZipFile, member: zipfile.ZipInfo, target: Path) -> None:
    """Links lead to places in the archive, by the shortest way."""
    text = os.fsdecode(file.read(member))
    depth = len(posixpath.normpath(member.filename).split("/")) - 1
    steps = [step for step in text.split("/") if step not in ("", ".")]
    ups = next((i for i, step in enumerate(steps) if step != ".."), len(steps))
    if not text or text.startswith("/") or "\0" in text or ups > depth or ".." in steps[ups:]:
        raise ArchiveRefused(
            f"{_UNREADABLE} (its member {member.filename!r} is a link to {text!r}, which lies "
            "outside)"
        )
    if os.path.lexists(target):
        target.unlink()
    target.symlink_to(text)
