"""When a scheduled action is due: `cron(…)`, `rate(…)` and `at(…)` in a time zone.

No clock, no I/O: the live plane and the planner both ask `next_firing`. Source: "Scheduled scaling
for Application Auto Scaling" and PutScheduledAction's reference.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, tzinfo
from typing import TypeAlias
from zoneinfo import ZoneInfo

from kennel.scaling.cron import BadCron, Cron, parse_cron

__all__ = ["BadSchedule", "BadTimezone", "Schedule", "next_firing", "parse_schedule"]

_SCHEDULE = re.compile(r"(cron|rate|at)\((.*)\)", re.DOTALL)
_RATE = re.compile(r"(\d{1,9})\s?(minute|hour|day)s?")
_UNITS = {"minute": 60, "hour": 3600, "day": 86_400}
_AT_FORM = "%Y-%m-%dT%H:%M:%S"


class BadSchedule(ValueError):
    """The schedule is none; the message says what is wrong with it."""


class BadTimezone(ValueError):
    """There is no time zone of that name."""


@dataclass(frozen=True, slots=True)
class _Rate:
    seconds: int


@dataclass(frozen=True, slots=True)
class _At:
    when: datetime


_Times: TypeAlias = "Cron | _Rate | _At"


@dataclass(frozen=True, slots=True)
class Schedule:
    """A parsed schedule. `start`, `end` and `created` are seconds since the epoch; a rate counts
    from `start` (and fires then), without one from `created`."""

    times: _Times
    zone: tzinfo
    start: float | None = None
    end: float | None = None
    created: float = 0.0


def parse_schedule(
    text: str,
    zone: str = "UTC",
    *,
    start: float | None = None,
    end: float | None = None,
    created: float = 0.0,
) -> Schedule:
    """A schedule from AWS's text. `zone` is an IANA name. Raises BadSchedule and BadTimezone."""
    match = _SCHEDULE.fullmatch(text.strip())
    if match is None:
        raise BadSchedule("it is none of cron(…), rate(…) and at(…)")
    return Schedule(_PARSERS[match[1]](match[2].strip()), _zone(zone), start, end, created)


def next_firing(schedule: Schedule, after: float) -> float | None:
    """The first time later than `after` at which the schedule is due, None if there is none.

    A local time that the clocks skip in spring does not come that day; one that comes twice in
    autumn counts the first time. Source: "Schedule types in EventBridge Scheduler", which says so
    for the same expressions.
    """
    earliest = after if schedule.start is None else max(after, schedule.start - 1e-6)
    match schedule.times:
        case _Rate(seconds):
            found: float | None = _rate_firing(schedule, seconds, earliest)
        case _At(when):
            fired = when.replace(tzinfo=schedule.zone).timestamp()
            found = fired if fired > earliest else None
        case cron:
            found = _cron_firing(cron, schedule.zone, earliest)
    if found is None or (schedule.end is not None and found > schedule.end):
        return None
    return found


def _rate_firing(schedule: Schedule, seconds: int, earliest: float) -> float:
    if schedule.start is not None:
        if earliest < schedule.start:
            return schedule.start
        origin = schedule.start
    else:
        origin = schedule.created
    steps = max(1, int((earliest - origin) // seconds) + 1)
    return origin + steps * seconds


def _cron_firing(cron: Cron, zone: tzinfo, earliest: float) -> float | None:
    try:
        since = datetime.fromtimestamp(earliest, zone).date()
    except (OverflowError, ValueError):
        return None
    for local in cron.times(since):
        firing = local.replace(tzinfo=zone).timestamp()
        if firing > earliest and _exists(local, firing, zone):
            return firing
    return None


def _exists(local: datetime, firing: float, zone: tzinfo) -> bool:
    """Whether the clocks of a zone show that time at all; they don't in the hour that is skipped
    in spring."""
    return datetime.fromtimestamp(firing, zone).replace(tzinfo=None) == local


def _parse_cron(text: str) -> Cron:
    try:
        return parse_cron(text)
    except BadCron as error:
        raise BadSchedule(str(error)) from None


def _parse_rate(text: str) -> _Rate:
    match = _RATE.fullmatch(text)
    if match is None or int(match[1]) == 0:
        raise BadSchedule("a rate is a positive number and minutes, hours or days")
    return _Rate(int(match[1]) * _UNITS[match[2]])


def _parse_at(text: str) -> _At:
    try:
        return _At(datetime.strptime(text, _AT_FORM))
    except ValueError:
        raise BadSchedule("at(…) takes a time like 2026-01-31T22:00:00") from None


_PARSERS: dict[str, Callable[[str], _Times]] = {
    "cron": _parse_cron,
    "rate": _parse_rate,
    "at": _parse_at,
}


def _zone(name: str) -> tzinfo:
    try:
        return ZoneInfo(name)
    except (KeyError, OSError, ValueError):  # ZoneInfoNotFoundError is a KeyError
        raise BadTimezone(name) from None
