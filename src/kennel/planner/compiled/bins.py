"""Counting durations in the bins of `kennel.planner.simulation.Histogram`."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from kennel.planner.compiled.jit import compiled, float_bits
from kennel.planner.simulation.histogram import BINS, BINS_AN_OCTAVE, LOWEST_OCTAVE

__all__ = ["count"]

_BITS = BINS_AN_OCTAVE.bit_length() - 1
_SHIFT = 52 - _BITS  # a float's bits without the part of the fraction that is within a bin
_FIRST = (1023 + LOWEST_OCTAVE) << _BITS


@compiled
def count(bins: NDArray[np.int64], seconds: float) -> None:
    """One more of that length, 0 or more."""
    index = (float_bits(seconds) >> _SHIFT) - _FIRST
    bins[min(max(index, 0), BINS - 1)] += 1
