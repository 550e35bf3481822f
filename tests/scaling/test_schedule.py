"""Schedules fire when AWS's pages say."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kennel.scaling.schedule import (
    BadSchedule,
    BadTimezone,
    next_firing,
    parse_schedule,
)

SINCE = datetime(2026, 1, 1, tzinfo=UTC)  # a Thursday


def firings(text: str, count: int = 3, zone: str = "UTC", since: datetime = SINCE) -> list[str]:
    schedule = parse_schedule(text, zone, created=since.timestamp())
    found: list[str] = []
    after: float | None = since.timestamp() - 1
    while len(found) < count:
        assert after is not None
        after = next_firing(schedule, after)
        if after is None:
            break
        found.append(datetime.fromtimestamp(after, ZoneInfo(zone)).strftime("%y-%m-%d %H:%M"))
    return found


# "Schedule recurring scaling actions using Application Auto Scaling" and the page that it refers
# to, "Cron expressions reference" of Amazon EventBridge.
CRONS = {
    "30 6 ? * MON *": ["26-01-05 06:30", "26-01-12 06:30", "26-01-19 06:30"],
    "0 10 * * ? *": ["26-01-01 10:00", "26-01-02 10:00", "26-01-03 10:00"],
    "15 12 * * ? *": ["26-01-01 12:15", "26-01-02 12:15", "26-01-03 12:15"],
    "0 18 ? * MON-FRI *": ["26-01-01 18:00", "26-01-02 18:00", "26-01-05 18:00"],
    "0 8 1 * ? *": ["26-01-01 08:00", "26-02-01 08:00", "26-03-01 08:00"],
    "0/15 * * * ? *": ["26-01-01 00:00", "26-01-01 00:15", "26-01-01 00:30"],
    "0/30 20-2 ? * MON-FRI *": ["26-01-01 00:00", "26-01-01 00:30", "26-01-01 01:00"],
    "0 9 ? * 2#1 *": ["26-01-05 09:00", "26-02-02 09:00", "26-03-02 09:00"],
    "0 9 ? * 3#5 *": ["26-03-31 09:00", "26-06-30 09:00", "26-09-29 09:00"],
    "0 0 L * ? *": ["26-01-31 00:00", "26-02-28 00:00", "26-03-31 00:00"],
    "0 0 L-2 * ? *": ["26-01-29 00:00", "26-02-26 00:00", "26-03-29 00:00"],
    "0 0 LW * ? *": ["26-01-30 00:00", "26-02-27 00:00", "26-03-31 00:00"],
    "0 0 3W * ? *": ["26-01-02 00:00", "26-02-03 00:00", "26-03-03 00:00"],
    "0 0 1W 8 ? *": ["26-08-03 00:00", "27-08-02 00:00", "28-08-01 00:00"],
    "0 0 31W 5 ? *": ["26-05-29 00:00", "27-05-31 00:00", "28-05-31 00:00"],
    "0 0 ? * L *": ["26-01-03 00:00", "26-01-10 00:00", "26-01-17 00:00"],
    "0 0 ? * 6L *": ["26-01-30 00:00", "26-02-27 00:00", "26-03-27 00:00"],
    "0 0 ? * FRI-MON *": ["26-01-02 00:00", "26-01-03 00:00", "26-01-04 00:00"],
    "0 0 29 2 ? *": ["28-02-29 00:00", "32-02-29 00:00", "36-02-29 00:00"],
    "0 0 1,15 JAN,JUN ? 2027-2028": ["27-01-01 00:00", "27-01-15 00:00", "27-06-01 00:00"],
    "0 0 1 1 ? 2026": ["26-01-01 00:00"],
    "0 0 31 2 ? *": [],
    "0 0 1 1 ? 2020": [],
}


@pytest.mark.parametrize("text", CRONS)
def test_cron_fires_at_its_times(text: str) -> None:
    assert firings(f"cron({text})") == CRONS[text]


def test_an_action_at_a_time_fires_once() -> None:
    assert firings("at(2026-03-01T22:00:00)") == ["26-03-01 22:00"]
    assert firings("at(2025-03-01T22:00:00)") == []
    assert firings("at(2026-03-01T22:00:00)", zone="Asia/Tokyo") == ["26-03-01 22:00"]


def test_a_rate_counts_from_its_making_or_its_start() -> None:
    assert firings("rate(5 minutes)") == ["26-01-01 00:05", "26-01-01 00:10", "26-01-01 00:15"]
    assert firings("rate(1 day)", 2) == ["26-01-02 00:00", "26-01-03 00:00"]
    start = SINCE.timestamp() + 7
    schedule = parse_schedule("rate(2 hours)", start=start, created=0.0)
    assert next_firing(schedule, 0.0) == start
    assert next_firing(schedule, start) == start + 7200


def test_start_and_end_bound_a_schedule() -> None:
    start, end = SINCE.timestamp() + 86_400, SINCE.timestamp() + 3 * 86_400
    schedule = parse_schedule("cron(0 0 * * ? *)", start=start, end=end)

    assert next_firing(schedule, 0.0) == start
    assert next_firing(schedule, end - 1) == end
    assert next_firing(schedule, end) is None


# "Schedule types in EventBridge Scheduler", "Daylight savings time".


def test_a_time_that_spring_skips_does_not_come_that_day() -> None:
    since = datetime(2026, 3, 28, 12, tzinfo=UTC)

    assert firings("cron(30 2 * * ? *)", 2, "Europe/Berlin", since) == [
        "26-03-30 02:30",
        "26-03-31 02:30",
    ]


def test_a_time_that_autumn_repeats_comes_once() -> None:
    since = datetime(2026, 10, 24, 12, tzinfo=UTC)

    assert firings("cron(30 2 * * ? *)", 2, "Europe/Berlin", since) == [
        "26-10-25 02:30",
        "26-10-26 02:30",
    ]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "cron",
        "cron()",
        "cron(0 10 * * *)",
        "cron(0 10 * * * *)",
        "cron(0 10 ? * ? *)",
        "cron(60 10 * * ? *)",
        "cron(0 24 * * ? *)",
        "cron(0 10 0 * ? *)",
        "cron(0 10 31-1 * ? *)",
        "cron(0 10 * 13 ? *)",
        "cron(0 10 ? * 8 *)",
        "cron(0 10 ? * MON#6 *)",
        "cron(0 10 * * ? 1969)",
        "cron(*/0 10 * * ? *)",
        "cron(-1 10 * * ? *)",
        "cron(1- 10 * * ? *)",
        "cron(1,, 10 * * ? *)",
        "cron(0 10 L-31 * ? *)",
        "rate(0 minutes)",
        "rate(5)",
        "rate(5 fortnights)",
        "at(2026-13-01T00:00:00)",
        "at(2026-01-01)",
        "0 10 * * ? *",
    ],
)
def test_what_is_no_schedule_is_refused(text: str) -> None:
    with pytest.raises(BadSchedule):
        parse_schedule(text)


@pytest.mark.parametrize("zone", ["Mars/Olympus", "", "../etc/passwd", "Europe"])
def test_what_is_no_time_zone_is_refused(zone: str) -> None:
    with pytest.raises(BadTimezone):
        parse_schedule("rate(1 day)", zone)


@given(
    minute=st.integers(0, 59),
    hour=st.integers(0, 23),
    weekday=st.integers(1, 7),
    after=st.datetimes(datetime(1970, 1, 2), datetime(2190, 1, 1)),
    zone=st.sampled_from(["UTC", "America/New_York", "Asia/Kolkata", "Pacific/Auckland"]),
)
def test_a_weekly_firing_is_later_and_on_its_day_at_its_time(
    minute: int, hour: int, weekday: int, after: datetime, zone: str
) -> None:
    schedule = parse_schedule(f"cron({minute} {hour} ? * {weekday} *)", zone)
    moment = after.replace(tzinfo=UTC)

    firing = next_firing(schedule, moment.timestamp())

    assert firing is not None
    local = datetime.fromtimestamp(firing, ZoneInfo(zone))
    assert firing > moment.timestamp()
    assert (local.minute, local.hour, local.isoweekday() % 7 + 1) == (minute, hour, weekday)
    # Two weeks hold one, even if spring skips it once; nothing earlier was passed over.
    assert local - moment <= timedelta(days=14)
    between = next_firing(schedule, firing - 60)
    assert between == firing


@given(st.text(alphabet="0123456789*?/,-LW#ABCJNOMRTU() cronate", max_size=40))
def test_any_text_is_a_schedule_or_is_refused(text: str) -> None:
    for candidate in (text, f"cron({text})", f"rate({text})", f"at({text})"):
        try:
            schedule = parse_schedule(candidate)
        except BadSchedule:
            continue
        firing = next_firing(schedule, SINCE.timestamp())
        assert firing is None or firing > SINCE.timestamp()
