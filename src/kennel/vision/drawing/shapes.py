"""Curves and tapering limbs on a canvas of part numbers."""

from __future__ import annotations

import math
from collections.abc import Sequence

from PIL import ImageDraw

__all__ = ["Point", "limb", "oval", "polygon", "smooth", "turned"]

Point = tuple[float, float]

_STEPS = 6  # points of a curve between two of its knots


def smooth(knots: Sequence[Point], closed: bool) -> list[Point]:
    """A Catmull-Rom curve through the knots."""
    count = len(knots)
    spans = count if closed else count - 1
    curve: list[Point] = []
    for span in range(spans):
        if closed:
            a, b, c, d = (knots[(span + step) % count] for step in (-1, 0, 1, 2))
        else:
            a, b = knots[max(span - 1, 0)], knots[span]
            c, d = knots[span + 1], knots[min(span + 2, count - 1)]
        for step in range(_STEPS):
            t = step / _STEPS
            curve.append((_between(a[0], b[0], c[0], d[0], t), _between(a[1], b[1], c[1], d[1], t)))
    if not closed:
        curve.append(knots[-1])
    return curve


def _between(a: float, b: float, c: float, d: float, t: float) -> float:
    return 0.5 * (
        2 * b + (c - a) * t + (2 * a - 5 * b + 4 * c - d) * t**2 + (3 * b - a - 3 * c + d) * t**3
    )


def turned(points: Sequence[Point], degrees: float, around: Point) -> list[Point]:
    """The points turned, clockwise on the canvas."""
    sine, cosine = math.sin(math.radians(degrees)), math.cos(math.radians(degrees))
    x0, y0 = around
    return [
        (x0 + (x - x0) * cosine - (y - y0) * sine, y0 + (x - x0) * sine + (y - y0) * cosine)
        for x, y in points
    ]


def polygon(canvas: ImageDraw.ImageDraw, points: Sequence[Point], part: int) -> None:
    canvas.polygon(points, fill=part)


def oval(
    canvas: ImageDraw.ImageDraw, centre: Point, width: float, height: float, part: int
) -> None:
    """An ellipse by its half axes."""
    x, y = centre
    canvas.ellipse((x - width, y - height, x + width, y + height), fill=part)


def limb(
    canvas: ImageDraw.ImageDraw, knots: Sequence[Point], widths: Sequence[float], part: int
) -> None:
    """A rounded stroke along a curve, its half width going from knot to knot."""
    curve = smooth(knots, closed=False)
    last = len(curve) - 1
    for number, (x, y) in enumerate(curve):
        place = number / last * (len(widths) - 1)
        lower = min(int(place), len(widths) - 2)
        share = place - lower
        radius = widths[lower] * (1 - share) + widths[lower + 1] * share
        canvas.ellipse((x - radius, y - radius, x + radius, y + radius), fill=part)
        if number:
            before = curve[number - 1]
            canvas.line((before, (x, y)), fill=part, width=max(1, round(2 * radius)))
