"""How often each value occurred, for percentiles, in bounded space.

Up to EXACT_VALUES different values are kept as they are. Beyond that they fall into buckets whose
bounds grow by a constant factor (a DDSketch), so that a percentile is off by at most ACCURACY of
itself. Values are not negative: AWS has no percentiles of metrics with negative values.
"""

from __future__ import annotations

import math
from typing import Any

import msgspec

__all__ = ["ACCURACY", "EXACT_VALUES", "Distribution"]

EXACT_VALUES = 100
ACCURACY = 0.01

_GAMMA = (1 + ACCURACY) / (1 - ACCURACY)
_LOG_GAMMA = math.log(_GAMMA)
_ZERO = -(2**31)  # the bucket of everything that counts as nothing
_SMALLEST = 1e-12


class Distribution:
    """A multiset of values that are not negative."""

    __slots__ = ("_counts", "_exact")

    def __init__(self) -> None:
        self._exact = True
        # From a value, or once there are too many of them from a bucket's number, to its count.
        self._counts: dict[float, float] = {}

    def add(self, value: float, count: float = 1) -> None:
        """Adds `count` occurrences of a value."""
        key = value if self._exact else _bucket(value)
        self._counts[key] = self._counts.get(key, 0) + count
        if self._exact and len(self._counts) > EXACT_VALUES:
            self._coarsen()

    def merge(self, other: Distribution) -> None:
        """Adds everything that `other` holds."""
        if self._exact and not other._exact:
            self._coarsen()
        for key, count in other._counts.items():
            if other._exact:
                self.add(key, count)
            else:
                self._counts[key] = self._counts.get(key, 0) + count

    def percentile(self, percent: float) -> float:
        """The least value that has at least `percent` of all values at or below it.

        Source: none; AWS does not say how it interpolates. This is the nearest rank.
        """
        rank = sum(self._counts.values()) * percent / 100
        total = 0.0
        key = 0.0
        for key in sorted(self._counts):
            total += self._counts[key]
            if total >= rank * (1 - 1e-12):
                break
        return key if self._exact else _middle(key)

    def encode(self) -> bytes:
        """As stored; `decode` reads it."""
        keys = list(self._counts) if self._exact else [int(key) for key in self._counts]
        counts = [int(count) if count.is_integer() else count for count in self._floats()]
        return msgspec.msgpack.encode((self._exact, keys, counts))

    @classmethod
    def decode(cls, stored: bytes) -> Distribution:
        distribution = cls()
        values: tuple[bool, list[Any], list[Any]] = msgspec.msgpack.decode(stored)
        distribution._exact, keys, counts = values
        distribution._counts = dict(zip(keys, counts, strict=True))
        return distribution

    def _floats(self) -> list[float]:
        return [float(count) for count in self._counts.values()]

    def _coarsen(self) -> None:
        values, self._counts, self._exact = self._counts, {}, False
        for value, count in values.items():
            self.add(value, count)


def _bucket(value: float) -> int:
    return _ZERO if value < _SMALLEST else math.ceil(math.log(value) / _LOG_GAMMA)


def _middle(bucket: float) -> float:
    return 0.0 if bucket == _ZERO else 2 * _GAMMA**bucket / (_GAMMA + 1)
