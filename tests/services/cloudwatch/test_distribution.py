from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kennel.services.cloudwatch.distribution import ACCURACY, EXACT_VALUES, Distribution

_VALUES = st.lists(
    st.tuples(
        st.one_of(st.integers(0, 50).map(float), st.floats(0, 1e9)), st.integers(1, 5).map(float)
    ),
    min_size=1,
    max_size=2 * EXACT_VALUES,
)
_PERCENT = st.one_of(st.sampled_from([0.0, 50.0, 99.0, 100.0]), st.floats(0, 100))


def naive(pairs: list[tuple[float, float]], percent: float) -> float:
    """The nearest rank of all values written out."""
    values = sorted(value for value, count in pairs for _ in range(int(count)))
    return values[max(math.ceil(len(values) * percent / 100 - 1e-9), 1) - 1]


@given(_VALUES, _PERCENT)
def test_a_percentile_is_the_nearest_rank(pairs: list[tuple[float, float]], percent: float) -> None:
    distribution = Distribution()
    for value, count in pairs:
        distribution.add(value, count)
    found, expected = distribution.percentile(percent), naive(pairs, percent)
    if len({value for value, _ in pairs}) <= EXACT_VALUES:
        assert found == expected
    else:
        assert found == pytest.approx(expected, rel=1.01 * ACCURACY, abs=1e-12)


@given(_VALUES, _VALUES, _PERCENT)
def test_merging_is_adding_everything(
    some: list[tuple[float, float]], others: list[tuple[float, float]], percent: float
) -> None:
    whole, one, other = Distribution(), Distribution(), Distribution()
    for value, count in some:
        one.add(value, count)
        whole.add(value, count)
    for value, count in others:
        other.add(value, count)
        whole.add(value, count)
    one.merge(other)
    assert one.percentile(percent) == whole.percentile(percent)


@given(_VALUES, _PERCENT)
def test_what_is_stored_is_what_was_there(pairs: list[tuple[float, float]], percent: float) -> None:
    distribution = Distribution()
    for value, count in pairs:
        distribution.add(value, count)
    again = Distribution.decode(distribution.encode())
    assert again.percentile(percent) == distribution.percentile(percent)
    again.add(1.0)
    again.merge(distribution)


def test_a_million_values_take_little_room() -> None:
    distribution = Distribution()
    for number in range(100_000):
        distribution.add(0.001 * 1.0001**number)
    assert len(distribution.encode()) < 5_000
