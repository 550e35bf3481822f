"""A labelled set of pictures: train/, valid/ and maybe test/, each with one folder a class."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from .errors import DatasetError

__all__ = ["SPLITS", "Dataset", "Photo", "label_of", "read"]

SPLITS = ("train", "valid", "test")
_ENDINGS = (".jpg", ".jpeg", ".png")
_NUMBER = re.compile(r"\d+[.\-_ ]")


@dataclass(frozen=True, slots=True)
class Photo:
    """A file of the set. `digest` is the SHA-256 of its bytes, `label` an index of `classes`."""

    path: str
    label: int
    digest: bytes


@dataclass(frozen=True, slots=True)
class Dataset:
    """`classes` are the folders' names in order; `splits` holds train, valid and test (maybe
    empty)."""

    classes: Sequence[str]
    splits: dict[str, Sequence[Photo]]

    @property
    def labels(self) -> list[str]:
        return [label_of(name) for name in self.classes]


def label_of(folder: str) -> str:
    """`001.Airedale_terrier` is `Airedale terrier`."""
    return _NUMBER.sub("", folder, count=1).replace("_", " ").strip() or folder


def read(folder: str) -> Dataset:
    """Finds and digests all photos. Raises DatasetError where no classifier can come of it."""
    trees = {split: _tree(os.path.join(folder, split)) for split in SPLITS}
    for split in ("train", "valid"):
        if not any(trees[split].values()):
            raise DatasetError(
                f"{os.path.join(folder, split)} holds no pictures. The data must be "
                "train/CLASS/*.jpg and valid/CLASS/*.jpg, and test/CLASS/*.jpg if wanted."
            )
    classes = sorted(trees["train"])
    if len(classes) < 2:
        raise DatasetError(
            f"{os.path.join(folder, 'train')} holds {len(classes)} class; there must be two."
        )
    for split in ("valid", "test"):
        unknown = sorted(set(trees[split]) - set(classes))
        if unknown:
            raise DatasetError(
                f"{os.path.join(folder, split)} has a class that train/ has not: {unknown[0]}."
            )
    return Dataset(classes, {split: _photos(trees[split], classes) for split in SPLITS})


def _tree(folder: str) -> dict[str, list[str]]:
    if not os.path.isdir(folder):
        return {}
    classes = (entry for entry in os.scandir(folder) if entry.is_dir())
    return {
        entry.name: sorted(
            os.path.join(entry.path, name)
            for name in os.listdir(entry.path)
            if name.lower().endswith(_ENDINGS) and not name.startswith(".")
        )
        for entry in classes
        if not entry.name.startswith(".")
    }


def _photos(tree: dict[str, list[str]], classes: Sequence[str]) -> Sequence[Photo]:
    index = {name: number for number, name in enumerate(classes)}
    files = [(path, index[name]) for name in sorted(tree) for path in tree[name]]
    with ThreadPoolExecutor(4) as pool:
        digests = pool.map(_digest, (path for path, _ in files))
        return [
            Photo(path, label, digest) for (path, label), digest in zip(files, digests, strict=True)
        ]


def _digest(path: str) -> bytes:
    with open(path, "rb") as file:
        return hashlib.sha256(file.read()).digest()
