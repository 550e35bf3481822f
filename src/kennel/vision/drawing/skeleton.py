"""A breed in a pose as shapes: which part of the dog each pixel is."""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from kennel.vision.drawing.breeds import Breed, Ears, Tail
from kennel.vision.drawing.pose import Pose
from kennel.vision.drawing.shapes import Point, limb, oval, polygon, smooth, turned

__all__ = ["Part", "Skeleton", "draw_skeleton"]

_WIDTH, _HEIGHT = 440, 360
_MIDDLE_X, _GROUND = 232.0, 330.0
_MARGIN = 10  # for fur that stands out


class Part(IntEnum):
    """The number of a part's pixels; what is drawn later covers what was drawn before."""

    NOTHING = 0
    FAR_LEG = 1
    FAR_EAR = 2
    TAIL = 3
    BODY = 4
    CHEST = 5
    LEG = 6
    PAW = 7
    NECK = 8
    HEAD = 9
    MUZZLE = 10
    EAR = 11


@dataclass(frozen=True, slots=True)
class Skeleton:
    """`parts` is as large as the dog, and a margin; all else is in its pixels."""

    parts: NDArray[np.uint8]
    nose: Point
    eye: Point
    mouth: tuple[Point, Point]
    throat: tuple[Point, Point]
    head: float
    back: float


def draw_skeleton(breed: Breed, pose: Pose) -> Skeleton:
    """The dog looks to the left."""
    image = Image.new("L", (_WIDTH, _HEIGHT))
    artist = _Artist(ImageDraw.Draw(image), breed, pose)
    artist.draw()
    left, top, right, bottom = image.getbbox() or (0, 0, _WIDTH, _HEIGHT)
    box = (left - _MARGIN, top - _MARGIN, right + _MARGIN, bottom + _MARGIN)
    return artist.skeleton(np.asarray(image.crop(box)), box[0], box[1])


class _Artist:
    def __init__(self, canvas: ImageDraw.ImageDraw, breed: Breed, pose: Pose) -> None:
        self._canvas = canvas
        self._breed = breed
        self._pose = pose
        self._length, self._depth = breed.build.value
        self._leg = float(breed.legs.value)
        self._tilt = 30.0 if pose.sits else 0.0
        # The body's middle at the shoulder: as high as the legs are, or as the rump is low.
        below = self._length * 0.38 if pose.sits else self._leg
        self._y = _GROUND - below - self._depth * (0.3 if pose.sits else 0.5)
        self._bulk = 1 + breed.fur.value / 60
        self._head = self._depth * 0.27 + 16
        self._pivot = (_MIDDLE_X - self._length * 0.3, self._y)

    def draw(self) -> None:
        shoulder, hip = self._at(-0.33, 0.22), self._at(0.36, 0.1)
        near_fore, far_fore, near_hind, far_hind = self._pose.swings
        self._fore_leg(shoulder, far_fore, Part.FAR_LEG)
        self._hind_leg(hip, far_hind, Part.FAR_LEG)
        self._draw_tail()
        self._draw_body()
        self._hind_leg(hip, near_hind, Part.LEG)
        self._fore_leg(shoulder, near_fore, Part.LEG)
        self._draw_head()

    def skeleton(self, parts: NDArray[np.uint8], left: float, top: float) -> Skeleton:
        """`left` and `top` say where on the canvas `parts` was cut out."""
        skull, tip, r = self._skull, self._tip, self._head
        along = math.radians(self._pose.nod)
        nose = (tip[0] - r * 0.12, tip[1] - r * 0.2)
        corner = (
            skull[0] - math.cos(along) * r * 0.55,
            skull[1] + r * 0.48 + math.sin(along) * r * 0.4,
        )
        chin = (tip[0] + r * 0.02, tip[1] + r * 0.22)
        neck = self._neck_foot
        middle = ((skull[0] + 2 * neck[0]) / 3, (skull[1] + 2 * neck[1]) / 3)
        across = (r * 0.5 * self._bulk, r * 0.42)

        def cut(x: float, y: float) -> Point:
            return x - left, y - top

        return Skeleton(
            parts=parts,
            nose=cut(*nose),
            eye=cut(skull[0] - r * 0.42, skull[1] - r * 0.2),
            mouth=(cut(*corner), cut(*chin)),
            throat=(
                cut(middle[0] - across[0], middle[1] - across[1] * 0.2),
                cut(middle[0] + across[0], middle[1] + across[1]),
            ),
            head=r,
            back=self._y - self._depth * 0.5 - top,
        )

    def _at(self, along: float, down: float) -> Point:
        """A point of the body, in its length and depth from its middle, as the body is tilted."""
        point = (_MIDDLE_X + along * self._length, self._y + down * self._depth)
        return turned([point], self._tilt, self._pivot)[0] if self._tilt else point

    def _draw_body(self) -> None:
        tuck = 0.2 if self._depth < 70 else 0.38
        bulk = self._bulk
        outline = [
            self._at(-0.36, -0.52 * bulk),
            self._at(-0.05, -0.45 * bulk),
            self._at(0.36, -0.5 * bulk),
            self._at(0.5, -0.18),
            self._at(0.48, 0.2),
            self._at(0.28, tuck * bulk),
            self._at(0.0, (tuck + 0.1) * bulk),
            self._at(-0.3, 0.56 * bulk),
            self._at(-0.52, 0.2),
            self._at(-0.52, -0.2),
        ]
        polygon(self._canvas, smooth(outline, closed=True), Part.BODY)
        chest = [
            self._at(-0.5, -0.05),
            self._at(-0.4, 0.2),
            self._at(-0.28, 0.5 * bulk),
            self._at(-0.32, 0.57 * bulk),
            self._at(-0.52, 0.22),
        ]
        polygon(self._canvas, smooth(chest, closed=True), Part.CHEST)

    def _fore_leg(self, shoulder: Point, swing: float, part: Part) -> None:
        if self._pose.sits:
            swing *= 0.3
        length = _GROUND - shoulder[1] - (5 if part is Part.FAR_LEG else 0)
        width = self._depth * 0.11 + 3
        straight = [
            shoulder,
            (shoulder[0] + 4, shoulder[1] + length * 0.45),
            (shoulder[0], shoulder[1] + length * 0.72),
            (shoulder[0] - 1, shoulder[1] + length - 5),
        ]
        points = turned(straight, swing, shoulder)
        limb(self._canvas, points, (width * 1.7, width * 1.2, width * 0.85, width * 0.8), part)
        self._paw(points[-1], width, part)

    def _hind_leg(self, hip: Point, swing: float, part: Part) -> None:
        width = self._depth * 0.11 + 3
        if self._pose.sits:
            knee = (hip[0] - self._depth * 0.5, min(hip[1] + self._depth * 0.25, _GROUND - 24))
            heel = (hip[0] - 2, _GROUND - 9)
            limb(self._canvas, [hip, knee, heel], (width * 2.6, width * 2.1, width), part)
            toe = (hip[0] - self._depth * 0.55, _GROUND - 6)
            limb(self._canvas, [heel, toe], (width * 0.9, width * 0.9), part)
            self._paw(toe, width, part)
            return
        length = _GROUND - hip[1] - (5 if part is Part.FAR_LEG else 0)
        bent = [
            hip,
            (hip[0] - self._depth * 0.16, hip[1] + length * 0.42),
            (hip[0] + self._depth * 0.17, hip[1] + length * 0.68),
            (hip[0] + self._depth * 0.1, hip[1] + length - 5),
        ]
        points = turned(bent, swing * 0.8, hip)
        limb(self._canvas, points, (width * 2.5, width * 1.7, width * 0.85, width * 0.75), part)
        self._paw(points[-1], width, part)

    def _paw(self, foot: Point, width: float, part: Part) -> None:
        number = Part.FAR_LEG if part is Part.FAR_LEG else Part.PAW
        oval(self._canvas, (foot[0] - width * 0.5, foot[1] + 1), width * 1.35, width * 0.75, number)

    def _draw_tail(self) -> None:
        x, y = self._at(0.47, -0.32)
        wag = self._pose.wag
        fat = self._depth * 0.06 + 3 + self._breed.fur.value * 0.5
        reach = self._depth * 0.9
        match self._breed.tail:
            case Tail.STUMP:
                knots, widths = [(x, y), (x + 14, y - 8)], [fat * 1.4, fat]
            case Tail.LOW:
                knots = [(x, y), (x + reach * 0.45, y + reach * 0.35 - wag * 16)]
                knots.append((x + reach * (0.5 + wag * 0.2), y + reach * 0.95 - wag * 30))
                widths = [fat * 1.2, fat, fat * 0.5]
            case Tail.SICKLE:
                knots = [(x, y), (x + reach * 0.5, y - reach * (0.3 + 0.2 * wag))]
                knots.append((x + reach * (0.45 - 0.1 * wag), y - reach * (0.9 + 0.2 * wag)))
                widths = [fat * 1.1, fat * 0.8, fat * 0.4]
            case Tail.PLUME:
                knots = [(x, y), (x + reach * 0.55, y - reach * 0.15 - wag * 20)]
                knots.append((x + reach * 1.05, y + reach * 0.1 - wag * 46))
                widths = [fat, fat * 2.6, fat * 0.8]
            case Tail.CURLED:
                knots = [
                    (x, y),
                    (x + 24, y - 24),
                    (x + 4, y - 46 - 4 * wag),
                    (x - 26, y - 30),
                    (x - 12, y - 14),
                ]
                widths = [fat * 1.3, fat * 1.5, fat * 1.3, fat, fat * 0.7]
        limb(self._canvas, knots, widths, Part.TAIL)

    def _draw_head(self) -> None:
        r, bulk = self._head, self._bulk
        along = math.radians(self._pose.nod)
        foot, skull, tip = self._neck_foot, self._skull, self._tip
        self._ear(skull, Part.FAR_EAR)
        limb(
            self._canvas,
            [self._at(-0.3, -0.1), foot, skull],
            (self._depth * 0.42 * bulk, r * 0.95 * bulk, r * 0.7 * bulk),
            Part.NECK,
        )
        oval(self._canvas, skull, r * (1 + (bulk - 1) * 0.6), r * 0.92 * bulk, Part.HEAD)
        root = (skull[0] - math.cos(along) * r * 0.45, skull[1] + r * 0.22)
        limb(self._canvas, [root, tip], (r * 0.64, r * 0.4), Part.MUZZLE)
        self._ear(skull, Part.EAR)

    @property
    def _neck_foot(self) -> Point:
        return self._at(-0.42, -0.26)

    @property
    def _skull(self) -> Point:
        angle = math.radians(self._pose.neck)
        length = self._head * 1.15 + self._depth * 0.1
        x, y = self._neck_foot
        return x - math.cos(angle) * length, y - math.sin(angle) * length

    @property
    def _tip(self) -> Point:
        along = math.radians(self._pose.nod)
        reach = self._head * 0.62 + self._breed.muzzle.value
        x, y = self._skull
        return x - math.cos(along) * reach, y + self._head * 0.26 + math.sin(along) * reach

    def _ear(self, skull: Point, part: Part) -> None:
        r = self._head
        x, y = skull[0] + r * 0.28, skull[1] - r * 0.55
        if part is Part.FAR_EAR:
            x, y = x - r * 0.55, y - r * 0.12
        is_far = part is Part.FAR_EAR
        match self._breed.ears:
            case Ears.PRICKED:
                tip = (x + r * 0.15, y - r * 1.0)
                points = [(x - r * 0.42, y + r * 0.1), tip, (x + r * 0.45, y + r * 0.3)]
            case Ears.BAT:
                points = smooth(
                    [
                        (x - r * 0.34, y + r * 0.1),
                        (x - r * 0.5, y - r * 0.8),
                        (x + r * 0.12, y - r * 1.5),
                        (x + r * 0.62, y - r * 0.7),
                        (x + r * 0.46, y + r * 0.3),
                    ],
                    closed=True,
                )
            case Ears.FOLDED:
                points = [
                    (x + r * 0.36, y + r * 0.25),
                    (x + r * 0.14, y - r * 0.5),
                    (x - r * 0.3, y - r * 0.34),
                    (x - r * 0.62, y + r * 0.3),
                    (x - r * 0.2, y + r * 0.1),
                ]
            case Ears.HANGING | Ears.LONG:
                drop = r * (1.15 if self._breed.ears is Ears.HANGING else 2.0)
                if is_far:
                    return  # behind the head
                points = smooth(
                    [
                        (x - r * 0.2, y + r * 0.05),
                        (x + r * 0.4, y + r * 0.1),
                        (x + r * 0.6, y + drop * 0.65),
                        (x + r * 0.28, y + drop),
                        (x - r * 0.1, y + drop * 0.7),
                    ],
                    closed=True,
                )
        polygon(self._canvas, points, part)
