"""A curve in a line of text."""

from __future__ import annotations

from collections.abc import Sequence

__all__ = ["sparkline"]

_BARS = "▁▂▃▄▅▆▇█"


def sparkline(values: Sequence[float], width: int = 40) -> str:
    """The highest value of each of at most `width` stretches, from the lowest bar (0) to the
    highest (the largest value)."""
    numbers = [value for value in values if value == value]
    if not numbers:
        return ""
    count = min(width, len(numbers))
    edges = [round(index * len(numbers) / count) for index in range(count + 1)]
    peaks = [max(numbers[edges[index] : edges[index + 1]]) for index in range(count)]
    most = max(peaks)
    if most <= 0:
        return _BARS[0] * count
    return "".join(_BARS[min(7, int(peak / most * 7.999))] for peak in peaks)
