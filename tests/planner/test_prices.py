"""Prices and costs: figures with a date and a source, rounded as AWS rounds."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kennel.planner.cost import (
    FunctionUse,
    Held,
    billed_duration,
    endpoint_cost,
    function_cost,
    provisioned_seconds,
)
from kennel.planner.errors import NoPrice
from kennel.planner.prices import (
    Architecture,
    Confidence,
    InstanceUse,
    instance_price,
    instance_types_priced,
    lambda_prices,
)

X86 = lambda_prices()
HOUR = 3600


def test_a_price_says_its_date_and_where_it_is_from():
    price = instance_price("ml.m5.xlarge")
    assert price.usd_per_hour == 0.23
    assert price.confidence is Confidence.HIGH
    assert price.text == "$0.23/h (us-east-1, 2026-07-20)"
    assert "public lists" in price.source


def test_an_estimate_and_a_single_source_are_marked():
    estimate = instance_price("ml.c5.large")
    assert estimate.confidence is Confidence.ESTIMATE
    assert estimate.text.endswith("an estimate)")
    assert "1.20" in estimate.source
    assert instance_price("ml.t2.medium").text.endswith("one source)")


def test_a_type_without_a_known_price_is_refused():
    with pytest.raises(NoPrice, match=r"No price of ml\.inf1\.xlarge for hosting is known"):
        instance_price("ml.inf1.xlarge")
    with pytest.raises(NoPrice, match="for training"):
        instance_price("ml.t2.medium", InstanceUse.TRAINING)


def test_a_larger_size_of_a_family_costs_more():
    names = [f"ml.m5.{size}" for size in ("large", "xlarge", "2xlarge", "4xlarge", "12xlarge")]
    prices = [instance_price(name).usd_per_hour for name in names]
    assert prices == sorted(prices)
    assert set(names) <= set(instance_types_priced())


def test_an_endpoint_costs_its_instances_seconds():
    assert endpoint_cost(3 * HOUR, instance_price("ml.m5.xlarge")) == pytest.approx(0.69)


def test_a_duration_is_billed_by_the_millisecond_rounded_up():
    assert billed_duration(0.0501, X86) == pytest.approx(0.051)
    assert billed_duration(0.05, X86) == pytest.approx(0.05)


def test_provisioned_concurrency_is_billed_in_steps_of_five_minutes():
    assert provisioned_seconds([Held(0, 2), Held(1, 0)], HOUR, X86) == 2 * 300
    assert provisioned_seconds([Held(0, 2)], HOUR, X86) == 2 * HOUR
    # One more for a minute, another time for six.
    held = [Held(0, 1), Held(600, 2), Held(660, 1), Held(1200, 2), Held(1560, 1)]
    assert provisioned_seconds(held, HOUR, X86) == HOUR + 300 + 600


@given(st.lists(st.tuples(st.floats(0, HOUR), st.integers(0, 5)), max_size=8))
def test_what_is_billed_of_provisioned_concurrency_is_never_less_than_what_was_held(steps):
    held = [Held(at, count) for at, count in sorted(steps)]
    ends = [*(one.at for one in held[1:]), HOUR]
    exact = sum(one.count * (end - one.at) for one, end in zip(held, ends, strict=bool(held)))
    assert provisioned_seconds(held, HOUR, X86) >= exact - 1e-2


def test_awss_own_example_of_provisioned_concurrency_adds_up():
    """The pricing page's: 1,024 MB, 1,000 held for two hours, 1.2 million requests of one second:
    $30.00 held, $0.24 for requests, $11.67 for duration."""
    held = provisioned_seconds([Held(0, 1000)], 2 * HOUR, X86)
    cost = function_cost(FunctionUse(1024, 1.2e6, 0, 1.2e6, held), X86)
    assert cost.provisioned_held == pytest.approx(30.00, abs=0.005)
    assert cost.requests == pytest.approx(0.24)
    assert cost.provisioned_duration == pytest.approx(11.67, abs=0.005)
    assert cost.total == pytest.approx(41.91, abs=0.01)


def test_the_free_tier_is_for_functions_without_provisioned_concurrency():
    use = FunctionUse(1024, 1e6, 400_000)
    assert function_cost(use, X86, with_free_tier=True).total == 0
    assert function_cost(use, X86).total == pytest.approx(0.2 + 6.67, abs=0.01)
    held = FunctionUse(1024, 1e6, 400_000, provisioned_held_s=300)
    assert function_cost(held, X86, with_free_tier=True).duration > 6


def test_arm_costs_less():
    arm = lambda_prices(Architecture.ARM)
    assert arm.duration_gb_s < X86.duration_gb_s
    assert arm.provisioned_gb_s < X86.provisioned_gb_s
