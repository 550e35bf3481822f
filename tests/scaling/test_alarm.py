"""The states that follow from datapoints, with AWS's own examples."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kennel.scaling import AlarmRule, AlarmState, Comparison, MissingData
from kennel.scaling.alarm import evaluate

RETAINED = None
OK, ALARM, UNKNOWN = AlarmState.OK, AlarmState.ALARM, AlarmState.INSUFFICIENT_DATA
TREATMENTS = (
    MissingData.MISSING,
    MissingData.IGNORE,
    MissingData.BREACHING,
    MissingData.NOT_BREACHING,
)

# "Configuring how CloudWatch alarms treat missing data", user guide of Amazon CloudWatch: the
# columns MISSING, IGNORE, BREACHING and NOT BREACHING of its two tables.
THREE_OF_THREE = [
    ("0 - X - X", OK, OK, OK, OK),
    ("0 - - - -", OK, OK, OK, OK),
    ("- - - - -", UNKNOWN, RETAINED, ALARM, OK),
    ("0 X X - X", ALARM, ALARM, ALARM, ALARM),
    ("- - X - -", ALARM, RETAINED, ALARM, OK),
]
TWO_OF_THREE = [
    ("0 - X - X", ALARM, ALARM, ALARM, ALARM),
    ("0 0 X 0 X", ALARM, ALARM, ALARM, ALARM),
    ("0 - X - -", OK, OK, ALARM, OK),
    ("- - - - 0", OK, OK, ALARM, OK),
    ("- - - X -", ALARM, RETAINED, ALARM, OK),
]
# Rows that the same page had in 2019 and that nothing in it contradicts now.
THREE_OF_THREE_BEFORE = [
    ("- - - - X", UNKNOWN, RETAINED, ALARM, OK),
    ("X - - - -", ALARM, RETAINED, ALARM, OK),
]
TWO_OF_THREE_BEFORE = [("- - - - X", UNKNOWN, RETAINED, ALARM, OK)]


def rule(datapoints: int, periods: int, missing: MissingData = MissingData.MISSING) -> AlarmRule:
    return AlarmRule(Comparison.ABOVE, 10.0, 300, periods, datapoints, missing)


def points(text: str) -> list[float | None]:
    return [{"0": 1.0, "X": 11.0, "-": None}[mark] for mark in text.split()]


@pytest.mark.parametrize("former", list(AlarmState))
@pytest.mark.parametrize(
    ("datapoints", "row"),
    [(3, row) for row in THREE_OF_THREE + THREE_OF_THREE_BEFORE]
    + [(2, row) for row in TWO_OF_THREE + TWO_OF_THREE_BEFORE],
)
def test_missing_data_is_treated_as_in_awss_tables(datapoints, row, former):
    data, *states = row
    for missing, state in zip(TREATMENTS, states, strict=True):
        found = evaluate(rule(datapoints, 3, missing), points(data), former)
        assert found is (former if state is RETAINED else state), missing


@pytest.mark.parametrize(
    ("data", "state"),
    [
        # The page's section "Avoiding premature transitions to alarm state".
        ("- - - - X", UNKNOWN),
        ("- - - X -", UNKNOWN),
        ("- - X - -", ALARM),
        ("- - - X 0", OK),
        ("- - X - 0", OK),
    ],
)
def test_an_alarm_waits_for_a_second_look_at_data_that_comes_now_and_then(data, state):
    assert evaluate(rule(3, 3), points(data), OK) is state


def test_an_alarm_follows_awss_figure():
    # "Evaluating an alarm": threshold 3, three of three; above in periods 3 to 5 and again in 9.
    values = [2.0, 2.5, 3.5, 4.0, 3.6, 2.0, 1.0, 2.0, 5.0, 2.0, 1.0]
    watched = replace(rule(3, 3), threshold=3.0)
    states = [evaluate(watched, values[: end + 1], OK) for end in range(2, len(values))]
    assert [number for number, state in enumerate(states, 3) if state is ALARM] == [5]


@pytest.mark.parametrize(
    ("comparison", "breaching"),
    [
        (Comparison.ABOVE, [11.0]),
        (Comparison.AT_LEAST, [10.0, 11.0]),
        (Comparison.BELOW, [9.0]),
        (Comparison.AT_MOST, [9.0, 10.0]),
    ],
)
def test_each_comparison_has_its_side(comparison, breaching):
    watched = replace(rule(1, 1), comparison=comparison)
    for value in (9.0, 10.0, 11.0):
        expected = ALARM if value in breaching else OK
        assert evaluate(watched, [value], UNKNOWN) is expected


@st.composite
def situations(draw):
    periods = draw(st.integers(1, 8))
    watched = rule(draw(st.integers(1, periods)), periods, draw(st.sampled_from(list(MissingData))))
    size = watched.evaluation_range
    data = st.one_of(st.none(), st.sampled_from([1.0, 11.0]))
    return watched, draw(st.lists(data, min_size=size, max_size=size))


@given(situations(), st.sampled_from(list(AlarmState)))
def test_enough_data_needs_no_word_on_missing_data(situation, former):
    watched, data = situation
    real = [point for point in data if point is not None]
    if len(real) < watched.periods:
        return
    for missing in MissingData:
        found = evaluate(replace(watched, missing=missing), data, former)
        breaching = sum(point > 10 for point in real[-watched.periods :])
        assert found is (ALARM if breaching >= watched.datapoints else OK)


@given(situations(), st.sampled_from(list(AlarmState)), st.data())
def test_a_higher_datapoint_never_ends_an_alarm_that_looks_for_high_ones(situation, former, data):
    watched, values = situation
    if evaluate(watched, values, former) is not ALARM:
        return
    index = data.draw(st.integers(0, len(values) - 1))
    if values[index] is not None:
        values[index] = 12.0
    assert evaluate(watched, values, former) is ALARM


@given(situations(), st.sampled_from(list(AlarmState)))
def test_the_former_state_matters_only_where_missing_data_is_ignored(situation, former):
    watched, values = situation
    states = {evaluate(watched, values, each) for each in AlarmState}
    if watched.missing is not MissingData.IGNORE:
        assert len(states) == 1
    assert evaluate(watched, values, former) in states


@given(situations(), st.sampled_from(list(AlarmState)))
def test_what_lies_beyond_the_evaluation_range_does_not_matter(situation, former):
    watched, values = situation
    expected = evaluate(watched, values, former)
    for older in (None, 1.0, 11.0):
        assert evaluate(watched, [older, older, *values], former) is expected


@given(situations())
def test_filled_data_leaves_nothing_open(situation):
    watched, values = situation
    for missing in (MissingData.BREACHING, MissingData.NOT_BREACHING):
        assert evaluate(replace(watched, missing=missing), values, UNKNOWN) is not UNKNOWN
