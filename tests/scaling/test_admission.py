"""Who is let in: AWS's documented cases, and what holds for any course of events."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kennel.scaling.admission import (
    Account,
    Bucket,
    Function,
    Pool,
    Provisioned,
    Rates,
    ThrottleReason,
    admit,
    claimed,
    request_bucket,
    start_bucket,
)

IDLE = Account(limit=1000, reserved=0, provisioned=0, running=0, unreserved=0)
PLAIN = Function(reserved=None, allocated=0, running=0, on_demand=0)


def full(reserved: int | None = None, provisioned: int = 0) -> Rates:
    return Rates(
        request_bucket(1000, 0.0),
        start_bucket(0.0),
        None if reserved is None else request_bucket(reserved, 0.0),
        request_bucket(provisioned, 0.0) if provisioned else None,
    )


def asked(
    account: Account = IDLE,
    function: Function = PLAIN,
    provisioned: Provisioned | None = None,
    rates: Rates | None = None,
    *,
    starts: bool = True,
) -> Pool | ThrottleReason | None:
    said = admit(account, function, provisioned, rates or full(), starts=starts, now=0.0)
    return said.pool or said.reason


@pytest.mark.parametrize(
    ("reserved", "allocated", "running", "on_demand", "provisioned", "expected"),
    [
        (None, 0, 0, 0, None, Pool.UNRESERVED),
        (3, 0, 2, 2, None, Pool.RESERVED),
        (3, 0, 3, 3, None, ThrottleReason.FUNCTION_CONCURRENCY),
        (0, 0, 0, 0, None, ThrottleReason.FUNCTION_CONCURRENCY),
        (3, 2, 1, 0, Provisioned(2, 1), Pool.PROVISIONED),
        (3, 2, 2, 0, Provisioned(2, 2), Pool.RESERVED),
        (3, 2, 3, 1, Provisioned(2, 2), ThrottleReason.FUNCTION_CONCURRENCY),
        # On demand there are as many as before others were provisioned: all of the cap is in use.
        (3, 2, 3, 2, Provisioned(2, 1), ThrottleReason.FUNCTION_CONCURRENCY),
        # Another version of the function can't have what is set aside.
        (3, 2, 1, 1, None, ThrottleReason.FUNCTION_CONCURRENCY),
        (2, 2, 0, 0, None, ThrottleReason.FUNCTION_CONCURRENCY),
        # None is usable before all are allocated.
        (None, 1, 0, 0, Provisioned(0, 0), Pool.UNRESERVED),
        (None, 2, 2, 0, Provisioned(2, 2), Pool.UNRESERVED),
    ],
)
def test_capacity_is_provisioned_then_reserved_or_unreserved(
    reserved: int | None,
    allocated: int,
    running: int,
    on_demand: int,
    provisioned: Provisioned | None,
    expected: Pool | ThrottleReason,
) -> None:
    account = replace(IDLE, running=running)
    function = Function(reserved, allocated, running, on_demand)
    assert asked(account, function, provisioned, full(reserved or None)) == expected


def test_what_others_have_set_aside_is_not_unreserved() -> None:
    account = Account(limit=1000, reserved=600, provisioned=200, running=200, unreserved=199)
    assert asked(account) is Pool.UNRESERVED
    assert asked(replace(account, unreserved=200)) is ThrottleReason.ACCOUNT_CONCURRENCY


def test_an_account_claims_as_in_awss_example() -> None:
    account = Account(limit=1000, reserved=600, provisioned=200, running=100, unreserved=100)
    assert claimed(replace(account, unreserved=0)) == 800
    assert claimed(account) == 900


def test_ten_provisioned_environments_spill_over_at_a_hundred_requests_a_second() -> None:
    function = Function(reserved=None, allocated=10, running=0, on_demand=0)
    rates, pools = full(provisioned=10), []
    for _ in range(101):
        said = admit(IDLE, function, Provisioned(10, 0), rates, starts=False, now=0.0)
        pools.append(said.pool)
        rates = said.rates
    assert pools == [Pool.PROVISIONED] * 100 + [Pool.UNRESERVED]


def test_a_reservation_has_ten_requests_a_second_for_each_of_its_units() -> None:
    function = Function(reserved=2, allocated=0, running=0, on_demand=0)
    rates = full(reserved=2)
    for _ in range(20):
        said = admit(IDLE, function, None, rates, starts=False, now=0.0)
        assert said.pool is Pool.RESERVED
        rates = said.rates
    assert asked(function=function, rates=rates) is ThrottleReason.FUNCTION_RATE
    assert admit(IDLE, function, None, rates, starts=False, now=0.1).pool is Pool.RESERVED


def test_an_account_has_ten_requests_a_second_for_each_unit_of_its_limit() -> None:
    empty = replace(full(), account=Bucket(10_000.0, 10_000.0, 0.0, 0.0))
    assert asked(rates=empty, starts=False) is ThrottleReason.ACCOUNT_RATE


def test_a_function_starts_a_thousand_environments_at_once_and_then_a_hundred_a_second() -> None:
    account, rates = replace(IDLE, limit=10_000), full()
    for _ in range(1000):
        rates = admit(account, PLAIN, None, rates, starts=True, now=0.0).rates
    assert asked(account, rates=rates) is ThrottleReason.START_RATE
    assert asked(account, rates=rates, starts=False) is Pool.UNRESERVED
    assert admit(account, PLAIN, None, rates, starts=True, now=0.01).pool is Pool.UNRESERVED


def test_what_is_refused_draws_nothing() -> None:
    rates = full()
    said = admit(replace(IDLE, running=1000), PLAIN, None, rates, starts=True, now=0.0)
    assert said.rates is rates


@given(st.floats(0, 1e6), st.floats(0, 1e6), st.integers(1, 1000), st.integers(1, 1000))
def test_a_bucket_never_holds_more_than_its_capacity(
    at: float, later: float, before: int, after: int
) -> None:
    bucket = request_bucket(before, at).take(at)
    assert bucket.level(later) <= bucket.capacity
    resized = bucket.resized(after * 10.0, after * 10.0, later)
    assert 0 <= resized.level(later) <= resized.capacity


LIMIT = 12
SETTINGS = st.fixed_dictionaries(
    {"reserved": st.none() | st.integers(0, 4), "provisioned": st.integers(0, 4)}
)
STEPS = st.lists(
    st.tuples(
        st.integers(0, 1),  # which function
        st.booleans(),  # by its provisioned version or another
        st.integers(-6, 0),  # which of those under way ends first; -6..-4: none
        st.floats(0, 0.3),  # seconds that pass
    ),
    max_size=60,
)


@given(SETTINGS, SETTINGS, STEPS)
def test_no_cap_is_ever_passed(
    first: dict[str, int | None],
    second: dict[str, int | None],
    steps: list[tuple[int, bool, int, float]],
) -> None:
    settings = []
    for setting in (first, second):
        reserved, provisioned = setting["reserved"], setting["provisioned"] or 0
        settings.append((reserved, min(provisioned, 4 if reserved is None else reserved)))
    held = sum(reserved or 0 for reserved, _ in settings)
    apart = sum(count for reserved, count in settings if reserved is None)
    rates = [full(reserved or None, count) for reserved, count in settings]
    common = request_bucket(LIMIT, 0.0)
    running: list[tuple[int, Pool]] = []
    now = 0.0
    for which, is_provisioned, ending, seconds in steps:
        now += seconds
        if running and ending > -4:
            running.pop(ending % len(running))
        reserved, count = settings[which]
        mine = [pool for index, pool in running if index == which]
        on_provisioned = mine.count(Pool.PROVISIONED)
        unreserved = sum(pool is Pool.UNRESERVED for _, pool in running)
        said = admit(
            Account(LIMIT, held, apart, len(running), unreserved),
            Function(reserved, count, len(mine), len(mine) - on_provisioned),
            Provisioned(count, on_provisioned) if is_provisioned and count else None,
            replace(rates[which], account=common),
            starts=False,
            now=now,
        )
        assert (said.pool is None) == (said.reason is not None)
        common, rates[which] = said.rates.account, said.rates
        if said.pool is not None:
            running.append((which, said.pool))
        assert len(running) <= LIMIT
        assert sum(pool is Pool.UNRESERVED for _, pool in running) <= max(0, LIMIT - held - apart)
        for index, (reserved, count) in enumerate(settings):
            pools = [pool for other, pool in running if other == index]
            assert pools.count(Pool.PROVISIONED) <= count
            assert (Pool.RESERVED in pools) <= (reserved is not None)
            if reserved is not None:
                assert len(pools) <= reserved
                assert pools.count(Pool.RESERVED) <= reserved - count
