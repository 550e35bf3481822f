"""Values of one metric in one stretch of time, summed up."""

from __future__ import annotations

import math
from typing import Any

from kennel.services.cloudwatch.distribution import Distribution

__all__ = ["Aggregate"]


class Aggregate:
    """Count, sum, least, greatest and, unless only statistic sets came, the distribution."""

    __slots__ = ("count", "covered", "distribution", "maximum", "minimum", "total")

    def __init__(self) -> None:
        self.count = 0.0
        self.total = 0.0
        self.minimum = math.inf
        self.maximum = -math.inf
        self.covered = 0.0
        """How many of the values the distribution holds."""
        self.distribution = Distribution()

    def add(self, value: float, count: float = 1.0) -> None:
        """Adds `count` occurrences of a value."""
        self.count += count
        self.total += value * count
        if value < self.minimum:
            self.minimum = value
        if value > self.maximum:
            self.maximum = value
        if value >= 0:
            self.covered += count
            self.distribution.add(value, count)

    def add_set(self, count: float, total: float, minimum: float, maximum: float) -> None:
        """Adds values of which only a statistic set is known. It has percentiles where it can
        only stand for one value; source: PutMetricData's reference."""
        if minimum == maximum and math.isclose(total, minimum * count):
            self.add(minimum, count)
            return
        self.count += count
        self.total += total
        self.minimum = min(self.minimum, minimum)
        self.maximum = max(self.maximum, maximum)

    def merge(self, other: Aggregate) -> None:
        """Adds everything that `other` sums up."""
        self.count += other.count
        self.total += other.total
        self.minimum = min(self.minimum, other.minimum)
        self.maximum = max(self.maximum, other.maximum)
        self.covered += other.covered
        self.distribution.merge(other.distribution)

    def copy(self) -> Aggregate:
        duplicate = Aggregate()
        duplicate.merge(self)
        return duplicate

    def percentile(self, percent: float) -> float | None:
        """None where the values behind it are not known, or some are negative."""
        if self.covered != self.count:
            return None
        found = self.distribution.percentile(percent)
        return min(max(found, self.minimum), self.maximum)

    def encode(self) -> tuple[float, float, float, float, float, bytes]:
        """As a row holds it; `decode` reads it."""
        return (
            self.count,
            self.total,
            self.minimum,
            self.maximum,
            self.covered,
            self.distribution.encode(),
        )

    @classmethod
    def of(cls, count: float, total: float, minimum: float, maximum: float) -> Aggregate:
        """Values of which only the sums are known: without percentiles."""
        aggregate = cls()
        aggregate.count, aggregate.total = count, total
        aggregate.minimum, aggregate.maximum = minimum, maximum
        return aggregate

    @classmethod
    def decode(cls, row: tuple[Any, ...]) -> Aggregate:
        aggregate = cls()
        aggregate.count, aggregate.total, aggregate.minimum, aggregate.maximum = row[:4]
        aggregate.covered = row[4]
        aggregate.distribution = Distribution.decode(row[5])
        return aggregate
