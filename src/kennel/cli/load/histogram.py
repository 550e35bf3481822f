"""Latencies in bounded memory: every percentile to within half a percent."""

from __future__ import annotations

import math
from collections import Counter

__all__ = ["Histogram"]

_ERROR = 0.005  # of a value: half a bucket
_GROWTH = math.log((1 + _ERROR) / (1 - _ERROR))
_LEAST = 1e-6  # seconds; what is shorter counts as this
_MOST = 1e5
_HALF = 2 / (1 + (1 + _ERROR) / (1 - _ERROR))  # from a bucket's upper edge to its middle


class Histogram:
    """Counts of positive values in buckets that each reach 1 % further than the one before.

    At most 2,600 buckets, and only those that have something in them take memory.
    """

    __slots__ = ("_buckets", "count", "largest", "smallest", "total")

    def __init__(self) -> None:
        self._buckets: Counter[int] = Counter()
        self.count = 0
        self.total = 0.0
        self.smallest = math.inf
        self.largest = 0.0

    def add(self, value: float) -> None:
        """Counts a value, in seconds."""
        bounded = min(max(value, _LEAST), _MOST)
        self._buckets[math.ceil(math.log(bounded) / _GROWTH)] += 1
        self.count += 1
        self.total += value
        self.smallest = min(self.smallest, value)
        self.largest = max(self.largest, value)

    def merge(self, other: Histogram) -> None:
        """Adds another's counts."""
        self._buckets.update(other._buckets)
        self.count += other.count
        self.total += other.total
        self.smallest = min(self.smallest, other.smallest)
        self.largest = max(self.largest, other.largest)

    @property
    def mean(self) -> float | None:
        return self.total / self.count if self.count else None

    @property
    def buckets(self) -> int:
        """How many take memory."""
        return len(self._buckets)

    def percentile(self, percent: float) -> float | None:
        """The value that `percent` of all (0 to 100) do not exceed: the nearest rank. None if
        there is none."""
        if not self.count:
            return None
        rank = max(1, math.ceil(self.count * percent / 100))
        if rank >= self.count:
            return self.largest
        passed = 0
        for bucket in sorted(self._buckets):
            passed += self._buckets[bucket]
            if passed >= rank:
                middle = math.exp(bucket * _GROWTH) * _HALF
                return min(max(middle, self.smallest), self.largest)
        raise AssertionError("the counts add up")
