"""What is behind a dog, under it, and sometimes before it."""

from __future__ import annotations

import random
from dataclasses import dataclass
from enum import Enum

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFilter

from kennel.vision.drawing.texture import clouds, grain

__all__ = ["Scene", "draw_obstacle", "draw_scene"]

_Colour = tuple[int, int, int]


class _Place(Enum):
    """Colours behind and under, and of the things that stand there."""

    MEADOW = ((176, 206, 232), (98, 140, 62), (58, 96, 48))
    FOREST = ((92, 116, 84), (104, 84, 58), (52, 62, 40))
    BEACH = ((150, 196, 220), (214, 192, 148), (92, 140, 160))
    SNOW = ((206, 216, 228), (234, 238, 244), (112, 124, 132))
    STREET = ((168, 160, 152), (116, 116, 118), (138, 86, 70))
    ROOM = ((204, 190, 168), (142, 98, 62), (120, 110, 132))
    SOFA = ((112, 118, 140), (86, 92, 116), (168, 150, 126))
    AUTUMN = ((198, 170, 120), (158, 112, 56), (132, 74, 34))

    @property
    def is_indoors(self) -> bool:
        return self in (_Place.ROOM, _Place.SOFA, _Place.STREET)


@dataclass(frozen=True, slots=True)
class Scene:
    """A background, and the row at which its ground begins."""

    image: Image.Image
    horizon: int


def draw_scene(source: random.Random, width: int, height: int) -> Scene:
    """A place out of doors or in."""
    place = source.choice(list(_Place))
    horizon = round(height * source.uniform(0.38, 0.66))
    back, ground, things = (_jittered(colour, source) for colour in place.value)
    pixels = np.empty((height, width, 3), np.float32)
    fade = np.linspace(1.1, 0.92, horizon, dtype=np.float32)[:, np.newaxis, np.newaxis]
    pixels[:horizon] = np.array(back, np.float32) * fade
    fade = np.linspace(0.9, 1.08, height - horizon, dtype=np.float32)[:, np.newaxis, np.newaxis]
    pixels[horizon:] = np.array(ground, np.float32) * fade
    image = Image.fromarray(pixels.clip(0, 255).astype(np.uint8))
    _draw_things(image, place, things, horizon, source)
    image = image.filter(ImageFilter.BoxBlur(source.uniform(0.5, 4)))
    return Scene(_roughened(image, horizon, source), horizon)


def draw_obstacle(image: Image.Image, source: random.Random) -> None:
    """Something in front of the dog that hides a part of it."""
    width, height = image.size
    canvas = ImageDraw.Draw(image)
    colour = _jittered(source.choice(((64, 92, 48), (120, 92, 62), (150, 150, 152))), source)
    kind = source.randrange(3)
    if kind == 0:  # a post
        x, thick = source.uniform(0.1, 0.9) * width, source.uniform(0.03, 0.07) * width
        canvas.rectangle((x, 0, x + thick, height), fill=colour)
    elif kind == 1:  # grass
        top = height * source.uniform(0.8, 0.92)
        for _ in range(90):
            x = source.uniform(0, width)
            tip = (x + source.gauss(0, 8), top + source.uniform(-12, 22))
            canvas.line(((x, height), tip), fill=_shaded(colour, source), width=3)
    else:  # a ball or a stone
        r = source.uniform(0.06, 0.14) * width
        x, y = source.uniform(0.1, 0.9) * width, height - r * source.uniform(0.3, 1.2)
        canvas.ellipse((x - r, y - r, x + r, y + r), fill=colour)


def _jittered(colour: _Colour, source: random.Random) -> _Colour:
    gain = source.uniform(0.82, 1.15)
    r, g, b = (max(0, min(255, round(c * gain + source.gauss(0, 8)))) for c in colour)
    return r, g, b


def _shaded(colour: _Colour, source: random.Random) -> _Colour:
    gain = source.uniform(0.7, 1.25)
    r, g, b = (min(255, round(c * gain)) for c in colour)
    return r, g, b


def _draw_things(
    image: Image.Image, place: _Place, colour: _Colour, horizon: int, source: random.Random
) -> None:
    width = image.width
    canvas = ImageDraw.Draw(image)
    for _ in range(source.randrange(2, 7)):
        shade = _shaded(colour, source)
        x = source.uniform(-0.1, 1) * width
        if place.is_indoors:
            w, h = source.uniform(0.1, 0.35) * width, source.uniform(0.2, 0.9) * horizon
            y = horizon - h * source.uniform(0.6, 1.1)
            canvas.rectangle((x, y, x + w, y + h), fill=shade)
        else:
            r = source.uniform(0.06, 0.24) * width
            y = horizon - r * source.uniform(0.2, 0.9)
            canvas.ellipse((x - r, y - r * 0.8, x + r, y + r * 0.5), fill=shade)


def _roughened(image: Image.Image, horizon: int, source: random.Random) -> Image.Image:
    width, height = image.size
    field: NDArray[np.floating] = 0.88 + 0.24 * clouds(source, width, height, 26)
    ground = 0.86 + 0.28 * clouds(source, width, height, source.choice((2.5, 5, 11)))
    field[horizon:] *= ground[horizon:]
    field *= 0.97 + 0.06 * grain(source, width, height)
    pixels = np.asarray(image, np.float32) * field[..., np.newaxis]
    return Image.fromarray(pixels.clip(0, 255).astype(np.uint8))
