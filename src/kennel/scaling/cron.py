"""AWS's cron expressions: six fields, of which the days are Quartz's dialect. No clock, no I/O.

Minutes, hours, day of month, month, day of week, year; one of the two days is `?`. Source: "Cron
expressions reference", user guide of Amazon EventBridge, which "Schedule recurring scaling actions
using Application Auto Scaling" refers to.
"""

from __future__ import annotations

import calendar
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

__all__ = ["BadCron", "Cron", "parse_cron"]


class BadCron(ValueError):
    """The expression is none; the message says what is wrong with it."""


@dataclass(frozen=True, slots=True)
class _Field:
    name: str
    least: int
    most: int
    words: Mapping[str, int]
    wraps: bool = True
    """Whether a range may lead over the end: FRI-MON."""


_MONTHS = {"JAN": 1, "FEB": 2, "MAR": 3, "APR": 4, "MAY": 5, "JUN": 6}
_MONTHS |= {"JUL": 7, "AUG": 8, "SEP": 9, "OCT": 10, "NOV": 11, "DEC": 12}
_DAYS = {"SUN": 1, "MON": 2, "TUE": 3, "WED": 4, "THU": 5, "FRI": 6, "SAT": 7}

_MINUTE = _Field("minutes", 0, 59, {})
_HOUR = _Field("hours", 0, 23, {})
_DAY_OF_MONTH = _Field("day of month", 1, 31, {}, wraps=False)
_MONTH = _Field("month", 1, 12, _MONTHS)
_DAY_OF_WEEK = _Field("day of week", 1, 7, _DAYS)
_YEAR = _Field("year", 1970, 2199, {}, wraps=False)

_LAST_DAY = re.compile(r"L(?:-(\d{1,2}))?")
_WEEKDAY = re.compile(r"(\d{1,2}|L)W")
_LAST_OF = re.compile(r"([A-Z]{3}|\d)L")
_NTH_OF = re.compile(r"([A-Z]{3}|\d)#([1-5])")


@dataclass(frozen=True, slots=True)
class _Days:
    """Which days of a month. `before_last` counts back from its last day, `near` are days whose
    nearest weekday is meant (0: the month's last weekday), `weekdays`, `last_of` and `nth_of` are
    days of the week with 1 for Sunday."""

    days: frozenset[int] = frozenset()
    before_last: frozenset[int] = frozenset()
    near: frozenset[int] = frozenset()
    weekdays: frozenset[int] = frozenset()
    last_of: frozenset[int] = frozenset()
    nth_of: frozenset[tuple[int, int]] = frozenset()

    def of(self, year: int, month: int) -> list[int]:
        """Those days of a month, in order."""
        first, length = calendar.monthrange(year, month)  # first: 0 for Monday
        found = {day for day in self.days if day <= length}
        found |= {length - back for back in self.before_last if back < length}
        for day in self.near:
            if day <= length:
                found.add(_nearest_weekday(day or length, first, length))
        for day in range(1, length + 1):
            weekday = (first + day) % 7 + 1
            if (
                weekday in self.weekdays
                or (weekday in self.last_of and day + 7 > length)
                or (weekday, (day + 6) // 7) in self.nth_of
            ):
                found.add(day)
        return sorted(found)


@dataclass(frozen=True, slots=True)
class Cron:
    """A parsed expression; each of the sequences is in order."""

    minutes: Sequence[int]
    hours: Sequence[int]
    days: _Days
    months: Sequence[int]
    years: Sequence[int]

    def times(self, since: date) -> Iterator[datetime]:
        """The local times from that day on, in order, without a time zone."""
        for day in self._dates(since):
            for hour in self.hours:
                for minute in self.minutes:
                    yield datetime(day.year, day.month, day.day, hour, minute)

    def _dates(self, since: date) -> Iterator[date]:
        for year in self.years:
            if year < since.year:
                continue
            for month in self.months:
                if (year, month) < (since.year, since.month):
                    continue
                for day in self.days.of(year, month):
                    found = date(year, month, day)
                    if found >= since:
                        yield found


def parse_cron(text: str) -> Cron:
    """The expression between the parentheses of `cron(…)`. Raises BadCron."""
    fields = text.split()
    if len(fields) != 6:
        raise BadCron(
            f"a cron expression has six fields (minutes, hours, day of month, month, day of week, "
            f"year), not {len(fields)}"
        )
    minute, hour, day, month, weekday, year = (field.upper() for field in fields)
    if (day == "?") == (weekday == "?"):
        raise BadCron("one of day of month and day of week must be ?, and the other must not")
    return Cron(
        minutes=sorted(_values(_MINUTE, minute)),
        hours=sorted(_values(_HOUR, hour)),
        days=_days_of_month(day) if weekday == "?" else _days_of_week(weekday),
        months=sorted(_values(_MONTH, month)),
        years=sorted(_values(_YEAR, year)),
    )


def _days_of_month(text: str) -> _Days:
    days: set[int] = set()
    before_last: set[int] = set()
    near: set[int] = set()
    for part in text.split(","):
        if match := _LAST_DAY.fullmatch(part):
            back = int(match[1] or 0)
            if back > 30:
                raise BadCron(f"L-{back} is before the month begins")
            before_last.add(back)
        elif match := _WEEKDAY.fullmatch(part):
            near.add(0 if match[1] == "L" else _number(_DAY_OF_MONTH, match[1]))
        else:
            days |= _part(_DAY_OF_MONTH, part)
    return _Days(days=frozenset(days), before_last=frozenset(before_last), near=frozenset(near))


def _days_of_week(text: str) -> _Days:
    weekdays: set[int] = set()
    last_of: set[int] = set()
    nth_of: set[tuple[int, int]] = set()
    for part in text.split(","):
        if part == "L":
            weekdays.add(7)
        elif match := _LAST_OF.fullmatch(part):
            last_of.add(_number(_DAY_OF_WEEK, match[1]))
        elif match := _NTH_OF.fullmatch(part):
            nth_of.add((_number(_DAY_OF_WEEK, match[1]), int(match[2])))
        else:
            weekdays |= _part(_DAY_OF_WEEK, part)
    return _Days(weekdays=frozenset(weekdays), last_of=frozenset(last_of), nth_of=frozenset(nth_of))


def _values(field: _Field, text: str) -> set[int]:
    return {value for part in text.split(",") for value in _part(field, part)}


def _part(field: _Field, text: str) -> set[int]:
    """`*`, `5`, `1-5`, and each of them with `/step`."""
    span, slash, step = text.partition("/")
    if slash and not (step.isdecimal() and int(step) > 0):
        raise BadCron(f"{text} is not a step of {field.name}")
    first, dash, last = span.partition("-")
    low = field.least if span == "*" else _number(field, first)
    if dash:
        high = _number(field, last)
    else:
        high = field.most if span == "*" or slash else low
    if high < low:
        if not field.wraps:
            raise BadCron(f"{text} ends before it begins")
        high += field.most - field.least + 1
    size = field.most - field.least + 1
    return {
        (value - field.least) % size + field.least for value in range(low, high + 1, int(step or 1))
    }


def _number(field: _Field, text: str) -> int:
    value = field.words.get(text)
    if value is None and text.isdecimal() and len(text) <= 4:
        value = int(text)
    if value is None or not field.least <= value <= field.most:
        raise BadCron(
            f"{text or 'nothing'} is not a value of {field.name}, "
            f"which go from {field.least} to {field.most}"
        )
    return value


def _nearest_weekday(day: int, first: int, length: int) -> int:
    """The day from Monday to Friday that is nearest to a day, in the same month."""
    weekday = (first + day - 1) % 7  # 0 for Monday
    if weekday == 5:
        return day - 1 if day > 1 else day + 2
    if weekday == 6:
        return day + 1 if day < length else day - 2
    return day
