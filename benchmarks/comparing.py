"""Live numbers beside predicted ones, as rows of the table."""

from __future__ import annotations

from collections.abc import Iterator

from benchmarks.observing import Observed
from benchmarks.row import Row, Series
from kennel.planner.simulation import Histogram

__all__ = ["compare", "compare_latency"]

LATENCY = 0.15  # how far live and predicted may be from each other
AMOUNT = 0.05


def compare_latency(part: str, live: Observed, predicted: Histogram) -> Iterator[Row]:
    """Median and 99th percentile. Raises RuntimeError if a request failed."""
    if live.others:
        raise RuntimeError(f"{part}: requests failed: {live.others}")
    for percent in (50.0, 99.0):
        ours, beside = live.percentile(percent) * 1e3, predicted.percentile(percent) * 1e3
        yield compare(part, f"p{percent:g}", ours, beside, "ms", LATENCY)


def compare(
    part: str, name: str, live: float, predicted: float, unit: str, within: float | None = AMOUNT
) -> Row:
    """One number; without `within` it is only shown."""
    beside = Series("predicted", (predicted,), unit)
    return Row(part, Series(name, (live,), unit), beside, within=within)
