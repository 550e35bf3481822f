"""The least number for which something holds that goes on holding."""

from __future__ import annotations

from collections.abc import Callable

__all__ = ["least"]


def least(holds: Callable[[int], bool], low: int, high: int) -> int | None:
    """The least of `low` to `high`, both included, for which it holds; None if it does not even
    for `high`. Starts low and doubles its stride: large settings cost most to simulate."""
    if low > high:
        return None
    below, probe, stride = low - 1, low, 1
    while not holds(probe):
        below = probe
        if probe == high:
            return None
        probe = min(high, probe + stride)
        stride *= 2
    while probe - below > 1:
        middle = (below + probe) // 2
        if holds(middle):
            probe = middle
        else:
            below = middle
    return probe
