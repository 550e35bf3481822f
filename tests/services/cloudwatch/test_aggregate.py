from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kennel.services.cloudwatch.aggregate import Aggregate
from kennel.services.cloudwatch.statistic import SIMPLE


def aggregate_of(*values: float) -> Aggregate:
    aggregate = Aggregate()
    for value in values:
        aggregate.add(value)
    return aggregate


@given(st.lists(st.integers(-1000, 1000).map(float), min_size=1), st.integers(0, 50))
def test_statistics_equal_a_naive_computation(values: list[float], cut: int) -> None:
    merged = aggregate_of(*values[:cut])
    merged.merge(aggregate_of(*values[cut:]))
    stored = Aggregate.decode(merged.encode())
    assert SIMPLE["SampleCount"](stored) == len(values)
    assert SIMPLE["Sum"](stored) == sum(values)
    assert SIMPLE["Average"](stored) == sum(values) / len(values)
    assert SIMPLE["Minimum"](stored) == min(values)
    assert SIMPLE["Maximum"](stored) == max(values)


def test_negative_values_leave_no_percentiles() -> None:
    assert aggregate_of(1, 2, 3).percentile(50) == 2
    assert aggregate_of(1, -2, 3).percentile(50) is None


@pytest.mark.parametrize(
    ("count", "total", "minimum", "maximum", "expected"),
    [(1, 5, 5, 5, 5), (4, 8, 2, 2, 2), (4, 8, 1, 3, None)],
)
def test_a_statistic_set_has_percentiles_only_if_it_stands_for_one_value(
    count: float, total: float, minimum: float, maximum: float, expected: float | None
) -> None:
    aggregate = Aggregate()
    aggregate.add_set(count, total, minimum, maximum)
    assert aggregate.percentile(50) == expected
    assert (aggregate.count, aggregate.total) == (count, total)


def test_a_copy_is_its_own() -> None:
    original = aggregate_of(1, 2)
    copy = original.copy()
    copy.add(100)
    assert original.maximum == 2
    assert original.percentile(100) == 2
