"""Token buckets: the compiled twin of `kennel.scaling.admission.Bucket`.

A row of an array is (rate, capacity, tokens, when the tokens were right).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from kennel.planner.compiled.jit import compiled

__all__ = ["level", "resize", "take"]

RATE, CAPACITY, TOKENS, AT = 0, 1, 2, 3


@compiled
def level(bucket: NDArray[np.float64], now: float) -> float:
    """Tokens now."""
    filled: float = bucket[TOKENS] + max(0.0, now - bucket[AT]) * bucket[RATE]
    return min(float(bucket[CAPACITY]), filled)


@compiled
def take(bucket: NDArray[np.float64], now: float) -> None:
    """One token less; there must be one."""
    bucket[TOKENS] = level(bucket, now) - 1.0
    bucket[AT] = max(now, bucket[AT])


@compiled
def resize(bucket: NDArray[np.float64], rate: float, capacity: float, now: float) -> None:
    """Another limit, as full as before."""
    share = level(bucket, now) / bucket[CAPACITY] if bucket[CAPACITY] > 0 else 1.0
    bucket[RATE], bucket[CAPACITY] = rate, capacity
    bucket[TOKENS], bucket[AT] = capacity * share, max(now, bucket[AT])
