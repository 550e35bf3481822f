"""What identifies a metric, and where one of its stored points lies."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

import msgspec

__all__ = ["LEVELS", "Dimensions", "Metric", "Place", "canonical"]

Dimensions = tuple[tuple[str, str], ...]
"""(name, value) pairs."""

LEVELS = (1, 60, 300, 3600)
"""Seconds that one stored point may stand for. High-resolution data begins at 1, the rest at 60;
age makes both coarser."""


class Metric(NamedTuple):
    """One metric. Its dimensions are in the order of their names, so equal metrics are equal."""

    region: str
    namespace: str
    name: str
    dimensions: Dimensions

    @property
    def dimensions_key(self) -> str:
        """The dimensions as text, the same for equal ones; `dimensions_of` reads it."""
        return msgspec.json.encode(self.dimensions).decode()

    @staticmethod
    def dimensions_of(key: str) -> Dimensions:
        return msgspec.json.decode(key, type=Dimensions)


class Place(NamedTuple):
    """Where in a metric's history a point lies: the `level` seconds from `time` on (seconds since
    the epoch), of the values that were sent in one unit."""

    level: int
    time: int
    unit: str

    @classmethod
    def at(cls, level: int, timestamp: float, unit: str) -> Place:
        return cls(level, int(timestamp // level) * level, unit)


def canonical(dimensions: Mapping[str, str] | Iterable[tuple[str, str]]) -> Dimensions:
    """Dimensions in the order of their names."""
    pairs = dimensions.items() if isinstance(dimensions, Mapping) else dimensions
    return tuple(sorted(tuple(pair) for pair in pairs))
