"""The time that instances or environments are there, summed over them."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Held"]


@dataclass(slots=True)
class Held:
    """`count` of them since `since`; `total` until then."""

    count: int
    total: float = 0.0
    since: float = 0.0

    def change(self, now: float, count: int) -> None:
        """There are so many from now on."""
        self.total += self.count * (now - self.since)
        self.since, self.count = now, count

    def until(self, now: float) -> float:
        """The total up to now."""
        return self.total + self.count * (now - self.since)
