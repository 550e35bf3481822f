"""Pictures that a client sends to the image-classification recipe."""

from __future__ import annotations

import io
from collections.abc import Sequence
from functools import cache

from PIL import Image

from kennel.vision.errors import PictureError
from kennel.vision.pictures import decode
from tests.fuzz.target import Target, simple

__all__ = ["PICTURES"]


@cache
def _seeds() -> Sequence[bytes]:
    seeds = []
    for mode in ("RGB", "L", "CMYK", "P", "1", "LA", "RGBA", "I;16"):
        picture = Image.linear_gradient("L").resize((24, 17)).convert(mode.replace("I;16", "I"))
        for form in ("PNG", "JPEG"):
            buffer = io.BytesIO()
            exif = Image.Exif()
            exif[0x0112] = 6  # turned
            try:
                picture.save(buffer, form, exif=exif)
            except (OSError, ValueError):
                continue  # the form has no such mode
            seeds.append(buffer.getvalue())
    return tuple(seeds)


def _check(data: bytes) -> None:
    for enough in (0, 8):
        try:
            picture = decode(data, "the picture", enough)
        except PictureError as error:
            assert str(error)
        else:
            assert picture.mode == "RGB"


PICTURES: Target = simple("pictures", _seeds, _check)
