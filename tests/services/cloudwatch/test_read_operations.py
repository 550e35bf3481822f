from __future__ import annotations

import tempfile
from collections import defaultdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kennel.clock import SimulatedClock
from kennel.errors import NotImplementedByKennel
from kennel.services.cloudwatch.errors import (
    InvalidNextToken,
    InvalidParameterCombinationException,
    InvalidParameterValueException,
    ValidationException,
)
from tests.services.cloudwatch.stage import Stage

ALL = ["SampleCount", "Sum", "Average", "Minimum", "Maximum"]


def datum(value: float, timestamp: float, **members: Any) -> dict[str, Any]:
    return {"MetricName": "m", "Value": value, "Timestamp": timestamp, **members}


def query(name: str = "q", stat: str = "Sum", period: int = 60, **members: Any) -> dict[str, Any]:
    metric = {"Namespace": "N", "MetricName": members.pop("metric", "m")}
    if "dimensions" in members:
        metric["Dimensions"] = members.pop("dimensions")
    return {
        "Id": name,
        "MetricStat": {
            "Metric": metric,
            "Period": period,
            "Stat": stat,
            **{key: members.pop(key) for key in ("Unit",) if key in members},
        },
        **members,
    }


def data(stage: Stage, start: float, end: float, *queries: Any, **parameters: Any) -> Any:
    return stage.call(
        "GetMetricData", MetricDataQueries=list(queries), StartTime=start, EndTime=end, **parameters
    )


def test_statistics_are_per_period_and_unit(stage: Stage, now: float) -> None:
    stage.put(
        datum(1, now, Unit="Seconds"),
        datum(3, now + 59, Unit="Seconds"),
        datum(5, now + 60, Unit="Seconds"),
        datum(7, now, Unit="Count"),
    )
    assert stage.statistics(now, now + 120, Statistics=ALL, Unit="Seconds") == [
        {
            "Timestamp": now,
            "Unit": "Seconds",
            "SampleCount": 2,
            "Sum": 4,
            "Average": 2,
            "Minimum": 1,
            "Maximum": 3,
        },
        {
            "Timestamp": now + 60,
            "Unit": "Seconds",
            "SampleCount": 1,
            "Sum": 5,
            "Average": 5,
            "Minimum": 5,
            "Maximum": 5,
        },
    ]
    found = stage.statistics(now, now + 60, Statistics=["Sum"])
    assert sorted((point["Unit"], point["Sum"]) for point in found) == [
        ("Count", 7),
        ("Seconds", 4),
    ]
    assert stage.statistics(now, now + 60, Statistics=["Sum"], Unit="Bytes") == []


def test_the_end_is_left_out_and_the_start_rounded_down(stage: Stage, now: float) -> None:
    stage.put(datum(1, now), datum(2, now + 60), datum(4, now + 120))
    points = stage.statistics(now + 59, now + 120, Statistics=["Sum"])
    assert [(point["Timestamp"], point["Sum"]) for point in points] == [(now, 1), (now + 60, 2)]


def test_periods_begin_at_the_rounded_start(stage: Stage, now: float) -> None:
    stage.put(*(datum(1, now + 60 * minute) for minute in range(10)))
    points = stage.statistics(now + 125, now + 600, Statistics=["Sum"], Period=300)
    assert [(point["Timestamp"], point["Sum"]) for point in points] == [
        (now + 120, 5),
        (now + 420, 3),
    ]


def test_datetimes_with_and_without_a_zone_are_utc(stage: Stage, now: float) -> None:
    when = datetime.fromtimestamp(now, UTC)
    stage.put(datum(1, now) | {"Timestamp": when})
    for start in (when, when.replace(tzinfo=None)):
        reply = stage.call(
            "GetMetricStatistics",
            Namespace="N",
            MetricName="m",
            StartTime=start,
            EndTime=datetime.fromtimestamp(now + 60, UTC),
            Period=60,
            Statistics=["Sum"],
        )
        assert reply == {
            "Label": "m",
            "Datapoints": [{"Timestamp": now, "Unit": "None", "Sum": 1}],
        }


def test_only_the_metric_with_exactly_those_dimensions_is_read(stage: Stage, now: float) -> None:
    one = [{"Name": "a", "Value": "1"}]
    stage.put(datum(1, now), datum(2, now, Dimensions=one))
    assert stage.statistics(now, now + 60, Statistics=["Sum"])[0]["Sum"] == 1
    assert stage.statistics(now, now + 60, Statistics=["Sum"], Dimensions=one)[0]["Sum"] == 2
    other = [{"Name": "a", "Value": "2"}]
    assert stage.statistics(now, now + 60, Statistics=["Sum"], Dimensions=other) == []


def test_sub_minute_periods_read_high_resolution_data_only(stage: Stage, now: float) -> None:
    stage.put(
        *(datum(1, now + second, StorageResolution=1) for second in range(60)), datum(100, now)
    )
    points = stage.statistics(now, now + 60, Statistics=["Sum"], Period=10)
    assert [point["Sum"] for point in points] == [10] * 6
    assert stage.statistics(now, now + 60, Statistics=["Sum"])[0]["Sum"] == 160


def test_percentiles_come_as_extended_statistics(stage: Stage, now: float) -> None:
    stage.put(
        {"MetricName": "m", "Values": list(range(1, 101)), "Timestamp": now},
        datum(1, now + 60),
        datum(-1, now + 60),
    )
    points = stage.statistics(now, now + 120, ExtendedStatistics=["p50", "p99.9"])
    assert points == [
        {"Timestamp": now, "Unit": "None", "ExtendedStatistics": {"p50": 50, "p99.9": 100}}
    ]


@pytest.mark.parametrize(
    ("parameters", "error", "message"),
    [
        ({"Period": 61}, InvalidParameterValueException, "Period"),
        ({"Period": 45}, InvalidParameterValueException, "Period"),
        ({"Statistics": []}, InvalidParameterCombinationException, "At least one of"),
        ({"Statistics": ["Median"]}, InvalidParameterValueException, "Median"),
        ({"ExtendedStatistics": ["p200"]}, InvalidParameterValueException, "p200"),
        ({"EndTime": 0}, InvalidParameterValueException, "StartTime must be less"),
        (
            {"Period": 1, "EndTime": 1_800_001_441},
            InvalidParameterCombinationException,
            "requested up to 1,441 datapoints, which exceeds the limit of 1,440",
        ),
    ],
)
def test_statistics_that_can_not_be_are_an_error(
    stage: Stage, now: float, parameters: dict[str, Any], error: type[Exception], message: str
) -> None:
    asked = {
        "Namespace": "N",
        "MetricName": "m",
        "StartTime": now,
        "EndTime": now + 60,
        "Period": 60,
        "Statistics": ["Sum"],
        **parameters,
    }
    with pytest.raises(error, match=message):
        stage.call("GetMetricStatistics", **asked)


def test_statistics_of_a_day_by_the_minute_can_be_asked_from_any_second(
    stage: Stage, now: float
) -> None:
    day = 86_400
    stage.put(datum(1, now - day), datum(2, now))
    points = stage.statistics(now - day + 30.5, now + 30.5, Statistics=["Sum"])
    assert [(point["Timestamp"], point["Sum"]) for point in points] == [(now - day, 1), (now, 2)]
    with pytest.raises(InvalidParameterCombinationException, match="up to 1,441 datapoints"):
        stage.statistics(now - day + 30, now + 90, Statistics=["Sum"])


def test_metric_data_come_newest_first_unless_told_otherwise(stage: Stage, now: float) -> None:
    stage.put(datum(1, now), datum(2, now + 60), datum(4, now + 180))
    (result,) = data(stage, now, now + 240, query())["MetricDataResults"]
    assert result == {
        "Id": "q",
        "Label": "m",
        "Timestamps": [now + 180, now + 60, now],
        "Values": [4, 2, 1],
        "StatusCode": "Complete",
    }
    reply = data(stage, now, now + 240, query(), ScanBy="TimestampAscending")
    assert reply["MetricDataResults"][0]["Values"] == [1, 2, 4]
    assert reply["Messages"] == []
    assert "NextToken" not in reply


def test_a_metric_without_data_is_a_complete_and_empty_result(stage: Stage, now: float) -> None:
    (result,) = data(stage, now, now + 60, query(Label="none of it"))["MetricDataResults"]
    assert result == {
        "Id": "q",
        "Label": "none of it",
        "Timestamps": [],
        "Values": [],
        "StatusCode": "Complete",
    }


def test_expressions_use_queries_that_are_not_returned(stage: Stage, now: float) -> None:
    stage.put(
        *(
            {"MetricName": name, "Value": value, "Timestamp": now + 60 * minute}
            for name, values in {"errors": [1, 2], "invocations": [10, 0, 5]}.items()
            for minute, value in enumerate(values)
        )
    )
    reply = data(
        stage,
        now,
        now + 180,
        query("e", metric="errors", ReturnData=False),
        query("i", metric="invocations", ReturnData=False),
        {"Id": "rate", "Expression": "100 * e / i", "Label": "Error rate"},
        {"Id": "twice", "Expression": "rate * 2"},
        {"Id": "filled", "Expression": "FILL(e, 0)"},
        {"Id": "every", "Expression": "METRICS()", "Label": "x"},
        ScanBy="TimestampAscending",
    )
    found = [
        (result["Id"], result["Label"], result["Values"]) for result in reply["MetricDataResults"]
    ]
    assert found == [
        ("rate", "Error rate", [10]),
        ("twice", "twice", [20]),
        ("filled", "filled", [1, 2, 0]),
        ("every", "x errors", [1, 2]),
        ("every", "x invocations", [10, 0, 5]),
    ]


def test_units_are_counted_together_unless_one_is_named(stage: Stage, now: float) -> None:
    stage.put(datum(1, now, Unit="Count"), datum(2, now, Unit="None"))
    one, both = data(stage, now, now + 60, query("a", Unit="Count"), query("b"))[
        "MetricDataResults"
    ]
    assert one["Values"] == [1]
    assert both["Values"] == [3]


@pytest.mark.parametrize(
    ("queries", "message"),
    [
        ([query("Q")], "lower-case"),
        ([query("a"), query("a")], "more than one"),
        ([{"Id": "a"}], "exactly one of"),
        ([query("a", Expression="1")], "exactly one of"),
        ([query("a", ReturnData=False)], "ReturnData"),
        ([{"Id": "a", "Expression": "b"}], "Error in expression 'a': there is no query"),
        ([{"Id": "a", "Expression": "a + 1"}], "depends on itself"),
        ([{"Id": "a", "Expression": "b"}, {"Id": "b", "Expression": "a"}], "depends on itself"),
        ([{"Id": "a", "Expression": "1 + 1"}], "must be a time series"),
        ([{"Id": "a", "Expression": "(1"}], "Error in expression 'a'"),
    ],
)
def test_queries_that_can_not_be_are_an_error(
    stage: Stage, now: float, queries: list[Any], message: str
) -> None:
    with pytest.raises(ValidationException, match=message):
        data(stage, now, now + 60, *queries)


@pytest.mark.parametrize(
    "asked",
    [query("a", AccountId="999999999999"), query("a", Label="${LAST}"), query("a", stat="tm90")],
)
def test_what_is_not_done_is_refused_by_name(stage: Stage, now: float, asked: Any) -> None:
    with pytest.raises(NotImplementedByKennel):
        data(stage, now, now + 60, asked)


def test_five_hundred_queries_are_the_most(stage: Stage, now: float) -> None:
    with pytest.raises(InvalidParameterValueException, match="greater than 500"):
        data(stage, now, now + 60, *(query(f"q{n}") for n in range(501)))


@pytest.mark.parametrize("token", ["", "x", "AAAA"])
def test_a_forged_token_is_an_error(stage: Stage, now: float, token: str) -> None:
    with pytest.raises(InvalidNextToken):
        data(stage, now, now + 60, query(), NextToken=token)


@settings(max_examples=25, deadline=None)
@given(
    st.lists(st.sets(st.integers(0, 9), max_size=8), min_size=1, max_size=4),
    st.integers(1, 7),
    st.booleans(),
)
def test_tokens_walk_every_data_point_exactly_once(
    metrics: list[set[int]], most: int, newest_first: bool
) -> None:
    clock = SimulatedClock(1_800_000_000.0)
    now = clock.policy()
    with tempfile.TemporaryDirectory() as folder:
        stage = Stage(Path(folder), clock)
        stage.cloudwatch.start()
        try:
            for number, minutes in enumerate(metrics):
                for minute in minutes:
                    stage.cloudwatch.sink.add(
                        "N", f"m{number}", (), minute, timestamp=now + 60 * minute
                    )
            found: dict[str, list[float]] = defaultdict(list)
            token: dict[str, str] = {}
            while True:
                reply = data(
                    stage,
                    now,
                    now + 600,
                    *(query(f"q{n}", metric=f"m{n}") for n in range(len(metrics))),
                    ScanBy="TimestampDescending" if newest_first else "TimestampAscending",
                    MaxDatapoints=most,
                    **token,
                )
                assert sum(len(result["Values"]) for result in reply["MetricDataResults"]) <= most
                for result in reply["MetricDataResults"]:
                    found[result["Id"]] += result["Values"]
                if "NextToken" not in reply:
                    break
                token = {"NextToken": reply["NextToken"]}
        finally:
            stage.cloudwatch.stop()
    expected = {
        f"q{number}": sorted(minutes, reverse=newest_first)
        for number, minutes in enumerate(metrics)
    }
    assert dict(found) == expected


@settings(max_examples=25, deadline=None)
@given(
    st.lists(
        st.tuples(st.integers(0, 1200), st.integers(-50, 1000), st.sampled_from([1, 60])),
        min_size=1,
        max_size=60,
    ),
    st.sampled_from([60, 120, 300]),
    st.integers(0, 400),
    st.booleans(),
)
def test_statistics_equal_a_naive_computation(
    values: list[tuple[int, int, int]], period: int, first: int, by_sink: bool
) -> None:
    clock = SimulatedClock(1_800_000_000.0)
    now = clock.policy()
    start = now + first // 60 * 60
    expected: dict[float, list[int]] = defaultdict(list)
    for second, value, _ in values:
        begin = start + (now + second - start) // period * period
        minute = now + second // 60 * 60  # what has no higher resolution lies in its minute
        if minute >= start and now + second < now + 1200:
            expected[begin].append(value)
    with tempfile.TemporaryDirectory() as folder:
        stage = Stage(Path(folder), clock)
        stage.cloudwatch.start()
        try:
            for second, value, resolution in values:
                if by_sink:
                    stage.cloudwatch.sink.add(
                        "N", "m", (), value, timestamp=now + second, resolution=resolution
                    )
                else:
                    stage.put(datum(value, now + second, StorageResolution=resolution))
            points = stage.statistics(now + first, now + 1200, Statistics=ALL, Period=period)
            ranks = stage.statistics(
                now + first, now + 1200, ExtendedStatistics=["p50"], Period=period
            )
        finally:
            stage.cloudwatch.stop()
    assert [point["Timestamp"] for point in points] == sorted(expected)
    for point in points:
        raw = expected[point["Timestamp"]]
        assert point["SampleCount"] == len(raw)
        assert point["Sum"] == sum(raw)
        assert point["Average"] == pytest.approx(sum(raw) / len(raw))
        assert (point["Minimum"], point["Maximum"]) == (min(raw), max(raw))
    medians = {point["Timestamp"]: point["ExtendedStatistics"]["p50"] for point in ranks}
    assert medians == {
        time: sorted(raw)[(len(raw) + 1) // 2 - 1]
        for time, raw in expected.items()
        if min(raw) >= 0
    }
