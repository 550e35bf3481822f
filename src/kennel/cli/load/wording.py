"""Latencies, moments and capacities, for people."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from kennel.planner.quantities import show_duration

__all__ = ["area_of", "clock", "latency"]


def latency(seconds: float | None) -> str:
    """`12.3 ms`; - for none."""
    return "-" if seconds is None else show_duration(seconds)


def clock(seconds: float) -> str:
    """A moment of the load: 0:42, 5:00, 1:05:00."""
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def area_of(capacity: Mapping[str, Any]) -> tuple[str, float]:
    """The name and the number of what a report's capacity adds up to: `instance-seconds` of an
    endpoint, `provisioned-concurrency-seconds` of a function."""
    for key in ("instance_seconds", "provisioned_concurrency_seconds"):
        if key in capacity:
            return key.replace("_", "-"), float(capacity[key])
    raise KeyError("a capacity has its area")
