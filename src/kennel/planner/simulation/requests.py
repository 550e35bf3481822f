"""The requests of a simulation: when each comes and how long it takes, in bounded memory."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from kennel.planner.compiled.chance import mixed
from kennel.planner.compiled.draws import (
    draw_arrivals,
    draw_exponential,
    draw_lognormal,
    draw_samples,
)
from kennel.planner.errors import BadPlan
from kennel.planner.simulation.service_time import ServiceTime, Shape
from kennel.planner.traffic import Profile, Traffic

__all__ = ["Chunk", "Draw", "chunks", "service_draw", "stream_key"]

Chunk: TypeAlias = "tuple[NDArray[np.float64], NDArray[np.float64]]"
"""Arrivals, never decreasing, and service times."""

Draw: TypeAlias = "Callable[[int, NDArray[np.float64]], None]"
"""Fills an array with the times of the requests from a number on."""

_CHUNK = 32768  # two arrays of it stay in a core's cache
_SERVICE_STREAM = 0x5E41CE71  # sets service times apart from the arrivals of the same seed
_MASK = (1 << 64) - 1


def chunks(traffic: Traffic, service_time: ServiceTime, seed: int) -> Iterator[Chunk]:
    """All requests, in order. An array is only good until the next is asked for.

    Raises BadPlan when service times were given and are too few.
    """
    draw = service_draw(service_time, seed)
    services = np.empty(_CHUNK)
    first = 0
    for arrivals in _arrivals(traffic, seed):
        part = services[: len(arrivals)]
        draw(first, part)
        yield arrivals, part
        first += len(arrivals)


def service_draw(service_time: ServiceTime, seed: int, stream: int = _SERVICE_STREAM) -> Draw:
    """Draws request k's service time by the seed, the stream and k alone."""
    key = stream_key(seed, stream)
    first, second = service_time.first, service_time.second
    values = np.asarray(service_time.values, dtype=np.float64)
    match service_time.shape:
        case Shape.CONSTANT:
            return lambda number, out: out.fill(first)
        case Shape.EXPONENTIAL:
            return lambda number, out: draw_exponential(key, number, first, out)
        case Shape.LOGNORMAL:
            return lambda number, out: draw_lognormal(key, number, first, second, out)
        case Shape.SAMPLES:
            return lambda number, out: draw_samples(key, number, values, out)
        case Shape.GIVEN:
            return lambda number, out: _give(values, number, out)


def _give(values: NDArray[np.float64], number: int, out: NDArray[np.float64]) -> None:
    part = values[number : number + len(out)]
    if len(part) < len(out):
        raise BadPlan(f"there are {len(values)} given service times and more requests")
    out[:] = part


def _arrivals(traffic: Traffic, seed: int) -> Iterator[NDArray[np.float64]]:
    if not isinstance(traffic, Profile):
        yield from traffic.arrivals(seed, _CHUNK)
        return
    key = _key(seed)
    pieces = np.array([(piece.length, piece.first, piece.last) for piece in traffic.pieces])
    place, out = np.zeros(5), np.empty(_CHUNK)
    while True:
        count = draw_arrivals(key, pieces, traffic.is_even, place, out)
        yield out[:count]
        if count < len(out):
            return


def stream_key(seed: int, stream: int) -> np.uint64:
    """The key of one of a seed's streams of random numbers, for `compiled.chance.unit`."""
    return _key(seed ^ (stream << 32))


def _key(seed: int) -> np.uint64:
    return np.uint64(mixed(np.uint64(seed & _MASK)))
