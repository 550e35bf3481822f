"""What used capacity costs, rounded as AWS rounds it. Pure arithmetic on `kennel.planner.prices`.

Sources: the pages "Amazon SageMaker pricing" and "AWS Lambda pricing".
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from kennel.planner.prices import InstancePrice, LambdaPrices

__all__ = [
    "MONTH_DAYS",
    "FunctionCost",
    "FunctionUse",
    "Held",
    "billed_duration",
    "endpoint_cost",
    "function_cost",
    "provisioned_seconds",
]

MONTH_DAYS = 365 / 12
"""Days of a month in all monthly figures; AWS's calculator takes 730 hours."""

_GB = 1024  # MB


def endpoint_cost(instance_seconds: float, price: InstancePrice) -> float:
    """US dollars for instances of one type. They are billed by the second, from launch to end."""
    return instance_seconds * price.usd_per_hour / 3600


@dataclass(frozen=True, slots=True)
class Held:
    """From second `at` on, so many provisioned environments are asked for."""

    at: float
    count: int


@dataclass(frozen=True, slots=True)
class FunctionUse:
    """What one function used. The durations are sums of billed ones (`billed_duration`);
    `provisioned_held_s` is what `provisioned_seconds` gives."""

    memory_mb: int
    requests: float
    on_demand_s: float
    provisioned_s: float = 0.0
    provisioned_held_s: float = 0.0


@dataclass(frozen=True, slots=True)
class FunctionCost:
    """US dollars, by line of the bill."""

    requests: float
    duration: float
    provisioned_held: float
    provisioned_duration: float

    @property
    def total(self) -> float:
        return self.requests + self.duration + self.provisioned_held + self.provisioned_duration


def billed_duration(seconds: float, prices: LambdaPrices) -> float:
    """The seconds that one invocation is billed: rounded up to the next millisecond."""
    step = prices.duration_granularity_ms / 1000
    # A duration that is a whole number of steps but for its last bit is not one step more.
    return math.ceil(round(seconds / step, 6)) * step


def provisioned_seconds(held: Iterable[Held], until: float, prices: LambdaPrices) -> float:
    """Billed seconds of provisioned concurrency, summed over environments.

    Each is billed from when it is asked for until it is given back, rounded up to five minutes;
    what is given back was asked for last. AWS says so of a function's whole configuration; that
    it holds for each step of a scaled one is our reading.
    """
    step = prices.provisioned_granularity_s
    return sum(
        math.ceil(round((end - start) / step, 6)) * step
        for start, end in _spans(sorted(held, key=lambda one: one.at), until)
        if end > start
    )


def function_cost(
    use: FunctionUse, prices: LambdaPrices, *, with_free_tier: bool = False
) -> FunctionCost:
    """US dollars for what was used; with the free tier, of a whole month's use. Functions with
    provisioned concurrency have no free tier."""
    requests = use.requests
    gb_s = use.on_demand_s * use.memory_mb / _GB
    if with_free_tier and use.provisioned_held_s == 0:
        requests = max(0.0, requests - prices.free_requests_month)
        gb_s = max(0.0, gb_s - prices.free_gb_s_month)
    gb = use.memory_mb / _GB
    return FunctionCost(
        requests=requests * prices.request,
        duration=gb_s * prices.duration_gb_s,
        provisioned_held=use.provisioned_held_s * gb * prices.provisioned_gb_s,
        provisioned_duration=use.provisioned_s * gb * prices.provisioned_duration_gb_s,
    )


def _spans(held: Sequence[Held], until: float) -> Iterator[tuple[float, float]]:
    """From when to when each environment is held."""
    open_since: list[float] = []
    for change in held:
        at = min(change.at, until)
        while len(open_since) > change.count:
            yield open_since.pop(), at
        open_since += [at] * (change.count - len(open_since))
    for start in open_since:
        yield start, until
