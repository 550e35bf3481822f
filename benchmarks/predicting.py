"""The simulator against the plane: six settings and loads, each live and predicted.

Both get the same arrivals and the same work. The plane's fixed cost a request is measured on it,
before; nothing else is fitted.
"""

from __future__ import annotations

from collections.abc import Iterator

from benchmarks import predicting_endpoints, predicting_functions
from benchmarks.bench import Bench
from benchmarks.row import Row

__all__ = ["measure"]


def measure(bench: Bench) -> Iterator[Row]:
    """The six settings, on planes of their own."""
    with bench.plane("as-it-is") as plane:
        yield from predicting_endpoints.fixed(bench, plane)
        yield from predicting_functions.overloaded(bench, plane)
    with bench.plane("sixty-times", "--time-scale", "60") as plane:
        yield from predicting_functions.spilling(bench, plane)
        yield from predicting_endpoints.tracked(bench, plane)
    with bench.plane("launching", "--time-scale", "60", "--launch-delay", "90") as plane:
        yield from predicting_endpoints.stepped(bench, plane)
