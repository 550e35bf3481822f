"""Downloading: resumed where it broke off, measured; picture sets unpacked with suspicion."""

from __future__ import annotations

import http.client
import os
import shutil
import stat
import sys
import urllib.error
import urllib.request
import zipfile
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any, BinaryIO

from kennel.cli.errors import CommandError
from kennel.cli.progress import Bar

__all__ = ["ARCHIVES", "Archive", "download", "fetch", "unpack"]

_CHUNK = 1 << 20
_TIMEOUT = 20.0  # seconds without a byte
_RESUMED = 206
_AT_END = 416  # nothing is left of what was asked for


@dataclass(frozen=True, slots=True)
class Archive:
    """A zip file on the web. `root` is the folder inside that becomes the set; unpacked it may
    hold `max_bytes`."""

    name: str
    url: str
    root: str
    max_bytes: int = 8 * 1024**3
    max_files: int = 100_000


ARCHIVES = {
    archive.name: archive
    for archive in (
        Archive(
            "udacity-dogs",
            "https://s3-us-west-1.amazonaws.com/udacity-aind/dog-project/dogImages.zip",
            "dogImages",
        ),
    )
}


def fetch(archive: Archive, folder: Path) -> None:
    """Makes `folder` of the archive. What was downloaded before lies beside it and is gone on
    with. Raises CommandError."""
    part = folder.with_name(f"{folder.name}.zip.part")
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        download(archive.name, archive.url, part, instead="draw a set with `kennel data sample`")
        unpack(part, archive, folder)
        part.unlink()
    except OSError as error:
        raise CommandError(f"{folder} can't be written: {error.strerror or error}.") from error


def download(name: str, url: str, part: Path, *, instead: str = "") -> None:
    """Brings what is at a URL into the file `part`, going on from what is there. `instead` is
    what somebody without a network can do. Raises CommandError, and OSError if the file can't be
    written."""
    try:
        _download(name, url, part)
    except (urllib.error.URLError, TimeoutError, ConnectionError, http.client.HTTPException) as e:
        reason = getattr(e, "reason", None) or e
        raise CommandError(
            f"{name} can't be downloaded from {url}: {reason}. Run the command "
            f"again to go on from where it stopped{', or ' if instead else ''}{instead}."
        ) from e


def _download(name: str, url: str, part: Path) -> None:
    have = part.stat().st_size if part.exists() else 0
    request = urllib.request.Request(url, headers={"Range": f"bytes={have}-"})
    try:
        answer = urllib.request.urlopen(request, timeout=_TIMEOUT)
    except urllib.error.HTTPError as error:
        if error.code == _AT_END and have:
            return  # whole already; what follows tells if it is not
        raise
    with answer, open(part, "ab") as file:
        if answer.status != _RESUMED:
            file.truncate(0)
            have = 0
        length = answer.headers.get("Content-Length")
        total = have + int(length) if length else 0
        _copy(answer, file, have, total)
    size = part.stat().st_size
    if total and size != total:
        raise CommandError(
            f"The download of {name} broke off at {size:,} of {total:,} bytes. "
            "Run the command again to go on from there."
        )


def _copy(answer: Any, file: BinaryIO, have: int, total: int) -> None:
    with Bar(sys.stderr) as bar:
        while chunk := answer.read(_CHUNK):
            file.write(chunk)
            have += len(chunk)
            bar.show(have >> 20, total >> 20, "MB")


def unpack(file: Path, archive: Archive, folder: Path) -> None:
    """Makes `folder` of what lies below the archive's root, whole or not at all. Raises
    CommandError for an archive that is torn, too large, or reaches outside."""
    partial = folder.with_name(f"{folder.name}.partial")
    shutil.rmtree(partial, ignore_errors=True)
    try:
        with zipfile.ZipFile(file) as content:
            _unpack_members(content, archive, partial)
        os.replace(partial, folder)
    except (zipfile.BadZipFile, EOFError, NotImplementedError) as error:
        raise CommandError(
            f"{file} is no whole zip file: {error}. Delete it and run the command again."
        ) from error
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def _unpack_members(content: zipfile.ZipFile, archive: Archive, partial: Path) -> None:
    members = [member for member in content.infolist() if not member.is_dir()]
    left = archive.max_bytes
    if len(members) > archive.max_files:
        raise CommandError(f"{archive.name} is refused: it holds {len(members):,} files.")
    for member in members:
        path = PurePosixPath(member.filename)
        kind = stat.S_IFMT(member.external_attr >> 16)
        if path.is_absolute() or ".." in path.parts or kind not in (0, stat.S_IFREG):
            raise CommandError(
                f"{archive.name} is refused: its member {member.filename!r} is no plain file "
                "inside it."
            )
        if path.parts[0] != archive.root or path.name.startswith("."):
            continue  # what a Mac's finder leaves
        target = partial.joinpath(*path.parts[1:])
        target.parent.mkdir(parents=True, exist_ok=True)
        with content.open(member) as source, open(target, "wb") as file:
            # Counted as it comes: the sizes that an archive states are only claims.
            while chunk := source.read(_CHUNK):
                left -= len(chunk)
                if left < 0:
                    raise CommandError(
                        f"{archive.name} is refused: unpacked it is more than "
                        f"{archive.max_bytes:,} bytes."
                    )
                file.write(chunk)
    if not partial.is_dir():
        raise CommandError(f"{archive.name} is refused: it has no folder {archive.root}.")
