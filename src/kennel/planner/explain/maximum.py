"""What one instance can do at most, and the target that follows from it."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["SAFETY", "MaximumRate", "target_for"]

SAFETY = 0.5
"""AWS's advice for the first load test: "we recommend starting with SAFETY_FACTOR 0.5"."""


@dataclass(frozen=True, slots=True)
class MaximumRate:
    """Requests per second that an instance answers at most, and how that is known, as a phrase:
    `by --max-rps`, `from an average ModelLatency of 50 ms`. `is_lower_bound`: it answered so many,
    and nobody knows how many more it can."""

    per_second: float
    source: str
    is_lower_bound: bool = False

    @property
    def per_minute(self) -> float:
        return self.per_second * 60


def target_for(maximum: MaximumRate, safety: float = SAFETY) -> float:
    """SageMakerVariantInvocationsPerInstance = MAX_RPS × SAFETY_FACTOR × 60. Source: "Load testing
    your auto scaling configuration"."""
    return maximum.per_second * safety * 60
