"""Sentences as CloudWatch was observed to write them."""

from __future__ import annotations

import json
from collections.abc import Sequence

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kennel.scaling import AlarmRule, AlarmState, Comparison, MissingData
from kennel.scaling.alarm import evaluate
from kennel.services.cloudwatch.alarms import history
from kennel.services.cloudwatch.alarms.reasons import (
    Datapoint,
    evaluated,
    state_reason,
    state_reason_data,
)
from kennel.services.cloudwatch.alarms.record import Alarm, Configuration

NOON = 1_795_608_000  # 25/11/26 12:00:00


def rule(
    datapoints: int,
    periods: int,
    missing: str = "missing",
    comparison: Comparison = Comparison.ABOVE,
) -> AlarmRule:
    return AlarmRule(comparison, 10.0, 60, periods, datapoints, MissingData(missing))


def points(*values: float | None) -> list[Datapoint]:
    """The last one is the minute before noon."""
    first = NOON - 60 * len(values)
    return [
        Datapoint(first + 60 * number, value, None if value is None else 1.0)
        for number, value in enumerate(values)
    ]


def sentence(rule: AlarmRule, *values: float | None) -> str:
    given = points(*values)
    state = evaluate(rule, [point.value for point in given], AlarmState.OK)
    return state_reason(rule, given, state)


@pytest.mark.parametrize(
    ("watched", "values", "expected"),
    [
        (
            rule(3, 3),
            (11, 12.5, 13),
            "Threshold Crossed: 3 out of the last 3 datapoints [13.0 (25/11/26 11:59:00), 12.5 "
            "(25/11/26 11:58:00), 11.0 (25/11/26 11:57:00)] were greater than the threshold (10.0) "
            "(minimum 3 datapoints for OK -> ALARM transition).",
        ),
        (
            rule(1, 1, comparison=Comparison.AT_LEAST),
            (10,),
            "Threshold Crossed: 1 out of the last 1 datapoints [10.0 (25/11/26 11:59:00)] was "
            "greater than or equal to the threshold (10.0) (minimum 1 datapoint for OK -> ALARM "
            "transition).",
        ),
        (
            rule(3, 3),
            (11, 12.5, 3),
            "Threshold Crossed: 1 out of the last 3 datapoints [3.0 (25/11/26 11:59:00)] was not "
            "greater than the threshold (10.0) (minimum 1 datapoint for ALARM -> OK transition).",
        ),
        (
            rule(2, 3, comparison=Comparison.AT_MOST),
            (11, 12, 3),
            "Threshold Crossed: 2 out of the last 3 datapoints [12.0 (25/11/26 11:58:00), 11.0 "
            "(25/11/26 11:57:00)] were not less than or equal to the threshold (10.0) (minimum 2 "
            "datapoints for ALARM -> OK transition).",
        ),
        (
            rule(5, 5, comparison=Comparison.BELOW),
            (0, 0, 0, 0, 0),
            "Threshold Crossed: 5 out of the last 5 datapoints were less than the threshold "
            "(10.0). The most recent datapoints which crossed the threshold: [0.0 (25/11/26 "
            "11:59:00), 0.0 (25/11/26 11:58:00), 0.0 (25/11/26 11:57:00), 0.0 (25/11/26 11:56:00), "
            "0.0 (25/11/26 11:55:00)] (minimum 5 datapoints for OK -> ALARM transition).",
        ),
        (rule(1, 1), (None,), "Insufficient Data: 1 datapoint was unknown."),
        (rule(5, 5), (None,) * 5, "Insufficient Data: 5 datapoints were unknown."),
        (
            rule(1, 1, "notBreaching"),
            (None,),
            "Threshold Crossed: no datapoints were received for 1 period and 1 missing datapoint "
            "was treated as [NonBreaching].",
        ),
        (
            rule(2, 2, "breaching"),
            (None, None),
            "Threshold Crossed: no datapoints were received for 2 periods and 2 missing datapoints "
            "were treated as [Breaching].",
        ),
        (
            rule(2, 2, "breaching", Comparison.AT_LEAST),
            (None, None, 0),
            "Threshold Crossed: 1 datapoint [0.0 (25/11/26 11:59:00)] was not greater than or "
            "equal to the threshold (10.0) and 1 missing datapoint was treated as [Breaching].",
        ),
        (
            rule(2, 3, "breaching"),
            (None, None, 1),
            "Threshold Crossed: 1 datapoint was received for 3 periods and 2 missing datapoints "
            "were treated as [Breaching].",
        ),
    ],
)
def test_a_state_has_cloudwatchs_sentence(
    watched: AlarmRule, values: Sequence[float | None], expected: str
) -> None:
    assert sentence(watched, *values) == expected


@pytest.mark.parametrize(
    ("value", "written"),
    [
        (11.0, "11.0"),
        (40.609605060341245, "40.609605060341245"),
        (12_000_000.0, "1.2E7"),
        (1e10, "1.0E10"),
        (123_456_789.5, "1.234567895E8"),
    ],
)
def test_numbers_are_written_as_java_writes_them(value: float, written: str) -> None:
    assert f"[{written} (25/11/26 11:59:00)]" in sentence(rule(1, 1), value)


def test_a_thousandth_has_an_exponent() -> None:
    assert "[5.0E-4 (" in sentence(rule(1, 1), 0.0005)


def test_only_what_was_evaluated_is_told() -> None:
    watched = rule(3, 3)
    values = points(1, None, 12, None, 14)
    assert [point.value for point in evaluated(watched, values)] == [1, 12, 14]
    values = points(None, None, 12, None, None)
    assert [point.value for point in evaluated(watched, values)] == [12, None, None]


configurations = st.builds(
    lambda periods, share, missing: Configuration(
        metric_name="m",
        namespace="N",
        statistic="Sum",
        period=60,
        evaluation_periods=periods,
        datapoints_to_alarm=max(1, int(periods * share)),
        threshold=10.0,
        comparison_operator=Comparison.ABOVE,
        treat_missing_data=missing,
    ),
    st.integers(1, 100),
    st.floats(0, 1),
    st.sampled_from(list(MissingData)),
)


@given(configurations, st.data())
def test_reasons_and_histories_keep_within_awss_limits(
    configuration: Configuration, data: st.DataObject
) -> None:
    size = configuration.evaluation_periods
    value = st.one_of(st.none(), st.floats(-1e300, 1e300))
    values = points(*data.draw(st.lists(value, min_size=size, max_size=size)))
    watched = configuration.rule
    state = evaluate(watched, [point.value for point in values], AlarmState.OK)
    reason = state_reason(watched, values, state)
    assert len(reason) <= 1023
    reason_data = state_reason_data(configuration, values, NOON)
    assert len(reason_data) <= 4000
    assert json.loads(reason_data)["period"] == 60
    alarm = Alarm(
        region="us-east-1",
        name="n" * 255,
        arn="arn:aws:cloudwatch:us-east-1:123456789012:alarm:n",
        configuration=configuration,
        configured=0,
        updated=0,
        transitioned=0,
        state=state,
        reason=reason,
        reason_data=reason_data,
    )
    other = msgspec.structs.replace(alarm, state=AlarmState.OK)
    for event in (
        history.state_updated(other, alarm),
        history.configured(alarm, "created"),
        history.acted(alarm, 0.0, "arn:" + "x" * 1020, 0.0, reason_data * 2, "why " * 50),
    ):
        assert len(event.summary) <= 255
        assert len(event.data) <= 4095
        json.loads(event.data)
