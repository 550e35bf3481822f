"""Points of the search space: always inside, whatever the range and the scale."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kennel.runtimes.tuner.space import Categorical, Continuous, Integer, Space

UNIT = st.floats(0, 1)
SCALES = {
    "linear": (-1e12, 1e12),
    "logarithmic": (1e-12, 1e12),
    "reverse-logarithmic": (0.0, 1 - 1e-9),
}


@st.composite
def continuous(draw: st.DrawFn) -> Continuous:
    scale = draw(st.sampled_from(sorted(SCALES)))
    low, high = sorted(draw(st.tuples(*2 * [st.floats(*SCALES[scale])])))
    return Continuous("x", low, high, scale)


@st.composite
def integers(draw: st.DrawFn) -> Integer:
    scale = draw(st.sampled_from(["linear", "logarithmic"]))
    least = 1 if scale == "logarithmic" else -(2**53)
    low, high = sorted(draw(st.tuples(*2 * [st.integers(least, 2**53)])))
    return Integer("n", low, high, scale)


@given(continuous(), UNIT)
def test_a_continuous_value_is_a_number_in_its_range(parameter: Continuous, unit: float) -> None:
    value = float(parameter.at(unit))
    assert parameter.low <= value <= parameter.high
    assert 0.0 <= parameter.place(parameter.at(unit)) <= 1.0


@given(integers(), UNIT)
def test_an_integer_value_is_a_whole_number_in_its_range(parameter: Integer, unit: float) -> None:
    assert parameter.low <= int(parameter.at(unit)) <= parameter.high


@given(st.lists(st.text(), min_size=1, unique=True), UNIT)
def test_a_categorical_value_is_one_of_them_as_it_was_given(values: list[str], unit: float) -> None:
    assert Categorical("c", tuple(values)).at(unit) in values


@given(st.sampled_from(sorted(SCALES)), UNIT)
def test_a_value_lies_at_the_place_that_it_came_from(scale: str, unit: float) -> None:
    parameter = Continuous("x", 0.001, 0.9, scale)
    assert parameter.place(parameter.at(unit)) == pytest.approx(unit, abs=1e-6)


@pytest.mark.parametrize(
    ("scale", "middle"), [("linear", 0.5), ("logarithmic", 0.1), ("reverse-logarithmic", 0.9)]
)
def test_the_middle_of_a_scale_is_where_the_scale_puts_it(scale: str, middle: float) -> None:
    low = 0.01 if scale == "logarithmic" else 0.0
    high = 0.99 if scale == "reverse-logarithmic" else 1.0
    assert float(Continuous("x", low, high, scale).at(0.5)) == pytest.approx(middle)


def test_every_integer_of_a_small_range_is_as_likely() -> None:
    parameter = Integer("n", 1, 4, "linear")
    found = [parameter.at(step / 400) for step in range(400)]
    assert {value: found.count(value) for value in found} == dict.fromkeys("1234", 100)


def test_a_value_outside_of_the_range_has_no_place() -> None:
    with pytest.raises(ValueError, match="is not from"):
        Continuous("x", 0.0, 1.0, "linear").place("1.5")
    with pytest.raises(ValueError, match="is not from"):
        Integer("n", 1, 4, "linear").number("5")


def test_a_space_lists_all_its_points() -> None:
    space = Space((Integer("n", 1, 2, "linear"), Categorical("c", ("a", "b"))))
    assert space.size == 4
    assert [tuple(point.values()) for point in space.points()] == [
        ("1", "a"),
        ("1", "b"),
        ("2", "a"),
        ("2", "b"),
    ]
    assert Space((Continuous("x", 0, 1, "linear"),)).size is None


def test_the_logarithmic_scale_of_integers_reaches_both_ends() -> None:
    parameter = Integer("n", 1, 1024, "logarithmic")
    assert (parameter.at(0.0), parameter.at(1.0)) == ("1", "1024")
    assert math.isclose(int(parameter.at(0.5)), 22, abs_tol=2)
