"""Times as CloudWatch writes them into its JSON and into its sentences."""

from __future__ import annotations

from datetime import UTC, datetime

from kennel.clock import Clock

__all__ = ["iso", "short", "stamp"]


def iso(seconds: float) -> str:
    """`2023-08-04T12:36:15.490+0000`, for seconds since the epoch."""
    moment = datetime.fromtimestamp(seconds, UTC)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03}+0000"


def short(seconds: float) -> str:
    """`25/11/26 12:00:00`."""
    return f"{datetime.fromtimestamp(seconds, UTC):%d/%m/%y %H:%M:%S}"


def stamp(clock: Clock) -> float:
    """The policy time now, in whole milliseconds as CloudWatch's timestamps are."""
    return round(clock.policy(), 3)
