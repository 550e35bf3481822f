"""Metrics that a test's variants publish, noted instead of stored."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from kennel.clock import SimulatedClock
from kennel.services.sagemaker_runtime.variant_metrics import VariantMetrics

__all__ = ["Note", "Notes"]


@dataclass(frozen=True)
class Note:
    """One value as it was handed to the sink; `timestamp` is None for now."""

    namespace: str
    name: str
    dimensions: tuple[tuple[str, str], ...]
    value: float
    unit: str
    timestamp: float | None
    resolution: int


@dataclass
class Notes:
    """What was published, in its order, on a clock of its own."""

    all: list[Note] = field(default_factory=list)
    clock: SimulatedClock = field(default_factory=lambda: SimulatedClock(1_700_000_040.0))

    def add(
        self,
        namespace: str,
        name: str,
        dimensions: tuple[tuple[str, str], ...],
        value: float,
        unit: str = "None",
        timestamp: float | None = None,
        resolution: int = 60,
    ) -> None:
        self.all.append(Note(namespace, name, dimensions, value, unit, timestamp, resolution))

    def metrics(self, endpoint: str, variant: str) -> VariantMetrics:
        return VariantMetrics(self.add, self.clock.policy, endpoint, variant)

    def of(self, name: str) -> Iterator[Note]:
        """The values of one metric."""
        return (note for note in self.all if note.name == name)
