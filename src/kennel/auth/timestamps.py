"""The times that signatures carry."""

from __future__ import annotations

import calendar
import re
import time
from email.utils import parsedate_to_datetime
from functools import lru_cache

__all__ = ["basic_format", "extended_format", "from_http_date", "parse_basic"]

_BASIC = re.compile(r"(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z", re.ASCII)


@lru_cache(maxsize=1024)  # requests come many in one second
def parse_basic(text: str) -> int | None:
    """Seconds since the epoch of `20150830T123600Z`; None if the text is something else."""
    match = _BASIC.fullmatch(text)
    if match is None:
        return None
    year, month, day, hour, minute, second = map(int, match.groups())
    if not (1 <= month <= 12 and 1 <= day <= 31 and hour < 24 and minute < 60 and second < 61):
        return None
    return calendar.timegm((year, month, day, hour, minute, second))


def from_http_date(text: str) -> str | None:
    """A Date header's value in the basic format, or None."""
    if parse_basic(text) is not None:
        return text
    try:
        return basic_format(parsedate_to_datetime(text).timestamp())
    except (ValueError, OverflowError):
        return None


def basic_format(seconds: float) -> str:
    """`20150830T123600Z`."""
    return time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(seconds))


def extended_format(seconds: float) -> str:
    """`2015-08-30T12:36:00Z`."""
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(seconds))
