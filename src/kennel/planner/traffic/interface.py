"""What any description of traffic answers."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["DAY", "Traffic"]

DAY = 86400.0


class Traffic(Protocol):
    """Requests over time. All times are in seconds from the beginning, rates in requests per
    second."""

    @property
    def text(self) -> str:
        """The description, to show."""

    @property
    def duration(self) -> float:
        """How long it lasts; no request comes from then on."""

    @property
    def expected(self) -> float:
        """How many requests come, on average over all seeds."""

    @property
    def peak(self) -> float:
        """The highest rate there is."""

    def rate(self, at: float) -> float:
        """The rate at a time; 0 outside of the duration."""

    def over(self, duration: float) -> Traffic:
        """The same traffic for so long: cut short, or begun again at its end."""

    def times(self, seed: int = 0) -> Iterator[float]:
        """The arrivals, one by one, never decreasing. The same seed gives the same ones."""

    def arrivals(self, seed: int = 0, chunk: int = 65536) -> Iterator[NDArray[np.float64]]:
        """What `times` gives, in arrays of at most `chunk` times; needs numpy."""
