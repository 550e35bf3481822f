from __future__ import annotations

import asyncio
from typing import cast

import pytest

from kennel.clock import ScaledClock
from kennel.scaling.admission import Pool, ThrottleReason
from kennel.services.lambda_.environments.environment import Environment
from kennel.services.lambda_.environments.ledger import Ledger
from kennel.services.lambda_.environments.pool import CapReached
from kennel.services.lambda_.environments.provisioned_pool import (
    ProvisionedPool,
    ProvisionedStatus,
)
from tests.services.lambda_.environments.doubles import DEPLOYMENT, Double


def refused(ledger: Ledger, function: str = "dogs") -> ThrottleReason:
    with pytest.raises(CapReached) as caught:
        ledger.enter(function, None, starts=False)
    return caught.value.reason


def test_a_reservation_is_a_cap_and_what_others_can_not_have() -> None:
    ledger = Ledger(lambda: 0.0)
    ledger.reserve("dogs", 2)
    for _ in range(2):
        assert ledger.enter("dogs", None, starts=False) is Pool.RESERVED
    assert refused(ledger) is ThrottleReason.FUNCTION_CONCURRENCY
    for _ in range(998):
        assert ledger.enter("cats", None, starts=False) is Pool.UNRESERVED
    assert refused(ledger, "cats") is ThrottleReason.ACCOUNT_CONCURRENCY
    assert ledger.claimed() == 1000
    ledger.leave("dogs", Pool.RESERVED)
    assert ledger.enter("dogs", None, starts=False) is Pool.RESERVED
    assert ledger.running("dogs") == 2


def test_a_reservation_of_nothing_stops_a_function() -> None:
    ledger = Ledger(lambda: 0.0)
    ledger.reserve("dogs", 0)
    assert ledger.is_stopped("dogs")
    assert refused(ledger) is ThrottleReason.FUNCTION_CONCURRENCY
    ledger.reserve("dogs", None)
    assert not ledger.is_stopped("dogs")
    assert ledger.enter("dogs", None, starts=False) is Pool.UNRESERVED


def test_what_is_provisioned_counts_in_the_account_or_in_the_reservation() -> None:
    ledger = Ledger(lambda: 0.0)
    ledger.allocate("dogs", 5)
    assert ledger.claimed() == 5
    ledger.reserve("dogs", 7)
    assert ledger.claimed() == 7
    ledger.reserve("dogs", None)
    ledger.allocate("dogs", 0)
    assert ledger.claimed() == 0


def test_a_function_that_is_gone_leaves_nothing_behind() -> None:
    ledger = Ledger(lambda: 0.0)
    ledger.reserve("dogs", 7)
    pool = ledger.enter("dogs", None, starts=False)
    ledger.forget("dogs")
    assert ledger.claimed() == 7  # what runs still counts
    ledger.leave("dogs", pool)
    ledger.forget("dogs")
    assert ledger.claimed() == 0


def test_a_provisioned_environment_takes_ten_requests_a_second_and_the_rest_spills_over() -> None:
    async def main() -> None:
        now = [0.0]
        ledger = Ledger(lambda: now[0])
        provisioned = ProvisionedPool(
            DEPLOYMENT,
            ScaledClock(1000),
            lambda _: cast(Environment, Double()),
            lambda _: None,
            lambda: None,
        )
        provisioned.resize(1)
        while provisioned.allocation().status is not ProvisionedStatus.READY:
            await asyncio.sleep(0.001)

        def second() -> int:
            used = 0
            for _ in range(20):
                pool = ledger.enter("dogs", provisioned, starts=False)
                used += pool is Pool.PROVISIONED
                ledger.leave("dogs", pool)
            return used

        assert second() == 10
        now[0] += 0.5
        assert second() == 5

    asyncio.run(main())
