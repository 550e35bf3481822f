"""From a skeleton to a dog: markings, fur, light on its shape, eyes and nose."""

from __future__ import annotations

import random

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFilter

from kennel.vision.drawing.breeds import Breed, Fur, Marking
from kennel.vision.drawing.pose import Pose
from kennel.vision.drawing.skeleton import Part, Skeleton, draw_skeleton
from kennel.vision.drawing.texture import clouds, grain

__all__ = ["draw_dog"]

_Field = NDArray[np.floating]

# How much of the second colour each part has, by marking.
_SECOND: dict[Marking, dict[Part, float]] = {
    Marking.PLAIN: {},
    Marking.SADDLE: dict.fromkeys((Part.CHEST, Part.LEG, Part.PAW, Part.MUZZLE), 1.0)
    | {Part.FAR_LEG: 1.0, Part.HEAD: 0.75, Part.NECK: 0.5},
    Marking.MASK: {Part.MUZZLE: 1.0, Part.EAR: 0.9, Part.FAR_EAR: 0.9, Part.TAIL: 0.5},
    Marking.BIB: {Part.CHEST: 1.0, Part.PAW: 1.0, Part.MUZZLE: 0.9},
    Marking.PATCHES: {},
    Marking.SPOTS: {Part.EAR: 0.8},
    Marking.BRINDLE: {},
}
_DARKER = {Part.FAR_LEG: 0.66, Part.FAR_EAR: 0.66, Part.EAR: 0.84, Part.MUZZLE: 0.97}


def draw_dog(breed: Breed, pose: Pose, light: float, source: random.Random) -> Image.Image:
    """An RGBA picture; `light` says where the light comes from, from -1 (left)
    to 1."""
    skeleton = draw_skeleton(breed, pose)
    second = _second_colour(breed.marking, skeleton, source)
    main, other = (_varied(colour, source) for colour in breed.coat.value)
    colours = second[..., np.newaxis] * (other - main)
    colours += main
    shade = _relief(skeleton, light) * _fur(skeleton, breed.fur, source)
    darker = np.ones(len(Part), np.float32)
    for part, value in _DARKER.items():
        darker[part] = value
    shade *= darker[skeleton.parts]
    colours *= shade[..., np.newaxis]
    image = Image.fromarray(np.clip(colours, 0, 255, out=colours).astype(np.uint8))
    _draw_face(image, skeleton, pose, source)
    image.putalpha(_outline(skeleton, breed.fur, source))
    return image


def _varied(colour: tuple[int, int, int], source: random.Random) -> _Field:
    """No two dogs of a breed have quite the same colour."""
    gain = source.uniform(0.88, 1.12)
    return np.array([c * gain + source.gauss(0, 4) for c in colour], np.float32)


def _second_colour(marking: Marking, skeleton: Skeleton, source: random.Random) -> _Field:
    height, width = skeleton.parts.shape
    table = np.zeros(len(Part), np.float32)
    for part, share in _SECOND[marking].items():
        table[part] = share
    field = table[skeleton.parts]
    if marking is Marking.PATCHES:
        field = np.maximum(field, _step(clouds(source, width, height, 62), 0.52, 24))
    elif marking is Marking.SPOTS:
        field = np.maximum(field, _step(clouds(source, width, height, 13), 0.66, 14))
    elif marking is Marking.BRINDLE:
        stripes = Image.fromarray(
            (clouds(source, width, height // 4, 9) * 255).clip(0, 255).astype(np.uint8)
        ).resize((width, height))
        field = np.maximum(field, 0.6 * _step(np.asarray(stripes, np.float32) / 255, 0.55, 16))
    elif marking is Marking.SADDLE:
        # Its lower edge is ragged.
        rows = np.arange(height, dtype=np.float32)[:, np.newaxis]
        edge = skeleton.back + 30 + 26 * clouds(source, width, height, 30)
        is_body = (skeleton.parts == Part.BODY) | (skeleton.parts == Part.TAIL)
        field = np.where(is_body, ((rows - edge) / 14).clip(0, 1), field)
    soft = Image.fromarray((field.clip(0, 1) * 255).astype(np.uint8))
    return np.asarray(soft.filter(ImageFilter.BoxBlur(2)), np.float32) / 255


def _step(field: _Field, threshold: float, steepness: float) -> _Field:
    return ((field - threshold) * steepness + 0.5).clip(0, 1)


def _relief(skeleton: Skeleton, light: float) -> _Field:
    """Shading as of something round, and a dark seam where one part covers another."""
    body = Image.fromarray(((skeleton.parts > 0) * 255).astype(np.uint8))
    bulge = np.asarray(body.filter(ImageFilter.BoxBlur(13)), np.float32) / 255
    across = round(8 * light)
    slope = np.roll(bulge, (9, -across), (0, 1)) - np.roll(bulge, (-9, across), (0, 1))
    shade = 0.94 - 0.42 * slope
    parts = skeleton.parts.astype(np.int16)
    seams = (np.abs(parts - np.roll(parts, 1, 0)) + np.abs(parts - np.roll(parts, 1, 1))) > 0
    lines = Image.fromarray((seams * 255).astype(np.uint8)).filter(ImageFilter.BoxBlur(1.2))
    result: _Field = shade * (1 - 0.34 * np.asarray(lines, np.float32) / 255)
    return result


def _fur(skeleton: Skeleton, fur: Fur, source: random.Random) -> _Field:
    height, width = skeleton.parts.shape
    if fur is Fur.SMOOTH:
        return 0.97 + 0.06 * grain(source, width, height)
    size, depth = (4, 0.24) if fur is Fur.ROUGH else (7, 0.42)
    return (1 - depth / 2) + depth * clouds(source, width, height, size)


def _outline(skeleton: Skeleton, fur: Fur, source: random.Random) -> Image.Image:
    """The alpha channel: a sharp edge, or one that frays."""
    body = Image.fromarray(((skeleton.parts > 0) * 255).astype(np.uint8))
    if fur is Fur.SMOOTH:
        return body.filter(ImageFilter.BoxBlur(0.8))
    soft = np.asarray(body.filter(ImageFilter.BoxBlur(fur.value)), np.float32) / 255
    height, width = skeleton.parts.shape
    size = 5 if fur is Fur.ROUGH else 8
    # Only where the edge is: nothing floats in the air, and no holes are in the dog.
    ragged = 5 * soft * (1 - soft) * (clouds(source, width, height, size) - 0.5)
    frayed = _step(soft + ragged, 0.42, 6)
    return Image.fromarray((frayed * 255).astype(np.uint8))


def _draw_face(image: Image.Image, skeleton: Skeleton, pose: Pose, source: random.Random) -> None:
    canvas = ImageDraw.Draw(image)
    r = skeleton.head
    x, y = skeleton.nose
    canvas.ellipse((x - r * 0.2, y - r * 0.16, x + r * 0.2, y + r * 0.16), fill=(28, 24, 26))
    canvas.ellipse((x - r * 0.1, y - r * 0.12, x, y - r * 0.04), fill=(120, 116, 120))
    corner, chin = skeleton.mouth
    if pose.tongue:
        middle = ((corner[0] + 2 * chin[0]) / 3, (corner[1] + 2 * chin[1]) / 3)
        box = (middle[0] - r * 0.16, middle[1], middle[0] + r * 0.18, middle[1] + r * 0.56)
        canvas.ellipse(box, fill=(214, 106, 116))
    canvas.line((corner, chin), fill=(46, 34, 34), width=2)
    x, y = skeleton.eye
    if pose.eye_closed:
        canvas.arc((x - r * 0.2, y - r * 0.2, x + r * 0.2, y + r * 0.1), 20, 160, (30, 24, 22), 2)
    else:
        iris = source.choice(((66, 40, 22), (98, 62, 28), (52, 34, 26)))
        canvas.ellipse((x - r * 0.19, y - r * 0.17, x + r * 0.19, y + r * 0.17), fill=(24, 18, 18))
        canvas.ellipse((x - r * 0.14, y - r * 0.13, x + r * 0.14, y + r * 0.13), fill=iris)
        canvas.ellipse((x - r * 0.07, y - r * 0.07, x + r * 0.07, y + r * 0.07), fill=(10, 8, 8))
        canvas.ellipse((x - r * 0.1, y - r * 0.11, x - r * 0.02, y - r * 0.03), fill=(240,) * 3)
    if source.random() < 0.3:
        colour = source.choice(((176, 40, 44), (38, 82, 158), (44, 126, 76), (220, 176, 48)))
        canvas.line(skeleton.throat, fill=colour, width=max(4, round(r * 0.22)))
