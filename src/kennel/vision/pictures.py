"""From the bytes of a photo to upright RGB pixels.

Photos are what people have: greyscale, CMYK, palettes, 16 bits a channel, transparent, turned by
an EXIF tag, torn. JPEG and PNG are read; everything else is refused by name.
"""

from __future__ import annotations

import io
import struct
import warnings
import zlib

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from .errors import PictureError, PictureTooLarge

__all__ = ["FORMATS", "MAX_PIXELS", "decode"]

FORMATS = ("JPEG", "PNG")
# The largest phone cameras' default is 12 to 50 megapixels. Four bytes a pixel make 200 MB.
MAX_PIXELS = 50_000_000

_BACKGROUND = (255, 255, 255, 255)
# What Pillow's readers raise for bytes that are not what they should be.
_BROKEN = (OSError, SyntaxError, ValueError, EOFError, IndexError, struct.error, zlib.error)


def decode(data: bytes, name: str, enough: int = 0) -> Image.Image:
    """The picture as upright RGB; `name` stands for it in errors.

    With `enough`, a JPEG may come at a half, a quarter or an eighth of its size (the decoder's own
    scaling, several times faster), its sides still twice that long or more. What is transparent
    becomes white. Raises PictureTooLarge before any pixel is decoded, PictureError.
    """
    try:
        with warnings.catch_warnings():
            # Pillow's own limit lies above ours.
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            with Image.open(io.BytesIO(data), formats=FORMATS) as picture:
                _check_size(picture, name)
                if enough:
                    picture.draft(None, (2 * enough, 2 * enough))
                picture.load()
                return _as_rgb(ImageOps.exif_transpose(picture))
    except Image.DecompressionBombError as error:
        raise PictureTooLarge(f"{name} is refused: {error}") from error
    except UnidentifiedImageError as error:
        raise PictureError(
            f"{name} is no JPEG or PNG picture ({len(data):,} bytes). Send one of these."
        ) from error
    except _BROKEN as error:
        raise PictureError(
            f"{name} can't be decoded: {error}. The file is torn or damaged; send it whole."
        ) from error


def _check_size(picture: Image.Image, name: str) -> None:
    width, height = picture.size
    if width * height > MAX_PIXELS:
        raise PictureTooLarge(
            f"{name} is refused: {width} × {height} pixels are more than the "
            f"{MAX_PIXELS:,} that are decoded. Send it smaller."
        )


def _as_rgb(picture: Image.Image) -> Image.Image:
    if picture.mode == "RGB" and "transparency" not in picture.info:
        return picture
    if picture.mode.startswith("I"):
        return _from_16_bits(picture)
    if picture.has_transparency_data:
        pixels = picture.convert("RGBA")
        return Image.alpha_composite(Image.new("RGBA", pixels.size, _BACKGROUND), pixels).convert(
            "RGB"
        )
    return picture.convert("RGB")


def _from_16_bits(picture: Image.Image) -> Image.Image:
    """Pillow's own conversion cuts off at 255 instead of scaling."""
    levels = np.asarray(picture).astype(np.int64).clip(0, 65535)
    return Image.fromarray((levels >> 8).astype(np.uint8)).convert("RGB")
