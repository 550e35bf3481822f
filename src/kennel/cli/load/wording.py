"""Latencies and moments, for people."""

from __future__ import annotations

from kennel.planner.quantities import show_duration

__all__ = ["clock", "latency"]


def latency(seconds: float | None) -> str:
    """`12.3 ms`; - for none."""
    return "-" if seconds is None else show_duration(seconds)


def clock(seconds: float) -> str:
    """A moment of the load: 0:42, 5:00, 1:05:00."""
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
