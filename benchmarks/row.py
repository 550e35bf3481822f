"""One line of the table."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

__all__ = ["Row", "Series"]


@dataclass(frozen=True, slots=True)
class Series:
    """Repeated measurements of one thing. `unit` is as printed: s, ms, MB, req/s, …"""

    name: str
    samples: tuple[float, ...]
    unit: str

    @classmethod
    def of(cls, name: str, samples: Sequence[float], unit: str) -> Series:
        return cls(name, tuple(samples), unit)

    @property
    def median(self) -> float:
        return statistics.median(self.samples)


@dataclass(frozen=True, slots=True)
class Row:
    """A measured thing, what stood beside it in the same run, and what it has to beat.

    `pairs`: the samples of both were taken alternately, so the ratio is the median of the ratios
    of neighbours, which a machine that changes its speed between rounds leaves alone; else it is
    the ratio of the medians. `target` is in the row's unit, or a ratio if `target_is_ratio`; the
    value has to stay below it, or above it if `more_is_better`. `within`: the ratio has to be no
    further from 1 than that.
    """

    part: str
    ours: Series
    beside: Series | None = None
    pairs: bool = False
    target: float | None = None
    target_is_ratio: bool = False
    more_is_better: bool = False
    within: float | None = None

    @property
    def ratio(self) -> float | None:
        """Ours by the other's."""
        if self.beside is None:
            return None
        if self.pairs:
            pairs = zip(self.ours.samples, self.beside.samples, strict=True)
            return statistics.median(one / other for one, other in pairs)
        return self.ours.median / self.beside.median

    @property
    def met(self) -> bool | None:
        """Whether the target is met; None without one."""
        if self.within is not None and self.ratio is not None:
            return abs(self.ratio - 1) <= self.within
        value = self.ratio if self.target_is_ratio else self.ours.median
        if self.target is None or value is None:
            return None
        return value > self.target if self.more_is_better else value < self.target

    def as_json(self) -> dict[str, Any]:
        """Everything, for programs."""
        content = asdict(self)
        content["ours"]["median"] = self.ours.median
        if self.beside is not None:
            content["beside"]["median"] = self.beside.median
        return content | {"ratio": self.ratio, "met": self.met}
