"""Small labelled sets for tests: real JPEG files of a colour a class."""

from __future__ import annotations

from pathlib import Path

from PIL import Image

from kennel.demo.dataset import SPLITS

__all__ = ["make_photos"]


def make_photos(root: Path, classes: int = 3, each: int = 2, size: int = 24) -> Path:
    """`each` photos of each class in each split; no two are alike."""
    for place, split in enumerate(SPLITS):
        for label in range(classes):
            folder = root / split / f"{label + 1:03}.Breed_{label + 1}"
            folder.mkdir(parents=True)
            for number in range(each):
                colour = (40 + 60 * label, 20 + 40 * place, 10 + 3 * number)
                Image.new("RGB", (size, size), colour).save(folder / f"{number}.jpg")
    return root
