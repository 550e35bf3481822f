"""The drawn picture set: made once, and used again."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from kennel.demo.screen import Screen
from kennel.vision.drawing import draw_dataset

__all__ = ["draw"]

_DONE = ".complete"  # written last: a set that was interrupted is drawn again


def draw(folder: Path, screen: Screen) -> Path:
    """Draws the set into a folder unless it is there, and returns the folder."""
    if not (folder / _DONE).exists():
        with screen.step("pictures", f"Draw a picture set in {folder}") as step:
            draw_dataset(folder, progress=partial(step.count, "pictures"))
            (folder / _DONE).touch()
    return folder
