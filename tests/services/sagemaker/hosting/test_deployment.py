"""An endpoint's status changes only as AWS's do, and its instances arrive when they are due."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kennel.services.sagemaker.hosting import (
    Endpoint,
    EndpointStatus,
    ServedVariant,
    move,
    scaled,
)
from kennel.services.sagemaker.hosting.deployment import _MOVES, IllegalMove, next_arrival
from kennel.services.sagemaker.model import Container


def endpoint(status: EndpointStatus) -> Endpoint:
    return Endpoint(name="e", arn="a", status=status, creation_time=1.0, last_modified_time=1.0)


def test_every_status_says_what_may_follow_it() -> None:
    assert set(_MOVES) == set(EndpointStatus)


def test_whatever_can_be_can_be_deleted() -> None:
    for status in set(EndpointStatus) - {EndpointStatus.DELETING}:
        assert EndpointStatus.DELETING in _MOVES[status]


@pytest.mark.parametrize(("old", "new"), [*itertools.product(EndpointStatus, EndpointStatus)])
def test_a_move_is_made_with_its_time_or_refused(old: EndpointStatus, new: EndpointStatus) -> None:
    changed = endpoint(old)
    if new in _MOVES[old]:
        move(changed, new, 7.0)
        assert (changed.status, changed.last_modified_time) == (new, 7.0)
    else:
        with pytest.raises(IllegalMove):
            move(changed, new, 7.0)
        assert (changed.status, changed.last_modified_time) == (old, 1.0)


def variant(count: int = 1, arrivals: list[float] | None = None) -> ServedVariant:
    container = Container(image="i", model_data_url="", environment={})
    return ServedVariant(
        name="v",
        model_name="m",
        role_arn="r",
        container=container,
        instance_type="ml.m5.large",
        count=count,
        weight=1.0,
        arrivals=arrivals or [],
    )


def test_added_instances_arrive_after_the_delay_and_the_others_go_on() -> None:
    more = scaled(variant(2), 5, now=100.0, delay=60.0)
    assert more.count == 5
    assert [more.arrived(now) for now in (100.0, 159.9, 160.0)] == [2, 2, 5]
    assert next_arrival([variant(), more], 100.0) == 160.0
    assert next_arrival([variant(), more], 160.0) is None


def test_without_a_delay_there_is_nothing_to_wait_for() -> None:
    more = scaled(variant(2), 5, now=100.0, delay=0.0)
    assert more.arrived(100.0) == 5
    assert next_arrival([more], 100.0) is None


@given(
    counts=st.lists(st.tuples(st.integers(1, 9), st.floats(0.0, 50.0)), max_size=12),
    delay=st.floats(1.0, 100.0),
)
def test_those_taken_away_are_the_last_to_arrive_and_no_more_take_requests_than_were_there(
    counts: list[tuple[int, float]], delay: float
) -> None:
    now, now_variant = 1000.0, variant(3)
    for count, seconds in counts:
        before = now_variant.arrived(now)
        now_variant = scaled(now_variant, count, now, delay)
        assert now_variant.count == count
        assert now_variant.arrived(now) == min(before, count)
        assert all(arrival <= now + delay for arrival in now_variant.arrivals)
        now += seconds
    assert now_variant.arrived(now + delay) == now_variant.count
