"""Target tracking decides as AWS's pages say, and never what they exclude."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kennel.scaling import AlarmState, Bounds, Change, Direction, History, Vote, decide
from kennel.scaling.target_tracking import (
    TargetTracking,
    TrackingReading,
    high_alarm,
    low_alarm,
    vote,
)

OK, ALARM, UNKNOWN = AlarmState.OK, AlarmState.ALARM, AlarmState.INSUFFICIENT_DATA
OUT, IN, STAY = Direction.OUT, Direction.IN, Direction.STAY
NOW = 10_000.0
TEN = TargetTracking("ten", target=10.0)


def high(metric: float | None) -> TrackingReading:
    return TrackingReading(ALARM, OK, metric)


def low(metric: float | None) -> TrackingReading:
    return TrackingReading(OK, ALARM, metric)


def quiet(metric: float | None) -> TrackingReading:
    return TrackingReading(OK, OK, metric)


# The decision table. Columns: the alarms and the metric, the capacity, and what is asked for.
TABLE = {
    # "How target tracking scaling for Application Auto Scaling works", "How it works".
    "in proportion, rounded up": (high(25.0), 1, OUT, 3),
    "as far as it takes in one step": (high(40.0), 1, OUT, 4),
    "a little above the target is one more": (high(10.1), 4, OUT, 5),
    "floating point adds nothing": (high(10.0), 7, STAY, 7),
    "in proportion inwards, rounded up": (low(4.0), 5, IN, 2),
    "inwards never so far that the metric would pass the target": (low(6.7), 3, STAY, 3),
    "without traffic to nothing; the minimum stops it": (low(0.0), 3, IN, 0),
    "between the two alarms nothing happens": (quiet(9.5), 3, STAY, 3),
    # The same page, "Considerations": missing data.
    "insufficient data: nothing": (TrackingReading(UNKNOWN, UNKNOWN, None), 3, STAY, 3),
    "an alarm without a datapoint: nothing": (high(None), 3, STAY, 3),
    "a low alarm without a datapoint: nothing": (low(None), 3, STAY, 3),
    "out comes before in": (TrackingReading(ALARM, ALARM, 20.0), 2, OUT, 4),
}


@pytest.mark.parametrize("row", TABLE.values(), ids=TABLE.keys())
def test_the_decision_table(row: tuple[TrackingReading, int, Direction, int]) -> None:
    reading, capacity, direction, wanted = row

    asked = vote(TEN, reading, capacity, History(), NOW)

    assert (asked.direction, asked.capacity) == (direction, wanted)


def test_the_alarms_are_those_that_aws_makes() -> None:
    for period, periods in ((60, 15), (10, 90)):
        policy = replace(TEN, period=period)
        above, below = high_alarm(policy), low_alarm(policy)
        assert (above.threshold, above.periods, above.datapoints) == (10.0, 3, 3)
        assert (below.threshold, below.periods, below.datapoints) == (9.0, periods, periods)
        assert above.period == below.period == period


# "How target tracking scaling for Application Auto Scaling works", "Define cooldown periods".


def test_in_the_cooldown_after_a_step_out_only_a_larger_step_goes() -> None:
    history = History().after(Change(NOW - 100, 1, 3))

    assert vote(TEN, high(30.0), 3, history, NOW) == Vote("ten", STAY, 3, cooling=True)
    assert vote(TEN, high(50.0), 3, history, NOW).capacity == 5  # 2 of the 4 are there already
    assert vote(TEN, high(30.0), 3, history, NOW + 200).capacity == 9  # the cooldown is over


def test_the_cooldown_after_a_step_in_blocks_the_next_one() -> None:
    history = History().after(Change(NOW - 100, 5, 3))

    assert vote(TEN, low(3.0), 3, history, NOW) == Vote("ten", STAY, 3, cooling=True)
    assert vote(TEN, low(3.0), 3, history, NOW + 200).direction is IN


def test_a_period_that_began_before_a_step_in_asks_for_no_second_one() -> None:
    at_once = replace(TEN, in_cooldown=0.0)
    history = History().after(Change(NOW - 48, 5, 3))

    assert vote(at_once, low(3.0), 3, history, NOW) == Vote("ten", STAY, 3, cooling=True)
    assert vote(at_once, low(3.0), 3, history, NOW + 60).direction is IN


def test_a_step_out_ends_the_cooldown_of_a_step_in_whoever_takes_it() -> None:
    inwards, outwards = Change(NOW - 100, 5, 3), Change(NOW - 50, 3, 6)

    assert vote(TEN, high(20.0), 3, History(into=inwards), NOW).capacity == 6
    for history in (
        History().after(inwards).after(outwards),
        History().after(inwards).beside(outwards),
    ):
        assert vote(TEN, low(3.0), 6, history, NOW).direction is IN


def test_a_policy_without_scale_in_never_scales_in_and_has_no_say_in_it() -> None:
    never = replace(TEN, is_scale_in_disabled=True)

    asked = vote(never, low(0.0), 3, History(), NOW)

    assert (asked.direction, asked.may_scale_in) == (STAY, False)
    assert vote(never, high(30.0), 3, History(), NOW).direction is OUT


CAPACITIES = st.integers(1, 500)
METRICS = st.floats(0, 1e6)
STATES = st.sampled_from(AlarmState)
TIMES = st.floats(0, 2 * NOW)
CHANGES = st.none() | st.builds(Change, at=TIMES, before=CAPACITIES, after=CAPACITIES)
HISTORIES = st.builds(History, out=CHANGES, into=CHANGES)
POLICIES = st.builds(
    TargetTracking,
    name=st.sampled_from(["a", "b", "c"]),
    target=st.floats(0.01, 1e4),
    out_cooldown=st.floats(0, 1000),
    in_cooldown=st.floats(0, 1000),
    is_scale_in_disabled=st.booleans(),
)
READINGS = st.builds(TrackingReading, high=STATES, low=STATES, metric=st.none() | METRICS)


@st.composite
def bounds(draw: st.DrawFn) -> Bounds:
    least = draw(st.integers(0, 300))
    return Bounds(least, draw(st.integers(least, 500)))


@given(st.lists(st.tuples(POLICIES, READINGS, HISTORIES), max_size=4), bounds(), st.data())
def test_never_outside_the_bounds_and_in_only_if_all_say_so(
    policies: list[tuple[TargetTracking, TrackingReading, History]],
    limits: Bounds,
    data: st.DataObject,
) -> None:
    capacity = data.draw(st.integers(limits.minimum, limits.maximum))
    votes = [vote(*each[:2], capacity, each[2], NOW) for each in policies]

    decision = decide(votes, capacity, limits)

    assert limits.minimum <= decision.capacity <= limits.maximum
    assert (decision.capacity != capacity) == bool(decision.policy)
    directions = {asked.direction for asked in votes}
    if decision.capacity > capacity:
        assert OUT in directions
    if decision.capacity < capacity:
        assert OUT not in directions
        assert all(asked.direction is IN for asked in votes if asked.may_scale_in)


@given(POLICIES, READINGS, CAPACITIES, HISTORIES)
def test_a_policy_asks_for_one_direction_and_means_it(
    policy: TargetTracking, reading: TrackingReading, capacity: int, history: History
) -> None:
    asked = vote(policy, reading, capacity, history, NOW)

    assert asked.direction is (
        OUT if asked.capacity > capacity else IN if asked.capacity < capacity else STAY
    )
    if asked.direction is IN:
        assert reading.metric is not None
        # What is left carries what there is: the target is not passed.
        assert reading.metric * capacity <= policy.target * asked.capacity * (1 + 1e-6)


@given(POLICIES, STATES, STATES, METRICS, METRICS, CAPACITIES, HISTORIES)
def test_more_of_the_metric_never_asks_for_less(
    policy: TargetTracking,
    above: AlarmState,
    below: AlarmState,
    one: float,
    other: float,
    capacity: int,
    history: History,
) -> None:
    less, more = sorted((one, other))

    first = vote(policy, TrackingReading(above, below, less), capacity, history, NOW)
    second = vote(policy, TrackingReading(above, below, more), capacity, history, NOW)

    if not first.cooling or above is ALARM:  # a cooling step in stays above what it asked for
        assert first.capacity <= second.capacity


@given(POLICIES, METRICS, st.integers(1, 100), st.integers(1, 100), st.floats(0, 1))
def test_while_cooling_a_step_goes_only_if_it_is_larger(
    policy: TargetTracking, metric: float, before: int, added: int, share: float
) -> None:
    capacity = before + added
    out = Change(NOW - share * policy.out_cooldown * 0.999, before, capacity)

    asked = vote(policy, high(metric), capacity, History(out=out), NOW)

    if policy.out_cooldown and asked.direction is OUT:
        fresh = vote(policy, high(metric), before, History(), NOW)
        assert asked.capacity == fresh.capacity
        assert asked.capacity - before > added


@given(st.floats(0, 1e5), bounds(), st.data())
def test_a_steady_load_comes_to_rest(load: float, limits: Bounds, data: st.DataObject) -> None:
    capacity = data.draw(st.integers(max(1, limits.minimum), max(1, limits.maximum)))
    for _ in range(3):
        metric = load / max(1, capacity)
        states = (ALARM if metric > 10 else OK, ALARM if metric < 9 else OK)
        asked = vote(TEN, TrackingReading(*states, metric), max(1, capacity), History(), NOW)
        former, capacity = capacity, decide([asked], capacity, limits).capacity
    assert capacity == former
