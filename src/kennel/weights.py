"""The pretrained weights that jobs and endpoints find instead of downloading them.

They lie as plain files in one folder of the state folder, under the names that torch.hub gives
them. `kennel weights` fills it, with a plane running or not; processes see it read-only and find
it by `WEIGHTS_DIR`. A file appears whole, by a rename.
"""

from __future__ import annotations

import hashlib
import os
import re
import zipfile
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

__all__ = ["WEIGHTS_DIR", "NoWeights", "WeightFile", "WeightsFolder"]

WEIGHTS_DIR = "KENNEL_WEIGHTS_DIR"  # kennel.runtimes.site.kennel_weights reads it

_NAME = re.compile(r"\w[\w.+=-]{0,199}")
# torch.hub's convention: the first digits of the file's SHA-256 before the suffix. It writes them
# in lower case; eight or more tell them from a version or a date.
_HASH = re.compile(r"-([0-9a-f]{8,64})\.\w+$")
_SUFFIXES = (".pth", ".pt", ".bin", ".ckpt", ".th", ".safetensors")
# What torch.save wrote before version 1.6: a pickle of this number comes first.
_LEGACY = b"\x80\x02\x8a\x0al\xfc\x9cF\xf9 j\xa8P\x19."
_LONGEST_HEADER = 100 << 20  # bytes; the format's own limit


class NoWeights(Exception):
    """A file is not what it is said to be, or is not there; the message is a sentence."""


@dataclass(frozen=True, slots=True)
class WeightFile:
    """A file in the folder. `added` is its time in seconds since the epoch."""

    name: str
    bytes: int
    added: float


class WeightsFolder:
    """The folder in a state folder. Nothing is made before it is needed."""

    def __init__(self, state: Path) -> None:
        self.path = state / "weights"

    def make(self) -> Path:
        """The folder, made if it is not there."""
        self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.path.mkdir(mode=0o755, exist_ok=True)
        return self.path

    def files(self) -> list[WeightFile]:
        """What is there, by name."""
        found = []
        for path in sorted(self.path.glob("*")):
            if _NAME.fullmatch(path.name) and path.is_file():
                status = path.stat()
                found.append(WeightFile(path.name, status.st_size, status.st_mtime))
        return found

    def part(self, name: str) -> Path:
        """Where a file is gathered before `keep`; no process looks there. Raises NoWeights for a
        name that can't be one."""
        if not _NAME.fullmatch(name) or not name.endswith(_SUFFIXES):
            raise NoWeights(
                f"{name!r} is no name for weights: it must be a plain file name that ends in "
                f"{', '.join(_SUFFIXES[:-1])} or {_SUFFIXES[-1]}, as scripts ask for it"
            )
        return self.make() / f".{name}.part"

    def write(self, name: str, chunks: Iterable[bytes]) -> Path:
        """Gathers a file from its bytes; returns the part."""
        part = self.part(name)
        with open(part, "wb") as file:
            file.writelines(chunks)
        return part

    def keep(self, name: str) -> WeightFile:
        """Checks the part of that name and puts it in place of what was there. A part that does
        not pass is deleted. Raises NoWeights."""
        part = self.part(name)
        try:
            _check_kind(part, name)
            _check_hash(part, name)
        except NoWeights:
            part.unlink()
            raise
        with open(part, "rb") as file:
            os.fchmod(file.fileno(), 0o444)
            os.fsync(file.fileno())
        os.utime(part)
        target = self.path / name
        part.replace(target)
        _sync_folder(self.path)
        status = target.stat()
        return WeightFile(name, status.st_size, status.st_mtime)

    def remove(self, name: str) -> None:
        """Deletes a file. Raises NoWeights if there is none of that name."""
        if not any(file.name == name for file in self.files()):
            raise NoWeights(f"there are no weights {name!r}; `kennel weights list` shows what is")
        (self.path / name).unlink()
        _sync_folder(self.path)


def _check_kind(path: Path, name: str) -> None:
    """Whether it begins and ends as a file of PyTorch's does. Nothing in it is run or unpacked:
    a pickle may do anything."""
    if name.endswith(".safetensors"):
        is_whole, kind = _is_safetensors(path), "a safetensors file"
    else:
        with open(path, "rb") as file:
            head = file.read(len(_LEGACY))
        is_whole = head == _LEGACY or (head.startswith(b"PK") and _is_checkpoint(path))
        kind = "one that torch.save wrote"
    if not is_whole:
        raise NoWeights(f"{name} can't be kept: the file is not {kind}, or not whole")


def _is_checkpoint(path: Path) -> bool:
    """A zip's directory is at its end, so a file that was cut off has none."""
    try:
        with zipfile.ZipFile(path) as archive:
            return any(member.rpartition("/")[2] == "data.pkl" for member in archive.namelist())
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError):
        return False


def _is_safetensors(path: Path) -> bool:
    """Eight bytes with the header's length, then the header, a JSON object."""
    with open(path, "rb") as file:
        length = int.from_bytes(file.read(8), "little")
        begins = file.read(1) == b"{"
    return begins and length <= min(_LONGEST_HEADER, path.stat().st_size - 8)


def _check_hash(path: Path, name: str) -> None:
    match = _HASH.search(name)
    if match is None:
        return
    with open(path, "rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    if not digest.startswith(match[1]):
        raise NoWeights(
            f"{name} is damaged or another file: its name promises a SHA-256 that begins with "
            f"{match[1]}, and it is {digest[: len(match[1])]}"
        )


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
