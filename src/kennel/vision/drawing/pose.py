"""How a dog stands, where it looks and what it does with its tail."""

from __future__ import annotations

import random
from dataclasses import dataclass

__all__ = ["Pose"]


@dataclass(frozen=True, slots=True)
class Pose:
    """`swings` are the legs' angles (near fore, far fore, near hind, far hind), `neck` the angle
    of the neck above the horizontal, `nod` that of the muzzle below it, all in degrees; `wag` goes
    from -1 (low) to 1."""

    sits: bool
    swings: tuple[float, float, float, float]
    neck: float
    nod: float
    wag: float
    tongue: bool
    eye_closed: bool

    @classmethod
    def any(cls, source: random.Random) -> Pose:
        """One that a dog might take."""
        stride = source.choice((0.0, 0.0, source.uniform(6, 24)))
        sign = source.choice((-1, 1))
        swings = (
            stride * sign + source.gauss(0, 3),
            -stride * sign + source.gauss(0, 3) + 5,
            -stride * sign + source.gauss(0, 3),
            stride * sign + source.gauss(0, 3) + 6,
        )
        return cls(
            sits=source.random() < 0.22,
            swings=swings,
            neck=source.uniform(28, 66),
            nod=source.uniform(-12, 26),
            wag=source.uniform(-0.6, 1),
            tongue=source.random() < 0.3,
            eye_closed=source.random() < 0.06,
        )
