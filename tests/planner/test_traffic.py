"""Traffic descriptions: what they mean, what they refuse, and the arrivals that they give."""

from __future__ import annotations

import json
import math
from itertools import islice
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kennel.planner.errors import BadQuantity, BadTraffic
from kennel.planner.quantities import parse_duration, parse_rate, show_duration, show_rate
from kennel.planner.traffic import (
    DAY,
    Piece,
    Profile,
    Recorded,
    parse_traffic,
    read_cloudwatch,
    traffic_from_table,
)

MINUTE = 60.0


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("50ms", 0.05), ("90s", 90), ("10m", 600), ("1h30m", 5400), ("1.5h", 5400), (" 2 d", 172800)],
)
def test_durations_are_read_with_their_units(text, seconds):
    assert parse_duration(text) == pytest.approx(seconds)


@pytest.mark.parametrize("text", ["", "fast", "10x", "-5s", "10 20", "5s5", "1..2s"])
def test_what_is_no_duration_is_refused(text):
    with pytest.raises(BadQuantity, match="no duration"):
        parse_duration(text)


def test_a_duration_needs_its_unit_unless_it_is_nothing():
    with pytest.raises(BadQuantity, match="'50' has no unit; write 50ms or 50s"):
        parse_duration("50")
    assert parse_duration("0") == 0


def test_a_rate_needs_its_unit_because_targets_are_per_minute():
    assert parse_rate("600/min") == parse_rate("10/s") == 10
    with pytest.raises(BadQuantity, match="has no unit; write 10/s or 10/min"):
        parse_rate("10")
    for wrong in ("x/s", "-1/s", "nan/s", "inf/s", "1/week", "1/ms"):
        with pytest.raises(BadQuantity, match="no rate"):
            parse_rate(wrong)


@given(st.floats(1e-4, 1e6))
def test_a_shown_duration_is_the_duration_to_three_digits(seconds):
    shown = show_duration(seconds).replace("µ", "u").replace(",", "")
    assert parse_duration(shown) == pytest.approx(seconds, rel=0.01)


def test_rates_below_one_a_second_are_shown_by_the_minute_too():
    assert show_rate(10 / 60) == "0.167/s (10/min)"
    assert show_rate(20) == "20/s"


@pytest.mark.parametrize(
    ("text", "duration", "expected", "peak"),
    [
        ("constant:20/s", DAY, 20 * DAY, 20),
        ("poisson:600/min", DAY, 10 * DAY, 10),
        ("5/s:60s,50/s:60s", 120, 3300, 50),
        ("5/s..50/s:10m", 600, 16500, 50),
        ("even:0/s..10/s:10s", 10, 50, 10),
        ("daily:peak=50/s,trough=5/s", DAY, 27.5 * DAY, 50),
        ("daily:" + ",".join(["1/s"] * 12 + ["3/s"] * 12), DAY, 2 * DAY, 3),
        ("burst:base=5/s,height=50/s,length=60s,every=10m", 600, 5 * 540 + 3000, 50),
    ],
)
def test_a_description_has_a_length_a_sum_and_a_peak(text, duration, expected, peak):
    traffic = parse_traffic(text)
    assert traffic.duration == pytest.approx(duration)
    assert traffic.expected == pytest.approx(expected, rel=1e-6)
    assert traffic.peak == pytest.approx(peak)
    assert traffic.text == text


def test_a_days_wave_is_highest_at_its_hour_and_lowest_half_a_day_away():
    traffic = parse_traffic("daily:peak=50/s,trough=5/s,at=20:00")
    assert traffic.rate(20 * 3600) == pytest.approx(50)
    assert traffic.rate(8 * 3600) == pytest.approx(5)
    assert traffic.rate(14 * 3600) == pytest.approx(27.5)


def test_a_shorter_traffic_begins_again_and_a_longer_one_is_cut():
    stages = parse_traffic("5/s:60s,50/s:60s")
    assert stages.over(180).rate(130) == 5
    assert stages.over(180).expected == 3600
    assert stages.over(90).expected == 300 + 1500
    assert parse_traffic("poisson:1/s", 30 * DAY).expected == 30 * DAY


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("poisson:20", "has no unit"),
        ("wave:20/s", "is no traffic"),
        ("", "is no traffic"),
        ("5/s:60s,5/s", "is no stage"),
        ("5/s:0s", "lasts for no time"),
        ("5/s:60s,", "is no traffic|no stage"),
        ("daily:1/s,2/s", "24 hourly rates, not 2"),
        ("daily:peak=5/s", "lacks trough"),
        ("daily:peak=5/s,trough=6/s", "above the peak"),
        ("daily:peak=5/s,trough=1/s,at=25:00", "no time of day"),
        ("burst:base=1/s,height=2/s,length=60s,every=60s", "does not fit"),
        ("burst:base=1/s,base=1/s", "once"),
        ("nowhere.csv", "can't be read: No such file"),
    ],
)
def test_a_wrong_description_is_refused_in_one_sentence(text, sentence):
    with pytest.raises(BadTraffic, match=sentence) as raised:
        parse_traffic(text)
    assert "\n" not in str(raised.value)


@given(st.text(max_size=40))
def test_any_text_is_traffic_or_refused_as_such(text):
    try:
        traffic = parse_traffic(text)
    except BadTraffic:
        return
    assert traffic.duration > 0


RATES = st.floats(0, 100).map(lambda rate: 0.0 if rate < 1e-3 else rate)
PROFILES = st.builds(
    lambda pieces, is_even: Profile("x", tuple(Piece(*piece) for piece in pieces), is_even),
    st.lists(st.tuples(st.floats(0.1, 20), RATES, RATES), min_size=1, max_size=5),
    st.booleans(),
)


@given(PROFILES, st.integers(0, 2**64 - 1))
def test_plain_python_and_numpy_give_the_same_ordered_arrivals(profile, seed):
    plain = list(profile.times(seed))
    chunks = list(profile.arrivals(seed, chunk=100))
    assert all(len(chunk) <= 100 for chunk in chunks)
    arrays = np.concatenate([*chunks, np.zeros(0)])
    assert np.allclose(arrays, plain, atol=1e-6)
    assert (np.diff(arrays) >= 0).all()
    assert all(0 <= at <= profile.duration for at in plain)
    if profile.is_even:
        assert len(plain) == pytest.approx(profile.expected, abs=0.500001)


def test_poisson_arrivals_have_the_mean_and_the_spread_of_a_poisson_process():
    traffic = parse_traffic("10/s..90/s:100s")
    counts = [sum(map(len, traffic.arrivals(seed))) for seed in range(300)]
    assert np.mean(counts) == pytest.approx(5000, rel=0.005)
    assert np.std(counts) == pytest.approx(math.sqrt(5000), rel=0.2)
    times = np.concatenate([np.concatenate(list(traffic.arrivals(seed))) for seed in range(20)])
    # The rate rises from 10 to 90: by the half of the time 30 % of the requests have come.
    assert (times < 50).mean() == pytest.approx(0.3, abs=0.01)


def test_constant_arrivals_are_evenly_spaced():
    times = list(islice(parse_traffic("constant:20/s").times(), 4))
    assert times == pytest.approx([0.025, 0.075, 0.125, 0.175])


def test_the_same_seed_gives_the_same_arrivals_and_another_others():
    traffic = parse_traffic("poisson:20/s", 60)
    assert list(traffic.times(1)) == list(traffic.times(1)) != list(traffic.times(2))


def test_a_large_traffic_comes_in_bounded_chunks():
    chunks = parse_traffic("poisson:1000/s").arrivals(3, chunk=1000)
    assert [len(chunk) for chunk in islice(chunks, 3)] == [1000] * 3


def test_a_csv_of_times_is_the_very_requests(tmp_path):
    file = tmp_path / "log.csv"
    file.write_text("at,status\n2026-01-01T00:00:10Z,200\n2026-01-01T00:00:00Z,200\n")
    traffic = parse_traffic(str(file))
    assert isinstance(traffic, Recorded)
    assert list(traffic.times()) == [0, 10]
    assert traffic.duration == 20
    assert list(traffic.over(45).times()) == [0, 10, 20, 30, 40]
    assert traffic.over(45).expected == 5


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("timestamp,count\n0,60\n60,120\n120,0\n", 180),
        ("timestamp,rate\n0,1\n60,2\n", 180),
        ("time,rate_per_min\n0,60\n60,120\n", 180),
        ("0,60\n60,120\n", 180),
    ],
)
def test_a_csv_of_intervals_is_a_rate_over_time(tmp_path, content, expected):
    file = tmp_path / "counts.csv"
    file.write_text(content)
    traffic = parse_traffic(str(file))
    assert traffic.expected == expected
    assert traffic.rate(61) == 2


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ("", "is empty"),
        ("a,b\n1,2\n", "no column of times"),
        ("time\n1\n", "fewer than two"),
        ("time,count\n1,x\n", "'x' in row 1"),
        ("time,count\n1,2\n1,2\n", "same time"),
        ("time,count\n1,-2\n2,2\n", "negative"),
    ],
)
def test_a_csv_that_can_not_be_used_is_refused_in_one_sentence(tmp_path, content, sentence):
    file = tmp_path / "bad.csv"
    file.write_text(content)
    with pytest.raises(BadTraffic, match=sentence):
        parse_traffic(str(file))


def test_what_get_metric_data_answered_is_a_rate_over_time():
    answer = {
        "MetricDataResults": [
            {
                "Id": "m1",
                "Label": "Invocations",
                "Timestamps": ["2026-01-01T00:03:00+00:00", "2026-01-01T00:00:00+00:00"],
                "Values": [60.0, 120.0],
            },
            {
                "Id": "m1",
                "Label": "Invocations",
                "Timestamps": ["2026-01-01T00:01:00+00:00"],
                "Values": [30],
            },
        ]
    }
    traffic = read_cloudwatch(json.dumps(answer), "x.json")
    assert traffic.duration == 4 * MINUTE
    assert [traffic.rate(minute * MINUTE) for minute in range(4)] == [2, 0.5, 0, 1]


def test_what_get_metric_statistics_answered_is_a_rate_over_time(tmp_path):
    file = tmp_path / "x.json"
    points = [{"Timestamp": "2026-01-01T00:05:00Z", "Sum": 300, "Unit": "None"}]
    points.append({"Timestamp": "2026-01-01T00:00:00Z", "Sum": 600, "Unit": "None"})
    file.write_text(json.dumps({"Label": "Invocations", "Datapoints": points}))
    traffic = parse_traffic(str(file))
    assert (traffic.rate(0), traffic.rate(301), traffic.duration) == (2, 1, 600)


def test_shares_of_requests_are_not_taken_for_requests():
    result = {"Id": "a", "Label": "InvocationsPerInstance", "Timestamps": [0], "Values": [1]}
    with pytest.raises(BadTraffic, match="share of the requests"):
        read_cloudwatch(json.dumps({"MetricDataResults": [result]}), "x")


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"Datapoints": 3}', '{"Datapoints": [{}]}'])
def test_json_of_something_else_is_refused(content):
    with pytest.raises(BadTraffic):
        read_cloudwatch(content, "x.json")


def test_a_toml_table_says_the_same_as_the_text(tmp_path):
    tables: dict[str, dict[str, Any]] = {
        "poisson:20/s": {"kind": "poisson", "rate": "20/s"},
        "daily:peak=50/s,trough=5/s": {"kind": "daily", "peak": "50/s", "trough": "5/s"},
        "even:5/s:60s,5/s..9/s:60s": {
            "kind": "schedule",
            "stages": ["5/s:60s", "5/s..9/s:60s"],
            "even": True,
        },
    }
    for text, table in tables.items():
        assert traffic_from_table(table) == parse_traffic(text)
    file = tmp_path / "t.toml"
    file.write_text('[traffic]\nkind = "daily"\nhourly = [' + '"1/s",' * 24 + "]\n")
    assert parse_traffic(str(file)).expected == DAY


def test_a_toml_table_with_an_unknown_word_is_refused(tmp_path):
    with pytest.raises(BadTraffic, match="has no speed"):
        traffic_from_table({"kind": "poisson", "rate": "1/s", "speed": 3})
    with pytest.raises(BadTraffic, match="needs kind"):
        traffic_from_table({"rate": "1/s"})
    file = tmp_path / "loop.toml"
    file.write_text(f'file = "{file}"')
    with pytest.raises(BadTraffic, match="another TOML file"):
        parse_traffic(str(file))
