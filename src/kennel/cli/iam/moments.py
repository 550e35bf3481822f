"""Moments on the command line: so long ago, or a date."""

from __future__ import annotations

import time
from datetime import UTC, datetime

from kennel.cli.errors import UsageError
from kennel.planner.errors import BadQuantity
from kennel.planner.quantities import parse_duration

__all__ = ["MOMENT_HELP", "parse_moment", "show_moment"]

MOMENT_HELP = "30m, 2h, 7d ago, or a time such as 2026-05-01T08:00 (UTC unless it says)"


def parse_moment(text: str, option: str) -> float:
    """Wall time in seconds since the epoch. Raises UsageError."""
    try:
        return max(0.0, time.time() - parse_duration(text))
    except BadQuantity:
        pass
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise UsageError(f"{option} is {MOMENT_HELP}, not {text!r}.") from None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return max(0.0, moment.timestamp())


def show_moment(seconds: float) -> str:
    """`2026-05-01 08:00:00`, in UTC."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M:%S")
