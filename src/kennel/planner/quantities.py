"""Quantities as people write them: durations (`50ms`, `10m`), rates (`20/s`, `600/min`)."""

from __future__ import annotations

import math
import re

from kennel.planner.errors import BadQuantity

__all__ = ["parse_duration", "parse_rate", "show_duration", "show_rate", "show_share"]

_SECONDS = {
    "us": 1e-6,
    "ms": 1e-3,
    "s": 1.0,
    "sec": 1.0,
    "m": 60.0,
    "min": 60.0,
    "h": 3600.0,
    "hour": 3600.0,
    "d": 86400.0,
    "day": 86400.0,
    "days": 86400.0,
}
_NUMBER = re.compile(r"\s*(\d+(?:\.\d*)?|\.\d+)\s*([a-z]*)")


def parse_duration(text: str) -> float:
    """Seconds of `50ms`, `90s`, `1.5h`, `1h30m`. The unit is not optional, but of `0`: who writes
    50 means milliseconds as often as seconds.

    Raises BadQuantity.
    """
    stripped = text.strip().lower()
    bare = _NUMBER.fullmatch(stripped)
    if bare is not None and not bare[2]:
        if float(bare[1]) == 0:
            return 0.0
        raise BadQuantity(f"{text!r} has no unit; write {stripped}ms or {stripped}s")
    total, end = 0.0, 0
    for found in _NUMBER.finditer(stripped):
        number, unit = found.groups()
        if found.start() != end or unit not in _SECONDS:
            break
        total += float(number) * _SECONDS[unit]
        end = found.end()
    if not stripped or end != len(stripped) or not math.isfinite(total):
        raise BadQuantity(f"{text!r} is no duration; write 50ms, 90s, 10m, 2h or 1d")
    return total


def parse_rate(text: str) -> float:
    """Requests per second of `20/s`, `600/min`, `1e6/day`. The unit is not optional: an endpoint's
    target is per minute, a load per second, and a bare number says neither.

    Raises BadQuantity.
    """
    number, slash, unit = text.strip().lower().partition("/")
    seconds = _SECONDS.get(unit.strip())
    try:
        value = float(number)
    except ValueError:
        value = math.nan
    if not slash and not math.isnan(value):
        raise BadQuantity(f"{text!r} has no unit; write {number}/s or {number}/min")
    if seconds is None or seconds < 1 or not math.isfinite(value) or value < 0:
        raise BadQuantity(f"{text!r} is no rate; write 20/s, 600/min or 5000/h")
    return value / seconds


def show_duration(seconds: float) -> str:
    """`340µs`, `47 ms`, `1.25 s`, `12 min`, `3 h 20 min`, to about three digits."""
    if not math.isfinite(seconds):
        return "-"
    if seconds == 0:
        return "0 s"
    if seconds < 0.000_999_5:
        return f"{seconds * 1e6:.0f} µs"
    if seconds < 0.9995:
        return f"{_digits(seconds * 1e3)} ms"
    if seconds < 120:
        return f"{_digits(seconds)} s"
    minutes = seconds / 60
    if minutes < 120:
        return f"{_digits(minutes)} min"
    hours, rest = divmod(round(minutes), 60)
    if hours < 48:
        return f"{hours} h {rest} min" if rest else f"{hours} h"
    return f"{_digits(minutes / 1440)} days"


def show_rate(per_second: float) -> str:
    """`20/s`; below one a second also by the minute, `0.17/s (10/min)`."""
    if 0 < per_second < 1:
        return f"{_digits(per_second)}/s ({_digits(per_second * 60)}/min)"
    return f"{_digits(per_second)}/s"


def show_share(share: float) -> str:
    """A share of one as a percentage that does not round a few to none: `0.0023 %`."""
    if math.isnan(share):
        return "-"
    percent = share * 100
    if percent == 0 or percent >= 10:
        return f"{percent:.0f} %" if percent in (0, 100) else f"{percent:.1f} %"
    return f"{percent:.2g} %" if percent < 1 else f"{percent:.1f} %"


def _digits(value: float) -> str:
    """Three digits that count, and no point that says nothing."""
    if value >= 100:
        return f"{value:,.0f}"
    return f"{value:.3g}"
