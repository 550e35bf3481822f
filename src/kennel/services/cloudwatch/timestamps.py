"""Timestamps as the wire and other services give them, and the rounding of a query's start."""

from __future__ import annotations

from datetime import UTC, datetime

__all__ = ["DAY", "HOUR", "epoch", "rounded_start"]

HOUR = 3600
DAY = 24 * HOUR


def epoch(value: float | datetime) -> float:
    """Seconds since the epoch; a datetime without a zone is UTC."""
    if isinstance(value, datetime):
        return (value if value.tzinfo else value.replace(tzinfo=UTC)).timestamp()
    return float(value)


def rounded_start(start: float, period: int, now: float) -> int:
    """Where the first period of a query begins.

    Down to the second, 5, 10, 20 or 30 seconds for such a period, else to the minute; to 5
    minutes if the start is more than 15 days ago, to the hour beyond 63 days. Source:
    GetMetricData's and GetMetricStatistics' reference.
    """
    age = now - start
    if age > 63 * DAY:
        step = HOUR
    elif age > 15 * DAY:
        step = 300
    else:
        step = min(period, 60)
    return int(start // step) * step
