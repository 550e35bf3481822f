"""What happens minute by minute, gathered for `Minutes`."""

from __future__ import annotations

from dataclasses import fields

import numpy as np
from numpy.typing import NDArray

from kennel.planner.simulation.histogram import BINS, Histogram
from kennel.planner.simulation.result import Minutes

__all__ = ["Timeline"]


class Timeline:
    """Rows of `Minutes`; keeps the sum of all minutes' latencies."""

    def __init__(self) -> None:
        self._rows: list[tuple[float, ...]] = []
        self._counts: NDArray[np.int64] = np.zeros(BINS, dtype=np.int64)

    def minute(
        self,
        latencies: NDArray[np.int64],
        *,
        rate: float,
        capacity: float,
        waiting: float,
        busy: float,
        refused: float,
    ) -> None:
        """One more; empties `latencies`."""
        histogram = Histogram(latencies, 0.0)
        p50, p99 = histogram.percentile(50), histogram.percentile(99)
        self._rows.append((rate, p50, p99, capacity, waiting, busy, refused))
        self.keep(latencies)

    def keep(self, latencies: NDArray[np.int64]) -> None:
        """Adds latencies that belong to no minute; empties them."""
        self._counts += latencies
        latencies[:] = 0

    def latency(self, total: float) -> Histogram:
        """Of all; `total` is their sum."""
        return Histogram(self._counts, total)

    def minutes(self) -> Minutes:
        names = [field.name for field in fields(Minutes)]
        table = np.array(self._rows, dtype=np.float64).reshape(-1, len(names))
        return Minutes(**{name: table[:, index].copy() for index, name in enumerate(names)})
