"""Archives that somebody else made: unpacked inside of their folder, or refused.

Around the folder lies a canary that no archive may touch.
"""

from __future__ import annotations

import io
import os
import shutil
import stat
import tarfile
import tempfile
import zipfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from pathlib import Path

from kennel.runtimes.archive import ArchiveError, extract
from kennel.services.lambda_.archive import ArchiveRefused, inspect, unpack
from tests.fuzz.target import Check, Target

__all__ = ["TARS", "ZIPS"]

_MOST_BYTES = 1 << 20
_CANARY = "the canary"
_NAMES = ("a", "d/b", "d/e/c", "../x", "/tmp/x", "d/../../x", "l/x", "a/b", ".", "\\x", "ä\udcff")
_LINKS = ("a", "d", "../outside", "/etc", "d/../..", ".", "d/e/../../..", "")


@cache
def _tar_seeds() -> Sequence[bytes]:
    kinds = (tarfile.REGTYPE, tarfile.DIRTYPE, tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.FIFOTYPE)
    seeds = []
    for form in (tarfile.PAX_FORMAT, tarfile.GNU_FORMAT, tarfile.USTAR_FORMAT):
        for packing in ("w", "w:gz"):
            for link in _LINKS[:4]:
                buffer = io.BytesIO()
                with tarfile.open(
                    fileobj=buffer, mode=packing, format=form, errors="surrogateescape"
                ) as tar:
                    for number, name in enumerate(_NAMES[: 3 if link == "a" else None]):
                        member = tarfile.TarInfo(name)
                        member.type = kinds[number % (1 if link == "a" else len(kinds))]
                        member.linkname = link
                        content = b"content" * number
                        member.size = len(content) if member.isreg() else 0
                        tar.addfile(member, io.BytesIO(content))
                seeds.append(buffer.getvalue())
    return tuple(seeds)


@cache
def _zip_seeds() -> Sequence[bytes]:
    seeds = []
    for method in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA):
        for link in ("", *_LINKS[:4]):
            buffer = io.BytesIO()
            with zipfile.ZipFile(buffer, "w", method) as file:
                for name in _NAMES[:3]:
                    file.writestr(name, b"content" * 20)
                if link:
                    member = zipfile.ZipInfo("d/link")
                    member.external_attr = (stat.S_IFLNK | 0o777) << 16
                    file.writestr(member, link)
            seeds.append(buffer.getvalue())
    return tuple(seeds)


def _untar(archive: Path, destination: Path) -> None:
    try:
        extract(str(archive), str(destination), max_bytes=_MOST_BYTES, max_members=1000)
    except ArchiveError as error:
        assert str(error)


def _unzip(archive: Path, destination: Path) -> None:
    try:
        inspect(archive)
        unpack(archive, destination)
    except ArchiveRefused as error:
        assert str(error)


@contextmanager
def _opened(unpacked: Callable[[Path, Path], None]) -> Iterator[Check]:
    with tempfile.TemporaryDirectory(prefix="fuzz-archives-") as name:
        root = Path(name)

        def check(data: bytes) -> None:
            place = root / "place"
            destination = place / "inside"
            shutil.rmtree(place, ignore_errors=True)
            place.mkdir()
            (place / "outside").write_text(_CANARY)
            archive = place / "archive"
            archive.write_bytes(data)
            unpacked(archive, destination)
            assert (place / "outside").read_text() == _CANARY
            assert {*os.listdir(place)} <= {"inside", "outside", "archive"}, os.listdir(place)
            assert os.listdir(root) == ["place"], "it went outside"
            _check_inside(destination)

        yield check


def _check_inside(destination: Path) -> None:
    for folder, folders, files in os.walk(destination):
        for name in folders + files:
            path = Path(folder, name)
            mode = path.lstat().st_mode
            assert stat.S_ISREG(mode) or stat.S_ISDIR(mode) or stat.S_ISLNK(mode), "a device"
            assert not mode & (stat.S_ISUID | stat.S_ISGID), "set-user-ID"
            if stat.S_ISLNK(mode):
                end = os.path.realpath(path)
                inside = os.path.realpath(destination)
                assert (end + "/").startswith(inside + "/"), "a link that leads outside"


TARS = Target("tars", _tar_seeds, lambda: _opened(_untar))
ZIPS = Target("zips", _zip_seeds, lambda: _opened(_unzip))
