"""TrainingJobEarlyStoppingType Auto: which trials are worse than their forerunners were. Pure.

From the guide [D: Stop Training Jobs Early]: a trial is stopped if its objective is worse than the
median of the running averages that earlier training jobs had up to the same epoch. An epoch is
one emission of the objective.
"""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Sequence

__all__ = ["is_hopeless"]

_FORERUNNERS = 3  # trials that must have ended before any is judged [ours; AWS does not say]


def is_hopeless(
    values: Sequence[float], forerunners: Iterable[Sequence[float]], *, maximize: bool
) -> bool:
    """Whether a trial with these values so far should be stopped; `forerunners` are the values of
    trials that have ended. Those that did not get as far do not count."""
    if not values:
        return False
    epoch = len(values)
    averages = [
        statistics.fmean(earlier[:epoch]) for earlier in forerunners if len(earlier) >= epoch
    ]
    if len(averages) < _FORERUNNERS:
        return False
    median = statistics.median(averages)
    return values[-1] < median if maximize else values[-1] > median
