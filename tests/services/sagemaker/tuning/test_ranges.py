"""ParameterRanges: what can be searched, and what AWS refuses."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kennel.errors import NotImplementedByKennel, ValidationException
from kennel.runtimes.tuner import propose
from kennel.services.sagemaker.tuning.ranges import Numeric, Scale, read_ranges


def numeric(low: object, high: object, scaling: str = "Auto", **more: Any) -> Numeric:
    kind = "IntegerParameterRanges" if more.get("integer") else "ContinuousParameterRanges"
    entry = {"Name": "x", "MinValue": str(low), "MaxValue": str(high), "ScalingType": scaling}
    [found] = read_ranges({kind: [entry]})
    assert isinstance(found, Numeric)
    return found


FINITE = st.floats(-1e12, 1e12)


@given(FINITE, FINITE, st.sampled_from(["Auto", "Linear", "Logarithmic", "ReverseLogarithmic"]))
def test_a_range_is_refused_or_all_its_values_lie_inside(a: float, b: float, scaling: str) -> None:
    try:
        parameter = numeric(a, b, scaling)
    except ValidationException:
        assert a > b or scaling in ("Logarithmic", "ReverseLogarithmic")
        return
    point = ask(parameter.told())
    assert a <= float(point["x"]) <= b
    assert parameter.holds(point["x"])


@given(
    st.integers(-(2**53), 2**53),
    st.integers(-(2**53), 2**53),
    st.sampled_from(["Auto", "Linear", "Logarithmic"]),
)
def test_an_integer_range_gives_integers_inside_of_it(a: int, b: int, scaling: str) -> None:
    try:
        parameter = numeric(a, b, scaling, integer=True)
    except ValidationException:
        assert a > b or scaling == "Logarithmic"
        return
    assert a <= int(ask(parameter.told())["x"]) <= b


def ask(told: dict[str, Any]) -> dict[str, str]:
    request = {"strategy": "Random", "seed": 1, "number": 1, "budget": 1, "maximize": False}
    return propose(request | {"space": [told], "trials": []})


@pytest.mark.parametrize(
    ("low", "high", "scale"),
    [
        ("0.001", "0.1", Scale.LOGARITHMIC),
        ("0.01", "0.1", Scale.LINEAR),
        ("0", "1000", Scale.LINEAR),
        ("-1000", "-1", Scale.LINEAR),
        ("1e-5", "1e-1", Scale.LOGARITHMIC),
    ],
)
def test_auto_is_logarithmic_for_positive_ranges_of_two_decades(
    low: str, high: str, scale: Scale
) -> None:
    assert numeric(low, high).scale is scale


@pytest.mark.parametrize(
    ("low", "high", "scaling"),
    [
        ("0", "1", "Logarithmic"),
        ("-1", "1", "Logarithmic"),
        ("0", "1", "ReverseLogarithmic"),
        ("-0.5", "0.5", "ReverseLogarithmic"),
        ("2", "1", "Linear"),
        ("nan", "1", "Linear"),
        ("0", "inf", "Linear"),
        ("zero", "1", "Linear"),
    ],
)
def test_a_range_that_its_scale_does_not_reach_is_refused(
    low: str, high: str, scaling: str
) -> None:
    with pytest.raises(ValidationException, match="x"):
        numeric(low, high, scaling)


@pytest.mark.parametrize(
    ("low", "high", "scaling"),
    [("0", "9", "Logarithmic"), ("1.5", "3", "Auto"), ("0", "1", "ReverseLogarithmic")],
)
def test_an_integer_range_that_makes_no_sense_is_refused(low: str, high: str, scaling: str) -> None:
    with pytest.raises(ValidationException, match="x"):
        numeric(low, high, scaling, integer=True)


def test_thirty_hyperparameters_can_be_searched_and_no_more() -> None:
    def ranges(count: int) -> dict[str, Any]:
        return {
            "CategoricalParameterRanges": [
                {"Name": f"p{number}", "Values": ["a", "b"]} for number in range(count)
            ]
        }

    assert len(read_ranges(ranges(30))) == 30
    with pytest.raises(ValidationException, match="30"):
        read_ranges(ranges(31))


def test_nothing_to_search_and_a_name_searched_twice_are_refused() -> None:
    with pytest.raises(ValidationException, match="at least one range"):
        read_ranges({})
    twice = {"CategoricalParameterRanges": 2 * [{"Name": "p", "Values": ["a"]}]}
    with pytest.raises(ValidationException, match="more than one range"):
        read_ranges(twice)


def test_autotuned_parameters_are_refused_by_name() -> None:
    with pytest.raises(NotImplementedByKennel, match="AutoParameters"):
        read_ranges({"AutoParameters": [{"Name": "p", "ValueHint": "1"}]})
