"""A folder of labelled photos: train/, valid/ and test/, in each a folder a class."""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass
from pathlib import Path

from kennel.cli.errors import UsageError

__all__ = ["SPLITS", "DataSet", "Picture", "read"]

SPLITS = ("train", "valid", "test")
_SUFFIXES = (".jpg", ".jpeg", ".png")


@dataclass(frozen=True, slots=True)
class Picture:
    """A file, and its path below the data set's folder, with slashes."""

    path: Path
    key: str
    size: int


@dataclass(frozen=True, slots=True)
class DataSet:
    """The photos of a folder. `classes` are the folder names below train/, in order."""

    root: Path
    pictures: tuple[Picture, ...]
    classes: tuple[str, ...]

    @property
    def name(self) -> str:
        """A short name that this folder always has and no other."""
        return hashlib.sha256(os.fsencode(self.root.resolve())).hexdigest()[:12]

    def split(self, name: str) -> list[Picture]:
        """The pictures of train, valid or test."""
        return [picture for picture in self.pictures if picture.key.startswith(f"{name}/")]


def read(root: Path) -> DataSet:
    """Lists a folder. Raises UsageError if it is no labelled set of photos."""
    if not root.is_dir():
        raise UsageError(f"There is no folder {root}.")
    missing = [split for split in SPLITS if not (root / split).is_dir()]
    if missing:
        raise UsageError(
            f"{root} has no folder {' and no '.join(missing)}. It must hold train/, valid/ and "
            "test/, and each of them a folder a class with its photos, such as "
            "train/001.Affenpinscher/a.jpg."
        )
    pictures = [picture for split in SPLITS for picture in _pictures(root, split)]
    for split in SPLITS:
        if not any(picture.key.startswith(f"{split}/") for picture in pictures):
            raise UsageError(f"{root / split} holds no photos (*.jpg or *.png in class folders).")
    classes = sorted({picture.key.split("/")[1] for picture in pictures if _is_train(picture)})
    if len(classes) < 2:
        raise UsageError(f"{root / 'train'} holds one class; a classifier needs two or more.")
    return DataSet(root, tuple(pictures), tuple(classes))


def _is_train(picture: Picture) -> bool:
    return picture.key.startswith("train/")


def _pictures(root: Path, split: str) -> list[Picture]:
    found = []
    with os.scandir(root / split) as classes:
        folders = sorted(entry.name for entry in classes if _is_seen(entry) and entry.is_dir())
    for folder in folders:
        with os.scandir(root / split / folder) as files:
            for entry in sorted(files, key=lambda entry: entry.name):
                if _is_seen(entry) and entry.name.lower().endswith(_SUFFIXES):
                    key = f"{split}/{folder}/{entry.name}"
                    found.append(Picture(Path(entry.path), key, entry.stat().st_size))
    return found


def _is_seen(entry: os.DirEntry[str]) -> bool:
    return not entry.name.startswith(".")
