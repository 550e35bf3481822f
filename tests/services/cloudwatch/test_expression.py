from __future__ import annotations

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
    ],
)
def test_expressions_have_their_values(text: str, expected: object) -> None:
    found = value(text)
    assert found == (pytest.approx(expected) if isinstance(expected, (dict, float)) else expected)


@pytest.mark.parametrize(
    "text",
    [
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
        ("RATE(m1)", "RATE"),
        ("IF(m1 > 1, m1)", "IF|>"),
        ("m1 > 1", ">"),
        ("SEARCH('{N}', 'Sum')", "SEARCH"),
        ("ANOMALY_DETECTION_BAND(m1)", "ANOMALY"),
        ("SELECT AVG(x) FROM y", "SELECT"),
        ("FILL(m1, LINEAR)", "LINEAR"),
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


@given(st.text("m12+-*/^()[],. SUMFILL<", max_size=25))
def test_any_text_has_a_value_or_is_an_error_of_its_own(text: str) -> None:
    try:
        value(text)
    except (ValidationException, NotImplementedByKennel):
        pass
