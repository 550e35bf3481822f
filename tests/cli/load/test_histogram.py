import math

from hypothesis import given
from hypothesis import strategies as st

from kennel.cli.load.histogram import Histogram

LATENCIES = st.floats(min_value=1e-5, max_value=1e4)
PERCENTS = st.floats(min_value=0, max_value=100)


def histogram_of(values) -> Histogram:
    histogram = Histogram()
    for value in values:
        histogram.add(value)
    return histogram


@given(st.lists(LATENCIES, min_size=1, max_size=200), PERCENTS)
def test_a_percentile_is_the_nearest_rank_within_half_a_percent(values, percent):
    rank = max(1, math.ceil(len(values) * percent / 100))
    exact = sorted(values)[rank - 1]
    found = histogram_of(values).percentile(percent)
    assert found is not None
    assert abs(found - exact) <= 0.0051 * exact


@given(st.lists(LATENCIES, min_size=1))
def test_extremes_and_mean_are_exact(values):
    histogram = histogram_of(values)
    assert histogram.percentile(100) == histogram.largest == max(values)
    assert histogram.smallest == min(values)
    assert histogram.mean is not None
    assert math.isclose(histogram.mean, sum(values) / len(values))


@given(st.lists(LATENCIES), st.lists(LATENCIES), PERCENTS)
def test_merging_is_adding_all(first, second, percent):
    merged = histogram_of(first)
    merged.merge(histogram_of(second))
    assert merged.percentile(percent) == histogram_of(first + second).percentile(percent)
    assert merged.count == len(first) + len(second)


@given(st.lists(st.floats(min_value=0, allow_nan=False, allow_infinity=False)))
def test_memory_is_bounded_whatever_comes(values):
    assert histogram_of(values).buckets <= min(len(values), 2600)


def test_the_widest_range_has_no_more_buckets_than_promised():
    histogram = histogram_of(1e-6 * 1.005**step for step in range(6000))
    assert histogram.buckets <= 2600


def test_an_empty_one_has_no_percentile():
    assert Histogram().percentile(50) is None
    assert Histogram().mean is None
