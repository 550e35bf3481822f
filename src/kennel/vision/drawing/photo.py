"""One picture: a dog in a place, as a camera would have it, as the bytes of a file."""

from __future__ import annotations

import io
import random

import numpy as np
from PIL import Image, ImageDraw, ImageFilter, ImageOps

from kennel.vision.drawing.breeds import Breed
from kennel.vision.drawing.coat import draw_dog
from kennel.vision.drawing.pose import Pose
from kennel.vision.drawing.scene import draw_obstacle, draw_scene

__all__ = ["draw_photo"]

_ORIENTATION = 0x0112
_SIDEWAYS = 6  # the viewer is to turn it clockwise by a quarter


def draw_photo(breed: Breed, seed: str) -> bytes:
    """A JPEG file of 224 to 320 pixels a side; the same seed gives the same one.

    One in fifty each is greyscale, CMYK, or stored sideways with an EXIF tag that says so.
    """
    source = random.Random(seed)
    width, height = source.randrange(224, 321), source.randrange(224, 321)
    light = source.uniform(-1, 1)
    scene = draw_scene(source, width, height)
    image = scene.image
    dog = _placed(draw_dog(breed, Pose.any(source), light, source), width, height, source)
    left = round((width - dog.width) / 2 + source.gauss(0, 0.06) * width)
    top = _top(dog, scene.horizon, height, source)
    _cast_shadow(image, dog, left, top, light)
    image.paste(dog, (left, top), dog)
    if source.random() < 0.25:
        draw_obstacle(image, source)
    return _file(_exposed(image, source), source)


def _placed(dog: Image.Image, width: int, height: int, source: random.Random) -> Image.Image:
    """Cut to the dog, leaning a little, mirrored or not, as large as it is near."""
    if source.random() < 0.5:
        dog = ImageOps.mirror(dog)
    dog = dog.crop(dog.getchannel("A").getbbox())
    near = source.uniform(0.62, 1.0) if source.random() < 0.85 else source.uniform(1.0, 1.35)
    scale = near * min(width / dog.width, height / dog.height)
    size = (max(1, round(dog.width * scale)), max(1, round(dog.height * scale)))
    dog = dog.resize(size, Image.Resampling.BILINEAR)
    dog = dog.rotate(source.gauss(0, 4), Image.Resampling.BILINEAR, expand=True)
    return dog.crop(dog.getchannel("A").getbbox())


def _top(dog: Image.Image, horizon: int, height: int, source: random.Random) -> int:
    """The feet stand on the ground, or below the lower edge where the dog is too large."""
    lowest = max(horizon + 8, dog.height)
    if lowest >= height:
        return round((height - dog.height) * source.uniform(0, 0.5))
    return round(source.uniform(lowest, height) - dog.height)


def _cast_shadow(image: Image.Image, dog: Image.Image, left: int, top: int, light: float) -> None:
    shadow = Image.new("L", image.size)
    foot, x = top + dog.height, left - light * dog.width * 0.12
    box = (x + dog.width * 0.06, foot - dog.height * 0.07, x + dog.width * 0.94, foot + 4)
    ImageDraw.Draw(shadow).ellipse(box, fill=110)
    image.paste((20, 20, 24), (0, 0), shadow.filter(ImageFilter.BoxBlur(4)))


def _exposed(image: Image.Image, source: random.Random) -> Image.Image:
    """The colour of the light, exposure, contrast, focus."""
    warmth = source.gauss(0, 0.06)
    gain = source.uniform(0.72, 1.18) * np.array([1 + warmth, 1, 1 - warmth])
    contrast = source.uniform(0.82, 1.15)
    levels = np.arange(256)[:, np.newaxis] * gain
    table = ((levels - 118) * contrast + 118).clip(0, 255).astype(np.uint8)
    image = image.point(table.T.ravel().tolist())
    if source.random() < 0.2:
        image = image.filter(ImageFilter.BoxBlur(source.uniform(0.4, 1.1)))
    return image


def _file(image: Image.Image, source: random.Random) -> bytes:
    exif = Image.Exif()
    kind = source.random()
    if kind < 0.02:
        image = image.convert("L")
    elif kind < 0.04:
        image = image.convert("CMYK")
    elif kind < 0.06:
        image = image.transpose(Image.Transpose.ROTATE_90)
        exif[_ORIENTATION] = _SIDEWAYS
    file = io.BytesIO()
    image.save(file, "JPEG", quality=source.randrange(72, 93), exif=exif)
    return file.getvalue()
