"""Traffic by its rate over time: straight pieces, and arrivals drawn from them."""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import accumulate, count
from typing import TYPE_CHECKING

from kennel.planner.errors import BadTraffic
from kennel.planner.traffic.chance import gaps, gaps_array

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["Piece", "Profile"]

_PIECES = 1_000_000  # about 200 MB; a burst every second for ten days


@dataclass(frozen=True, slots=True)
class Piece:
    """`length` seconds in which the rate goes straight from `first` to `last` (requests/s)."""

    length: float
    first: float
    last: float

    @property
    def mass(self) -> float:
        """How many requests that are, on average."""
        return self.length * (self.first + self.last) / 2

    def rate(self, at: float) -> float:
        return self.first + (self.last - self.first) * at / self.length

    def when(self, mass: float) -> float:
        """How far into the piece so many requests are due."""
        slope = (self.last - self.first) / self.length
        root = math.sqrt(max(0.0, self.first * self.first + 2 * slope * mass))
        return min(self.length, 2 * mass / (self.first + root)) if mass > 0 else 0.0

    def shortened(self, length: float) -> Piece:
        return Piece(length, self.first, self.rate(length))


@dataclass(frozen=True)
class Profile:
    """Traffic of straight pieces.

    `is_even`: the requests come as evenly as the rate has it; otherwise independently of each
    other, as a Poisson process. Arrivals are drawn by inverting the rate's integral: exact, one
    random number a request.
    """

    text: str
    pieces: Sequence[Piece]
    is_even: bool = False
    _ends: Sequence[float] = field(init=False, repr=False, compare=False)
    _masses: Sequence[float] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        if not self.pieces or any(piece.length <= 0 for piece in self.pieces):
            raise BadTraffic(f"{self.text} lasts for no time")
        object.__setattr__(self, "_ends", list(accumulate(p.length for p in self.pieces)))
        object.__setattr__(self, "_masses", list(accumulate(p.mass for p in self.pieces)))

    @property
    def duration(self) -> float:
        return self._ends[-1]

    @property
    def expected(self) -> float:
        return self._masses[-1]

    @property
    def peak(self) -> float:
        return max(max(piece.first, piece.last) for piece in self.pieces)

    def rate(self, at: float) -> float:
        if not 0 <= at < self.duration:
            return 0.0
        index = bisect_right(self._ends, at)
        piece = self.pieces[index]
        return piece.rate(at - (self._ends[index] - piece.length))

    def over(self, duration: float) -> Profile:
        if duration <= 0:
            raise BadTraffic(f"{self.text} can't last for {duration:g} s")
        if len(self.pieces) * duration / self.duration > _PIECES:
            raise BadTraffic(f"{self.text} has too many changes for {duration:g} s")
        if len(self.pieces) == 1 and self.pieces[0].first == self.pieces[0].last:
            return replace(self, pieces=(replace(self.pieces[0], length=duration),))
        pieces: list[Piece] = []
        left = duration
        while left > 0:
            for piece in self.pieces:
                pieces.append(piece if piece.length <= left else piece.shortened(left))
                left -= piece.length
                if left <= 0:
                    break
        return replace(self, pieces=tuple(pieces))

    def faster(self, times: float) -> Profile:
        """The same requests in a shorter time: of policy time, in wall time."""
        pieces = [Piece(p.length / times, p.first * times, p.last * times) for p in self.pieces]
        return replace(self, pieces=tuple(pieces))

    def times(self, seed: int = 0) -> Iterator[float]:
        index, start, before = 0, 0.0, 0.0
        for mass in self._due(seed):
            while mass >= self._masses[index]:
                start, before = self._ends[index], self._masses[index]
                index += 1
                if index == len(self.pieces):
                    return
            yield start + self.pieces[index].when(mass - before)

    def arrivals(self, seed: int = 0, chunk: int = 65536) -> Iterator[NDArray[np.float64]]:
        import numpy as np

        table = np.array([(p.length, p.first, p.last) for p in self.pieces])
        lengths, firsts = table[:, 0], table[:, 1]
        slopes = (table[:, 2] - firsts) / lengths
        ends, masses = np.array(self._ends), np.array(self._masses)
        starts, befores = ends - lengths, masses - np.array([p.mass for p in self.pieces])
        done, reached = 0, 0.0
        while reached < self.expected:
            if self.is_even:
                due = np.arange(done, done + chunk) + 0.5
            else:
                due = gaps_array(seed, done, chunk)
                due[0] += reached
                np.cumsum(due, out=due)
            done, reached = done + chunk, float(due[-1])
            due = due[: np.searchsorted(due, self.expected, side="left")]
            if len(due) == 0:
                return
            index = np.searchsorted(masses, due, side="right")
            rest, first = due - befores[index], firsts[index]
            root = np.sqrt(np.maximum(0.0, first * first + 2 * slopes[index] * rest))
            # A rest of 0 where the rate begins at 0 would be 0/0.
            within = 2 * rest / np.maximum(first + root, 1e-300)
            times = starts[index] + np.clip(within, 0.0, lengths[index])
            # Where two pieces meet, rounding may turn two times by one bit.
            yield np.maximum.accumulate(times)

    def _due(self, seed: int) -> Iterator[float]:
        if self.is_even:
            return (number + 0.5 for number in count())
        return accumulate(gaps(seed))
