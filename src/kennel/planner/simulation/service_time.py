"""How long an instance or an environment works on one request."""

from __future__ import annotations

import math
from array import array
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import Enum
from statistics import NormalDist

__all__ = ["NOTHING", "ServiceTime", "Shape"]


class Shape(Enum):
    """The kinds of distribution."""

    CONSTANT = "constant"
    EXPONENTIAL = "exponential"
    LOGNORMAL = "lognormal"
    SAMPLES = "samples"
    GIVEN = "given"


@dataclass(frozen=True, slots=True)
class ServiceTime:
    """A distribution of seconds, all of wall time.

    `first` and `second` are its parameters: the constant; the mean; the mean and the deviation of
    the logarithm. `values` are the samples that are drawn from (evenly, with replacement), or what
    is given: request k takes value k. Request k's time follows from the seed and k alone, so that
    two settings are compared under the same work.
    """

    shape: Shape
    first: float = 0.0
    second: float = 0.0
    values: Sequence[float] = ()

    def __post_init__(self) -> None:
        numbers = (self.first, self.second, *self.values)
        if any(not math.isfinite(number) for number in numbers):
            raise ValueError("a service time is a finite number of seconds")
        if self.shape is not Shape.LOGNORMAL and min(numbers) < 0:
            raise ValueError("a service time is not negative")
        if self.shape in (Shape.SAMPLES, Shape.GIVEN) and not self.values:
            raise ValueError("there are no service times to draw from")

    @classmethod
    def constant(cls, seconds: float) -> ServiceTime:
        return cls(Shape.CONSTANT, seconds)

    @classmethod
    def exponential(cls, mean: float) -> ServiceTime:
        return cls(Shape.EXPONENTIAL, mean)

    @classmethod
    def lognormal(cls, median: float, p99: float) -> ServiceTime:
        """By two of its quantiles, which is how people know latencies. Raises ValueError unless
        0 < median <= p99."""
        if not 0 < median <= p99:
            raise ValueError("a lognormal service time has 0 < median <= p99")
        return cls(Shape.LOGNORMAL, math.log(median), math.log(p99 / median) / _P99_DEVIATIONS)

    @classmethod
    def samples(cls, seconds: Iterable[float]) -> ServiceTime:
        return cls(Shape.SAMPLES, values=array("d", seconds))

    @classmethod
    def given(cls, seconds: Iterable[float]) -> ServiceTime:
        """One value a request, in order of arrival; there must be enough of them."""
        return cls(Shape.GIVEN, values=array("d", seconds))

    @property
    def mean(self) -> float:
        """Seconds."""
        if self.values:
            return math.fsum(self.values) / len(self.values)
        if self.shape is Shape.LOGNORMAL:
            return math.exp(self.first + self.second**2 / 2)
        return self.first

    def percentile(self, percent: float) -> float:
        """Seconds that so many percent stay below; 0 < percent < 100."""
        share = percent / 100
        if self.values:
            return sorted(self.values)[int(share * len(self.values))]
        if self.shape is Shape.LOGNORMAL:
            return math.exp(self.first + self.second * NormalDist().inv_cdf(share))
        return -self.first * math.log1p(-share) if self.shape is Shape.EXPONENTIAL else self.first


_P99_DEVIATIONS = 2.3263478740408408  # the standard normal distribution's 99th percentile

NOTHING = ServiceTime.constant(0.0)
