"""Early stopping: worse than the median of running averages."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from kennel.services.sagemaker.tuning.early_stopping import is_hopeless

FORERUNNERS = [[1.0, 0.8, 0.6], [1.2, 1.0, 0.8], [1.4, 1.2, 1.0]]  # averages at 2: 0.9, 1.1, 1.3


def test_a_trial_worse_than_the_median_of_averages_is_stopped() -> None:
    assert is_hopeless([2.0, 1.2], FORERUNNERS, maximize=False)
    assert not is_hopeless([2.0, 1.0], FORERUNNERS, maximize=False)


def test_a_value_at_the_median_goes_on() -> None:
    assert not is_hopeless([9.0, 1.1], FORERUNNERS, maximize=False)
    assert not is_hopeless([0.0, 1.1], FORERUNNERS, maximize=True)


def test_worse_is_lower_where_more_is_better() -> None:
    assert is_hopeless([1.0, 1.0], FORERUNNERS, maximize=True)
    assert not is_hopeless([1.0, 1.2], FORERUNNERS, maximize=True)


def test_nothing_is_stopped_before_three_trials_got_as_far() -> None:
    assert not is_hopeless([99.0], FORERUNNERS[:2], maximize=False)
    assert not is_hopeless([99.0] * 4, FORERUNNERS, maximize=False)
    assert not is_hopeless([], FORERUNNERS, maximize=False)


SERIES = st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=8)


@given(SERIES, st.lists(SERIES, max_size=6))
def test_maximizing_is_minimizing_turned_around(
    values: list[float], forerunners: list[list[float]]
) -> None:
    turned = [[-value for value in series] for series in forerunners]
    assert is_hopeless(values, forerunners, maximize=True) == is_hopeless(
        [-value for value in values], turned, maximize=False
    )
