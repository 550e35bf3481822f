"""Step scaling takes the steps of AWS's examples, with its rounding and its cooldown."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kennel.scaling import Change, Direction, History
from kennel.scaling.step_scaling import Adjustment, Step, StepScaling, vote

OUT, IN, STAY = Direction.OUT, Direction.IN, Direction.STAY
NOW = 10_000.0


def policy(
    *steps: Step, adjustment: Adjustment = Adjustment.PERCENT, magnitude: int = 1
) -> StepScaling:
    return StepScaling("steps", adjustment, steps, magnitude=magnitude)


# "Step scaling policies for Application Auto Scaling", "Step adjustments": a threshold of 50.
OUTWARDS = policy(Step(0, 0, 10), Step(10, 10, 20), Step(30, 20, None))
INWARDS = policy(Step(0, -10, 0), Step(-10, -20, -10), Step(-30, None, -20))


@pytest.mark.parametrize(
    ("steps", "metric", "capacity", "wanted"),
    [
        (OUTWARDS, 50, 10, 10),
        (OUTWARDS, 59, 10, 10),
        (OUTWARDS, 60, 10, 11),
        (OUTWARDS, 70, 11, 14),
        (INWARDS, 50, 14, 14),
        (INWARDS, 41, 14, 14),
        (INWARDS, 40, 14, 13),
        (INWARDS, 30, 13, 10),
        (INWARDS, 60, 10, 10),
        (OUTWARDS, 40, 10, 10),
    ],
)
def test_the_guides_example(steps: StepScaling, metric: float, capacity: int, wanted: int) -> None:
    assert vote(steps, metric - 50, capacity, History(), NOW).capacity == wanted


# The same page, "Scaling adjustment types".
@pytest.mark.parametrize(
    ("percent", "capacity", "wanted"),
    [
        (10, 127, 139),  # 12.7 becomes 12
        (67, 1, 2),  # .67 becomes 1
        (-58, 1, 0),  # -.58 becomes -1
        (-67, 10, 4),  # -6.7 becomes -6
        (25, 4, 5),
    ],
)
def test_a_percentage_is_rounded_towards_nothing_but_never_to_it(
    percent: int, capacity: int, wanted: int
) -> None:
    steps = policy(Step(percent))

    assert vote(steps, 5.0, capacity, History(), NOW).capacity == wanted


def test_a_percentage_adds_at_least_the_minimum_magnitude() -> None:
    assert vote(policy(Step(25), magnitude=2), 5.0, 4, History(), NOW).capacity == 6


def test_an_exact_capacity_may_lie_on_either_side() -> None:
    five = policy(Step(5), adjustment=Adjustment.EXACT)

    assert vote(five, 1.0, 3, History(), NOW).direction is OUT
    assert vote(five, 1.0, 8, History(), NOW).direction is IN
    assert vote(five, 1.0, 5, History(), NOW).is_satisfied


# The same page, "Cooldown period".
def test_in_the_cooldown_a_larger_step_adds_only_what_it_is_larger_by() -> None:
    more = policy(Step(2, 0, 10), Step(3, 10, None), adjustment=Adjustment.CHANGE)
    history = History().after(Change(NOW - 100, 10, 12))

    assert vote(more, 5.0, 12, history, NOW).direction is STAY
    assert vote(more, 5.0, 12, history, NOW).cooling
    assert vote(more, 15.0, 12, history, NOW).capacity == 13
    assert vote(more, 5.0, 12, history, NOW + 200).capacity == 14


def test_the_cooldown_after_a_step_in_blocks_the_next_one() -> None:
    less = policy(Step(-1), adjustment=Adjustment.CHANGE)
    history = History().after(Change(NOW - 100, 4, 3))

    assert vote(less, -5.0, 3, history, NOW).cooling
    assert vote(less, -5.0, 3, history, NOW + 200).capacity == 2


@given(
    st.integers(-200, 200),
    st.integers(0, 500),
    st.sampled_from(Adjustment),
    st.integers(1, 10),
)
def test_an_adjustment_goes_its_own_way_and_never_below_nothing(
    amount: int, capacity: int, adjustment: Adjustment, magnitude: int
) -> None:
    amount = abs(amount) if adjustment is Adjustment.EXACT else amount
    steps = policy(Step(amount), adjustment=adjustment, magnitude=magnitude)

    asked = vote(steps, 1.0, capacity, History(), NOW)

    assert asked.capacity >= 0
    if adjustment is Adjustment.EXACT:
        assert asked.capacity == amount
    elif amount > 0:
        assert asked.capacity > capacity
    elif amount < 0:
        assert asked.capacity < capacity or capacity == 0
    else:
        assert asked.direction is STAY
