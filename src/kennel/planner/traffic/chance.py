"""Reproducible random numbers that plain Python and numpy make alike.

SplitMix64 (Steele, Lea, Flood 2014): the k-th number follows from the seed and k alone, so a
program without numpy sends at the very times that a simulation with numpy has simulated.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["gaps", "gaps_array"]

_MASK = (1 << 64) - 1
_GAMMA = 0x9E3779B97F4A7C15
_FIRST, _SECOND = 0xBF58476D1CE4E5B9, 0x94D049BB133111EB
_UNIT = 2.0**-53


def gaps(seed: int) -> Iterator[float]:
    """Exponential gaps of mean 1, without end."""
    state = _mixed(seed & _MASK)
    while True:
        state = (state + _GAMMA) & _MASK
        yield -math.log1p(-(_mixed(state) >> 11) * _UNIT)


def gaps_array(seed: int, first: int, count: int) -> NDArray[np.float64]:
    """The gaps number `first` to `first + count - 1` of `gaps(seed)`."""
    import numpy as np

    state = np.arange(first + 1, first + count + 1, dtype=np.uint64)
    state *= np.uint64(_GAMMA)
    state += np.uint64(_mixed(seed & _MASK))
    state = (state ^ (state >> np.uint64(30))) * np.uint64(_FIRST)
    state = (state ^ (state >> np.uint64(27))) * np.uint64(_SECOND)
    state ^= state >> np.uint64(31)
    result: NDArray[np.float64] = -np.log1p((state >> np.uint64(11)) * -_UNIT)
    return result


def _mixed(state: int) -> int:
    state = ((state ^ (state >> 30)) * _FIRST) & _MASK
    state = ((state ^ (state >> 27)) * _SECOND) & _MASK
    return state ^ (state >> 31)
