"""Random numbers, each by its seed and its place alone: the compiled twin of
`kennel.planner.traffic.chance`, and the quantiles that turn them into service times.

The normal quantile is algorithm AS 241 (Wichura 1988), exact to about 1e-16.
"""

from __future__ import annotations

import math

import numpy as np

from kennel.planner.compiled.jit import compiled

__all__ = ["mixed", "normal_quantile", "unit"]

_GAMMA = np.uint64(0x9E3779B97F4A7C15)
_FIRST, _SECOND = np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB)
_11, _27, _30, _31 = np.uint64(11), np.uint64(27), np.uint64(30), np.uint64(31)
_UNIT = 2.0**-53

_CENTRE = 0.425
_TAIL = 5.0


@compiled
def mixed(state: np.uint64) -> np.uint64:
    """SplitMix64's mixing of 64 bits."""
    state = np.uint64(state)
    state = (state ^ (state >> _30)) * _FIRST
    state = (state ^ (state >> _27)) * _SECOND
    return state ^ (state >> _31)


@compiled
def unit(key: np.uint64, number: int) -> float:
    """Number `number` (from 0) of the stream `key = mixed(seed)`, evenly in [0, 1)."""
    # numba hands a uint64 to Python as an int, which may come back as an int64.
    state = np.uint64(key) + np.uint64(number + 1) * _GAMMA
    return np.float64(mixed(state) >> _11) * _UNIT


@compiled
def normal_quantile(share: float) -> float:
    """Where the standard normal distribution reaches a share; finite for 0 too."""
    q = share - 0.5
    if abs(q) <= _CENTRE:
        return q * _central(0.180625 - q * q)
    r = share if q < 0 else 1.0 - share
    r = math.sqrt(-math.log(max(r, _UNIT / 2)))
    far = _tail(r - 1.6) if r <= _TAIL else _far_tail(r - _TAIL)
    return -far if q < 0 else far


@compiled
def _central(r: float) -> float:
    above = 2509.0809287301226727 * r + 33430.575583588128105
    above = above * r + 67265.770927008700853
    above = above * r + 45921.953931549871457
    above = above * r + 13731.693765509461125
    above = above * r + 1971.5909503065514427
    above = above * r + 133.14166789178437745
    above = above * r + 3.387132872796366608
    below = 5226.495278852545925 * r + 28729.085735721942674
    below = below * r + 39307.89580009271061
    below = below * r + 21213.794301586595867
    below = below * r + 5394.1960214247511077
    below = below * r + 687.1870074920579083
    below = below * r + 42.313330701600911252
    return above / (below * r + 1.0)


@compiled
def _tail(r: float) -> float:
    above = 7.7454501427834140764e-4 * r + 0.0227238449892691845833
    above = above * r + 0.24178072517745061177
    above = above * r + 1.27045825245236838258
    above = above * r + 3.64784832476320460504
    above = above * r + 5.7694972214606914055
    above = above * r + 4.6303378461565452959
    above = above * r + 1.42343711074968357734
    below = 1.05075007164441684324e-9 * r + 5.475938084995344946e-4
    below = below * r + 0.0151986665636164571966
    below = below * r + 0.14810397642748007459
    below = below * r + 0.68976733498510000455
    below = below * r + 1.6763848301838038494
    below = below * r + 2.05319162663775882187
    return above / (below * r + 1.0)


@compiled
def _far_tail(r: float) -> float:
    above = 2.01033439929228813265e-7 * r + 2.71155556874348757815e-5
    above = above * r + 0.0012426609473880784386
    above = above * r + 0.026532189526576123093
    above = above * r + 0.29656057182850489123
    above = above * r + 1.7848265399172913358
    above = above * r + 5.4637849111641143699
    above = above * r + 6.6579046435011037772
    below = 2.04426310338993978564e-15 * r + 1.4215117583164458887e-7
    below = below * r + 1.8463183175100546818e-5
    below = below * r + 7.868691311456132591e-4
    below = below * r + 0.0148753612908506148525
    below = below * r + 0.13692988092273580531
    below = below * r + 0.59983220655588793769
    return above / (below * r + 1.0)
