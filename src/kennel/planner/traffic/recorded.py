"""Traffic as it was: the times of single requests."""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from kennel.planner.errors import BadTraffic

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["Recorded"]

_WINDOW = 60.0  # of the rate: what CloudWatch would have shown


@dataclass(frozen=True)
class Recorded:
    """The very times of a log, from its first request on; seeds change nothing."""

    text: str
    moments: Sequence[float]
    duration: float

    @classmethod
    def of(cls, text: str, moments: Sequence[float]) -> Recorded:
        """From times in any order and from any origin. It lasts until a usual gap after the last.

        Raises BadTraffic if there are fewer than two different ones.
        """
        ordered = array("d", sorted(moments))
        if len(ordered) < 2 or ordered[0] == ordered[-1]:
            raise BadTraffic(f"{text} has fewer than two arrivals at different times")
        origin, length = ordered[0], ordered[-1] - ordered[0]
        moved = array("d", (moment - origin for moment in ordered))
        return cls(text, moved, length * len(ordered) / (len(ordered) - 1))

    @property
    def expected(self) -> float:
        return float(len(self.moments))

    @property
    def peak(self) -> float:
        starts = range(int(self.duration / _WINDOW) + 1)
        return max(self._mean(start * _WINDOW, (start + 1) * _WINDOW) for start in starts)

    def rate(self, at: float) -> float:
        """Averaged over the minute around it."""
        if not 0 <= at < self.duration:
            return 0.0
        return self._mean(at - _WINDOW / 2, at + _WINDOW / 2)

    def over(self, duration: float) -> Recorded:
        if duration <= 0:
            raise BadTraffic(f"{self.text} can't last for {duration:g} s")
        moments = array("d")
        start = 0.0
        while start < duration:
            last = bisect_left(self.moments, duration - start)
            moments.extend(moment + start for moment in self.moments[:last])
            start += self.duration
        return Recorded(self.text, moments, duration)

    def times(self, seed: int = 0) -> Iterator[float]:
        return iter(self.moments)

    def arrivals(self, seed: int = 0, chunk: int = 65536) -> Iterator[NDArray[np.float64]]:
        import numpy as np

        for first in range(0, len(self.moments), chunk):
            yield np.array(self.moments[first : first + chunk], dtype=np.float64)

    def _mean(self, start: float, end: float) -> float:
        start, end = max(0.0, start), min(self.duration, end)
        if end <= start:
            return 0.0
        found = bisect_left(self.moments, end) - bisect_left(self.moments, start)
        return found / (end - start)
