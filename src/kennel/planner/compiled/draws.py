"""Arrays of arrivals and of service times, drawn by their numbers."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from kennel.planner.compiled.chance import normal_quantile, unit
from kennel.planner.compiled.jit import compiled

__all__ = [
    "draw_arrivals",
    "draw_exponential",
    "draw_lognormal",
    "draw_samples",
]


@compiled
def draw_exponential(key: np.uint64, first: int, mean: float, out: NDArray[np.float64]) -> None:
    """Times of an exponential distribution, the numbers `first` and following."""
    for index in range(len(out)):
        out[index] = -mean * math.log(1.0 - unit(key, first + index))


@compiled
def draw_lognormal(
    key: np.uint64, first: int, mean: float, deviation: float, out: NDArray[np.float64]
) -> None:
    """Times whose logarithm is normal with that mean and deviation."""
    for index in range(len(out)):
        out[index] = math.exp(mean + deviation * normal_quantile(unit(key, first + index)))


@compiled
def draw_samples(
    key: np.uint64, first: int, samples: NDArray[np.float64], out: NDArray[np.float64]
) -> None:
    """Times out of these, evenly."""
    for index in range(len(out)):
        out[index] = samples[int(unit(key, first + index) * len(samples))]


@compiled
def draw_arrivals(
    key: np.uint64,
    pieces: NDArray[np.float64],
    is_even: bool,
    place: NDArray[np.float64],
    out: NDArray[np.float64],
) -> int:
    """The next arrivals of a profile; returns how many, fewer than fit at its end.

    A row of `pieces` is (length, first rate, last rate). `place` is where the last call stopped:
    number of the next arrival, requests due until it, the piece, its start, requests due before it.
    """
    number, reached, row = int(place[0]), place[1], int(place[2])
    start, before = place[3], place[4]
    count = 0
    while count < len(out) and row < len(pieces):
        due = number + 0.5 if is_even else reached - math.log(1.0 - unit(key, number))
        length, rate, last = pieces[row]
        mass = length * (rate + last) / 2
        while due >= before + mass:
            start, before, row = start + length, before + mass, row + 1
            if row == len(pieces):
                break
            length, rate, last = pieces[row]
            mass = length * (rate + last) / 2
        if row == len(pieces):
            break
        out[count] = start + min(length, _within(due - before, rate, (last - rate) / length))
        number, reached, count = number + 1, due, count + 1
    place[0], place[1], place[2], place[3], place[4] = number, reached, row, start, before
    return count


@compiled
def _within(mass: float, rate: float, slope: float) -> float:
    """How far into a piece so many requests are due."""
    if slope == 0.0:
        return mass / rate
    root = math.sqrt(max(0.0, rate * rate + 2.0 * slope * mass))
    return 2.0 * mass / max(rate + root, 1e-300)
