"""A distribution of durations in bounded memory."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["BINS", "BINS_AN_OCTAVE", "LOWEST_OCTAVE", "Histogram"]

BINS_AN_OCTAVE = 128  # a bin is 1/128 to 1/256 of its values wide
LOWEST_OCTAVE = -24  # 60 ns; what is shorter counts in the first bin, as 0
_OCTAVES = 44  # to twelve days; what is longer counts in the last bin
BINS = BINS_AN_OCTAVE * _OCTAVES


@dataclass(frozen=True, slots=True)
class Histogram:
    """Counts per bin; each power of two is cut into 128 bins of the same width, so a percentile
    is at most 0.8 % away from the true one. `total` is the exact sum, in seconds."""

    counts: NDArray[np.int64]
    total: float

    @property
    def count(self) -> int:
        return int(self.counts.sum())

    @property
    def mean(self) -> float:
        """Seconds; nan of nothing."""
        return self.total / self.count if self.count else float("nan")

    def percentile(self, percent: float) -> float:
        """Seconds that so many percent stay within, 0 to 100; nan of nothing."""
        import numpy as np

        reached = np.cumsum(self.counts)
        if reached[-1] == 0:
            return float("nan")
        rank = max(percent / 100 * float(reached[-1]), 1e-9)
        index = int(np.searchsorted(reached, rank, side="left"))
        if index == 0:
            return 0.0
        before = float(reached[index] - self.counts[index])
        share = (rank - before) / float(self.counts[index])
        return _edge(index) + share * (_edge(index + 1) - _edge(index))

    def share_over(self, seconds: float) -> float:
        """How many of all last longer, 0 to 1; nan of nothing."""
        if not self.count:
            return float("nan")
        low, high = 0, BINS
        while low < high:
            index = (low + high) // 2
            if _edge(index + 1) <= seconds:
                low = index + 1
            else:
                high = index
        if low == BINS:
            return 0.0
        width = _edge(low + 1) - _edge(low)
        part = min(1.0, max(0.0, (_edge(low + 1) - seconds) / width))
        over = float(self.counts[low + 1 :].sum()) + part * float(self.counts[low])
        return over / self.count

    def __add__(self, other: Histogram) -> Histogram:
        return Histogram(self.counts + other.counts, self.total + other.total)


def _edge(index: int) -> float:
    """Where a bin begins; the first one at 0."""
    if index == 0:
        return 0.0
    octave, part = divmod(index, BINS_AN_OCTAVE)
    return float(2.0 ** (LOWEST_OCTAVE + octave) * (1 + part / BINS_AN_OCTAVE))
