"""Noise: clouds of any grain, cut from one table so that a picture costs no new one."""

from __future__ import annotations

import random
from functools import cache

import numpy as np
from numpy.typing import NDArray
from PIL import Image

__all__ = ["clouds", "grain"]

_TABLE = 512


def clouds(source: random.Random, width: int, height: int, size: float) -> NDArray[np.floating]:
    """(height, width) from 0 to 1 around 0.5, with blotches of about `size` pixels."""
    cells = (max(2, round(width / size)) + 3, max(2, round(height / size)) + 3)
    top, left = source.randrange(_TABLE - cells[1]), source.randrange(_TABLE - cells[0])
    patch = _table()[top : top + cells[1], left : left + cells[0]]
    image = Image.fromarray(patch).resize((width, height), Image.Resampling.BICUBIC)
    return np.asarray(image, np.float32) / 255


def grain(source: random.Random, width: int, height: int) -> NDArray[np.floating]:
    """(height, width) from 0 to 1, every pixel for itself."""
    top = source.randrange(_TABLE)
    rows = np.take(_table(), range(top, top + height), axis=0, mode="wrap")
    columns = np.take(rows, range(top, top + width), axis=1, mode="wrap")
    return columns.astype(np.float32) / 255


@cache
def _table() -> NDArray[np.uint8]:
    return np.random.default_rng(7).integers(0, 256, (_TABLE, _TABLE), np.uint8)
