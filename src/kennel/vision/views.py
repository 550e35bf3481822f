"""Views: what of a photo a backbone gets to see.

Augmentation is a fixed list of views, so that the features of each can be computed once and kept.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from .pictures import decode

__all__ = ["VIEWS", "View", "pixels"]


@dataclass(frozen=True, slots=True)
class View:
    """A part of the photo, in fractions of its sides (left, top, right, bottom), maybe mirrored.

    `name` is part of the key under which features are kept: another meaning is another name.
    """

    name: str
    box: tuple[float, float, float, float]
    is_mirrored: bool = False


# The middle 7/8 of both sides, as these networks are evaluated on ImageNet: they were trained on
# crops, in which things look larger than in whole photos. Worth 1.9 points on validation.
_MIDDLE = (0.0625, 0.0625, 0.9375, 0.9375)
_WHOLE = (0.0, 0.0, 1.0, 1.0)

# In the order in which `--views N` takes them; the first is what inference looks at.
VIEWS = (
    View("middle", _MIDDLE),
    View("middle-mirrored", _MIDDLE, is_mirrored=True),
    View("whole", _WHOLE),
    View("whole-mirrored", _WHOLE, is_mirrored=True),
    View("upper-left", (0.0, 0.0, 0.85, 0.85)),
    View("lower-right-mirrored", (0.15, 0.15, 1.0, 1.0), is_mirrored=True),
)


def pixels(data: bytes, name: str, size: int, view: View = VIEWS[0]) -> NDArray[np.uint8]:
    """The view as `size` × `size` × 3 bytes. Raises PictureError.

    Both sides are scaled to `size`, whatever their ratio: cutting a photo square would lose the
    ends of a long dog.
    """
    picture = decode(data, name, enough=size)
    width, height = picture.size
    left, top, right, bottom = view.box
    picture = picture.resize(
        (size, size),
        Image.Resampling.BICUBIC,
        box=(left * width, top * height, right * width, bottom * height),
        reducing_gap=2.0,
    )
    array = np.asarray(picture)
    return np.ascontiguousarray(array[:, ::-1]) if view.is_mirrored else array
