from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from botocore.session import get_session

from kennel.services.cloudwatch.datum import UNITS, aggregates
from kennel.services.cloudwatch.errors import (
    InvalidParameterCombinationException,
    InvalidParameterValueException,
    MissingRequiredParameterException,
)
from kennel.services.cloudwatch.metric import Metric, Place

WALL, POLICY = 1_800_000_000.0, 1_800_600_000.0
DAY = 86_400


def points(*data: dict[str, Any]) -> dict[Metric, Any]:
    return aggregates(
        "us-east-1", "N", [{"MetricName": "m", **datum} for datum in data], WALL, POLICY
    )


def test_units_are_exactly_those_of_the_model() -> None:
    shape: Any = get_session().get_service_model("cloudwatch").shape_for("StandardUnit")
    assert set(shape.enum) == UNITS


def test_a_datum_lies_in_its_minute_or_second() -> None:
    (found,) = points(
        {"Value": 1, "Timestamp": WALL + 61.5},
        {"Value": 2, "Timestamp": WALL + 61.5, "StorageResolution": 1, "Unit": "Count"},
        {"Value": 4, "Timestamp": datetime.fromtimestamp(WALL + 119.9, UTC)},
    ).values()
    assert {place: point.total for place, point in found.items()} == {
        Place(60, int(WALL) + 60, "None"): 5,
        Place(1, int(WALL) + 61, "Count"): 2,
    }


def test_a_datum_without_a_time_is_of_the_policy_time_now() -> None:
    (found,) = points({"Value": 1}).values()
    assert list(found) == [Place(60, int(POLICY), "None")]


def test_dimensions_in_another_order_are_the_same_metric() -> None:
    one, two = {"Name": "a", "Value": "1"}, {"Name": "b", "Value": "2"}
    found = points({"Value": 1, "Dimensions": [one, two]}, {"Value": 1, "Dimensions": [two, one]})
    assert list(found) == [Metric("us-east-1", "N", "m", (("a", "1"), ("b", "2")))]


def test_values_count_as_often_as_they_say() -> None:
    (found,) = points({"Values": [1, 2, 3], "Counts": [1, 0.5, 10]}, {"Values": [5]}).values()
    (point,) = found.values()
    assert (point.count, point.total, point.maximum) == (12.5, 37, 5)


@pytest.mark.parametrize("when", [WALL - 14 * DAY + 1, POLICY + 7200, WALL, POLICY])
def test_both_times_limits_hold(when: float) -> None:
    points({"Value": 1, "Timestamp": when})


@pytest.mark.parametrize(
    ("datum", "error", "message"),
    [
        ({"Value": float("nan")}, InvalidParameterValueException, "value nan for parameter"),
        ({"Value": float("inf")}, InvalidParameterValueException, "MetricData.member.1.Value"),
        ({"Value": 2.0**361}, InvalidParameterValueException, "MetricData.member.1.Value"),
        ({"Values": [1, float("nan")]}, InvalidParameterValueException, "Values"),
        ({"Values": [1], "Counts": [1, 2]}, InvalidParameterValueException, "same size"),
        ({"Values": [1], "Counts": [0]}, InvalidParameterValueException, "Counts"),
        ({"Values": list(range(151))}, InvalidParameterValueException, "greater than 150"),
        ({}, MissingRequiredParameterException, "MetricData.member.1.Value is required"),
        ({"Values": []}, MissingRequiredParameterException, "Values is required"),
        ({"Value": 1, "Values": [1]}, InvalidParameterCombinationException, "mutually exclusive"),
        ({"Value": 1, "StorageResolution": 30}, InvalidParameterValueException, "StorageRes"),
        ({"Value": 1, "Unit": "Parsec"}, InvalidParameterValueException, "Unit"),
        ({"Value": 1, "Timestamp": WALL - 15 * DAY}, InvalidParameterValueException, "two weeks"),
        ({"Value": 1, "Timestamp": POLICY + 7201}, InvalidParameterValueException, "two hours"),
        (
            {"Value": 1, "Dimensions": [{"Name": "d", "Value": "v"}] * 31},
            InvalidParameterValueException,
            "greater than 30",
        ),
        (
            {"Value": 1, "Dimensions": [{"Name": "d", "Value": " "}]},
            InvalidParameterValueException,
            "Dimensions.member.1.Value",
        ),
        (
            {"StatisticValues": {"SampleCount": 0, "Sum": 1, "Minimum": 1, "Maximum": 1}},
            InvalidParameterValueException,
            "SampleCount",
        ),
        (
            {"StatisticValues": {"SampleCount": 2, "Sum": 1, "Minimum": 2, "Maximum": 1}},
            InvalidParameterValueException,
            "Minimum must be less",
        ),
    ],
)
def test_a_datum_that_breaks_a_limit_is_an_error(
    datum: dict[str, Any], error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        points(datum)


def test_a_thousand_data_are_the_most() -> None:
    points(*[{"Value": 1}] * 1000)
    with pytest.raises(InvalidParameterValueException, match="greater than 1000"):
        points(*[{"Value": 1}] * 1001)
