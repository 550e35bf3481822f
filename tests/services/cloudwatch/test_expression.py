from __future__ import annotations

from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kennel.errors import NotImplementedByKennel
from kennel.services.cloudwatch.errors import ValidationException
from kennel.services.cloudwatch.expression import evaluate
from kennel.services.cloudwatch.math_values import Series, Value

TIMES = range(0, 240, 60)
METRICS = {
    "m1": Series("one", {0: 1.0, 60: 2.0, 180: 4.0}, TIMES),
    "m2": Series("two", {0: 10.0, 60: 0.0, 120: 30.0}, TIMES),
    "n3": Series("three", {60: 7.0}, TIMES),
}


def resolve(name: str) -> Value:
    if name not in METRICS:
        raise ValidationException(f"there is no query with the id '{name}'")
    return METRICS[name]


def value(text: str) -> object:
    result = evaluate(text, resolve, lambda: list(METRICS.items()))
    if isinstance(result, float):
        return result
    if isinstance(result, Series):
        return dict(result.values)
    return [dict(series.values) for series in result]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1 + 2 * 3", 7),
        ("(1 + 2) * 3", 9),
        ("2 ^ 3 ^ 2", 512),
        ("-2 ^ 2", -4),
        ("2 ^ -1", 0.5),
        ("8 / 4 / 2", 1),
        ("8 - 4 - 2", 2),
        ("--3", 3),
        ("1e3 + .5", 1000.5),
        ("m1", {0: 1, 60: 2, 180: 4}),
        ("m1 * 2 + 1", {0: 3, 60: 5, 180: 9}),
        ("1 - m1", {0: 0, 60: -1, 180: -3}),
        ("m1 + m2", {0: 11, 60: 2}),
        ("m1 / m2", {0: 0.1}),
        ("m1 / m2 * 100", {0: 10}),
        ("SUM(m1)", 7),
        ("m1 / SUM(m1)", {0: 1 / 7, 60: 2 / 7, 180: 4 / 7}),
        ("SUM(METRICS())", {0: 11, 60: 9, 120: 30, 180: 4}),
        ('SUM(METRICS("m"))', {0: 11, 60: 2, 120: 30, 180: 4}),
        ("AVG([m1, m2])", {0: 5.5, 60: 1, 120: 30, 180: 4}),
        ("MAX([m1, m2, n3])", {0: 10, 60: 7, 120: 30, 180: 4}),
        ("MIN(METRICS())", {0: 1, 60: 0, 120: 30, 180: 4}),
        ("FILL(m1, 0)", {0: 1, 60: 2, 120: 0, 180: 4}),
        ("FILL(n3, REPEAT)", {60: 7, 120: 7, 180: 7}),
        ("FILL(m1, m2)", {0: 1, 60: 2, 120: 30, 180: 4}),
        ("FILL(METRICS('n'), -1)", [{0: -1, 60: 7, 120: -1, 180: -1}]),
        ("SUM(FILL(METRICS(), 0))", {0: 11, 60: 9, 120: 30, 180: 4}),
        ("CEIL(m1 / 3)", {0: 1, 60: 1, 180: 2}),
        ("FLOOR(ABS(-m1) / 3)", {0: 0, 60: 0, 180: 1}),
        ("METRICS() * 0", [{0: 0, 60: 0, 180: 0}, {0: 0, 60: 0, 120: 0}, {60: 0}]),
        ("m1 + 1 / 0", {}),
        ("(0 - m1) ^ 0.5", {}),
        ("10 ^ 400 * m1", {}),
        ("2 < 3", 1),
        ("2 == 3 || 3 >= 3", 1),
        ("1 + 1 > 1 AND 0", 0),
        ("1 OR 1 AND 0", 1),
        ("3 != 3", 0),
        ("m1 >= 2", {0: 0, 60: 1, 180: 1}),
        ("m1 < m2", {0: 1, 60: 0, 120: 1, 180: 0}),
        ("METRICS() > 5", [{0: 0, 60: 0, 180: 0}, {0: 1, 60: 0, 120: 1}, {60: 1}]),
        ("IF(m1 > 1, m1)", {60: 2, 180: 4}),
        ("IF(m1 > 1, 10, 5)", {0: 5, 60: 10, 180: 10}),
        ("IF(1, m1, m2)", {0: 1, 60: 2, 180: 4}),
        ("IF(0, m1)", {}),
        ("IF(0, m1, 3)", 3),
        ("RATE(m2)", {60: -10 / 60, 120: 0.5}),
        ("DIFF(m1)", {60: 1, 180: 2}),
        ("DIFF_TIME(m1)", {60: 60, 180: 120}),
        ("RUNNING_SUM(m1)", {0: 1, 60: 3, 180: 7}),
        ("DIFF([m1, n3])", [{60: 1, 180: 2}, {}]),
        ("m1 / PERIOD(m1)", {0: 1 / 60, 60: 2 / 60, 180: 4 / 60}),
        ("METRIC_COUNT(METRICS())", 3),
        ("DATAPOINT_COUNT(m1)", 3),
        ("DATAPOINT_COUNT(METRICS())", {0: 2, 60: 3, 120: 1, 180: 1}),
        ("FIRST(METRICS()) + 0", {0: 1, 60: 2, 180: 4}),
        ("LAST([m1, n3])", {60: 7}),
        ("LOG10(10 * m1)", {0: 1, 60: pytest.approx(1.30103), 180: pytest.approx(1.60206)}),
        ("LOG(m2)", {0: pytest.approx(2.302585), 120: pytest.approx(3.401197)}),
        ("FILL(m1, LINEAR)", {0: 1, 60: 2, 120: 3, 180: 4}),
        ("FILL(n3, LINEAR)", {60: 7}),
        ("MINUTE(n3)", {0: 0, 60: 1, 120: 2, 180: 3}),
        ("DAY(m1)", {0: 4, 60: 4, 120: 4, 180: 4}),
        ("EPOCH(m1)", {0: 0, 60: 60, 120: 120, 180: 180}),
        ("YEAR(m1) * 10000 + MONTH(m1) * 100 + DATE(m1)", dict.fromkeys(TIMES, 19700101)),
        ("HOUR(m1)", dict.fromkeys(TIMES, 0)),
    ],
)
def test_expressions_have_their_values(text: str, expected: object) -> None:
    found = value(text)
    assert found == (pytest.approx(expected) if isinstance(expected, (dict, float)) else expected)


def series(*values: float | None) -> Series:
    """A value each minute, None where it is missing."""
    times = range(0, 60 * len(values), 60)
    present = {t: v for t, v in zip(times, values, strict=True) if v is not None}
    return Series("", present, times)


# "Using metric math": the examples of its sections on comparisons and on IF.
COMPARED = {"metric1": series(30, 20, 0, 0), "metric2": series(20, None, 20, None)}
CHOSEN = {
    "metric1": series(1, 1, 0, 0, None),
    "metric2": series(30, None, 0, 0, 30),
    "metric3": series(0, 0, 20, None, 20),
}


@pytest.mark.parametrize(
    ("metrics", "text", "expected"),
    [
        (COMPARED, "(metric1 < metric2)", (0, 0, 1, 0)),
        (COMPARED, "(metric1 >= 30)", (1, 0, 0, 0)),
        (COMPARED, "(metric1 > 15 AND metric2 > 15)", (1, 0, 0, 0)),
        (CHOSEN, "IF(metric1, metric2, metric3)", (30, 0, 20, None, None)),
        (CHOSEN, "IF(metric1, 5, metric3)", (5, 5, 20, None, None)),
        (CHOSEN, "IF(metric1, metric2, 5)", (30, 0, 5, 5, None)),
    ],
)
def test_awss_examples_have_awss_values(
    metrics: Mapping[str, Series], text: str, expected: tuple[float | None, ...]
) -> None:
    found = evaluate(text, metrics.__getitem__, list)
    assert isinstance(found, Series)
    assert tuple(found.values.get(time) for time in found.times) == expected


@pytest.mark.parametrize(
    "text",
    [
        *("m1 >", "m1 = 2", "m1 ! 2", "AND", "m1 AND", "IF(m1)", "IF(METRICS(), 1, 2)"),
        *("IF(0, 1)", "DIFF(3)", "METRIC_COUNT(m1)", "FIRST(m1)", "PERIOD(3)", "RATE(m1, m2)"),
        *("", "1 +", "(1", "m1 m2", "x", "[1, 2]", "SUM()", "SUM(m1, m2)", "FILL(m1)", "[m1"),
        *("m1 $ 2", "FILL(1, 2)", "METRICS(m1)", "METRICS() + [m1, m2]"),
        *("(" * 100 + "1" + ")" * 100, "2^" * 99),
    ],
)
def test_a_malformed_expression_is_an_error(text: str) -> None:
    with pytest.raises(ValidationException):
        value(text)


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("SORT(METRICS(), AVG, ASC)", "SORT"),
        ("STDDEV(m1)", "STDDEV"),
        ("TIME_SERIES(3)", "TIME_SERIES"),
        ("SEARCH('{N}', 'Sum')", "SEARCH"),
        ("ANOMALY_DETECTION_BAND(m1)", "ANOMALY"),
        ("SELECT AVG(x) FROM y", "SELECT"),
    ],
)
def test_what_is_not_done_is_refused_by_name(text: str, name: str) -> None:
    with pytest.raises(NotImplementedByKennel, match=name):
        value(text)


_TERMS = st.recursive(
    st.integers(0, 9).map(str),
    lambda inner: (
        st.tuples(inner, st.sampled_from("+-*"), inner).map(
            lambda parts: f"({parts[0]} {parts[1]} {parts[2]})"
        )
        | inner.map(lambda text: f"-{text}")
    ),
    max_leaves=12,
)


@given(_TERMS)
def test_arithmetic_is_pythons(text: str) -> None:
    assert value(text) == pytest.approx(eval(text))


@given(st.text("m12+-*/^()[],. SUMFILL<=&|ANDOR", max_size=25))
def test_any_text_has_a_value_or_is_an_error_of_its_own(text: str) -> None:
    try:
        value(text)
    except (ValidationException, NotImplementedByKennel):
        pass
