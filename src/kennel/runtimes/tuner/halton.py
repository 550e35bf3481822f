"""Points that fill a cube evenly from the first on: Halton's sequence, shifted at random."""

from __future__ import annotations

import random

__all__ = ["halton_point"]


def halton_point(dimensions: int, index: int, seed: int) -> list[float]:
    """The `index`-th point (from 1) of the sequence that `seed` shifts, each coordinate in [0, 1).

    A shift of all points by the same random vector, around the cube's edges, keeps them even
    (Cranley and Patterson, 1976).
    """
    shift = random.Random(seed)
    return [(_inverse(index, base) + shift.random()) % 1.0 for base in _primes(dimensions)]


def _inverse(index: int, base: int) -> float:
    """The index's digits in that base, mirrored at the point."""
    value, weight = 0.0, 1.0
    while index:
        weight /= base
        value += weight * (index % base)
        index //= base
    return value


def _primes(count: int) -> list[int]:
    primes: list[int] = []
    candidate = 2
    while len(primes) < count:
        if all(candidate % prime for prime in primes):
            primes.append(candidate)
        candidate += 1
    return primes
