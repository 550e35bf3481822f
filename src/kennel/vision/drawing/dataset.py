"""The whole set: train/, valid/ and test/, a folder a breed."""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Callable
from pathlib import Path

from kennel.vision.drawing.breeds import BREEDS, Breed
from kennel.vision.drawing.photo import draw_photo

__all__ = ["draw_dataset"]

_Task = tuple[str, Breed, tuple[tuple[str, int], ...], int]


def draw_dataset(
    folder: str | os.PathLike[str],
    *,
    breeds: int = 133,
    train: int = 20,
    valid: int = 4,
    test: int = 4,
    seed: int = 0,
    workers: int = 0,
    progress: Callable[[int, int], None] | None = None,
) -> int:
    """Draws so many pictures a breed below `folder` and returns how many there are in all.

    Pictures that are there already are drawn again, to the same bytes for the same seed. `workers`
    is how many processes draw (0: one a core); `progress` gets (drawn, in all) as breeds are done.
    """
    if not 1 <= breeds <= len(BREEDS):
        raise ValueError(f"There are {len(BREEDS)} breeds, not {breeds}.")
    splits = (("train", train), ("valid", valid), ("test", test))
    tasks: list[_Task] = [(os.fspath(folder), breed, splits, seed) for breed in BREEDS[:breeds]]
    each = train + valid + test
    count = min(workers or os.cpu_count() or 1, len(tasks))
    # Spawned: a fork would copy whatever threads and locks the caller has.
    with multiprocessing.get_context("spawn").Pool(count) as pool:
        for done, _ in enumerate(pool.imap_unordered(_draw_breed, tasks), start=1):
            if progress is not None:
                progress(done * each, breeds * each)
    return breeds * each


def _draw_breed(task: _Task) -> None:
    folder, breed, splits, seed = task
    for split, count in splits:
        place = Path(folder, split, breed.folder)
        if count:
            place.mkdir(parents=True, exist_ok=True)
        for number in range(1, count + 1):
            name = f"{breed.folder.partition('.')[2]}_{number:05d}.jpg"
            place.joinpath(name).write_bytes(
                draw_photo(breed, f"{seed}/{split}/{breed.folder}/{number}")
            )
