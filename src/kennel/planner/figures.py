"""What came out of a simulation, in the figures that tables, objectives and programs use."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from kennel.planner.cost import (
    MONTH_DAYS,
    FunctionUse,
    Held,
    endpoint_cost,
    function_cost,
    provisioned_seconds,
)
from kennel.planner.plan import EndpointPlan, FunctionPlan, Plan
from kennel.planner.simulation import (
    Activity,
    EndpointResult,
    FunctionResult,
    Histogram,
    Minutes,
)

__all__ = ["PERCENTILES", "Figures", "figures_of"]

PERCENTILES = (50.0, 90.0, 95.0, 99.0, 99.9)

_DAY = 86400.0


@dataclass(frozen=True, slots=True)
class Figures:
    """Durations in seconds, money in US dollars, shares from 0 to 1.

    `utilisation` is nan where nothing is held. `refused` requests got no answer: throttled, or
    turned away or timed out at a full queue. `capacity_*` are instances, or provisioned
    environments that are ready. `lines` is the bill. `activities` by when they began.
    """

    duration: float
    latency: Histogram
    served: int
    refused: int
    utilisation: float
    capacity_low: int
    capacity_mean: float
    capacity_high: int
    usd: float
    lines: Mapping[str, float]
    minutes: Minutes
    activities: Sequence[Activity]
    changes: Sequence[tuple[float, int]]
    counts: Mapping[str, int] = field(default_factory=dict)

    @property
    def requests(self) -> int:
        return self.served + self.refused

    @property
    def refused_share(self) -> float:
        return self.refused / self.requests if self.requests else 0.0

    @property
    def usd_a_day(self) -> float:
        return self.usd * _DAY / self.duration

    @property
    def usd_a_month(self) -> float:
        return self.usd_a_day * MONTH_DAYS

    def percentile(self, percent: float) -> float:
        """Of the served requests; nan of none."""
        return self.latency.percentile(percent)

    def percentile_of_all(self, percent: float) -> float:
        """As if a refused request took for ever: a setting must not shine by turning the slow ones
        away. 0 of no requests at all."""
        if not self.requests:
            return 0.0
        rank = percent / 100 * self.requests
        return math.inf if rank > self.served else self.latency.percentile(100 * rank / self.served)

    def slow_share(self, seconds: float) -> float:
        """How many of all requests last longer, or are refused."""
        if not self.requests:
            return 0.0
        over = self.latency.share_over(seconds) * self.served if self.served else 0.0
        return (over + self.refused) / self.requests


def figures_of(plan: Plan, result: EndpointResult | FunctionResult) -> Figures:
    """The figures of a plan's simulation."""
    if isinstance(plan, EndpointPlan):
        assert isinstance(result, EndpointResult)
        return _of_endpoint(plan, result)
    assert isinstance(result, FunctionResult)
    return _of_function(plan, result)


def _of_endpoint(plan: EndpointPlan, result: EndpointResult) -> Figures:
    usd = endpoint_cost(result.instance_seconds, plan.price)
    low, mean, high = _levels(result.changes, result.duration)
    return Figures(
        duration=result.duration,
        latency=result.latency,
        served=result.served,
        refused=result.rejected + result.timed_out,
        utilisation=result.utilisation,
        capacity_low=low,
        capacity_mean=mean,
        capacity_high=high,
        usd=usd,
        lines={"instances": usd},
        minutes=result.minutes,
        activities=sorted(result.activities, key=_begun),
        changes=result.changes,
        counts={"rejected": result.rejected, "timed out": result.timed_out},
    )


def _of_function(plan: FunctionPlan, result: FunctionResult) -> Figures:
    use = FunctionUse(
        plan.setting.memory_mb,
        result.served,
        result.on_demand_seconds,
        result.provisioned_seconds,
        provisioned_seconds(_held(plan, result), result.duration, plan.prices),
    )
    cost = function_cost(use, plan.prices)
    low, mean, high = _levels(result.changes, result.duration)
    return Figures(
        duration=result.duration,
        latency=result.latency,
        served=result.served,
        refused=result.throttled,
        utilisation=result.utilisation,
        capacity_low=low,
        capacity_mean=mean,
        capacity_high=high,
        usd=cost.total,
        lines={
            "requests": cost.requests,
            "duration": cost.duration,
            "provisioned, held": cost.provisioned_held,
            "provisioned, duration": cost.provisioned_duration,
        },
        minutes=result.minutes,
        activities=sorted(result.activities, key=_begun),
        changes=result.changes,
        counts={
            "throttled": result.throttled,
            "cold starts": result.cold_starts,
            "spilled over": result.spilled,
            "most at once": result.peak_concurrency,
        },
    )


def _held(plan: FunctionPlan, result: FunctionResult) -> Iterator[Held]:
    """From when so many provisioned environments are paid: from when they are asked for."""
    yield Held(0.0, plan.setting.provisioned)
    for activity in result.activities:
        yield Held(activity.begun, activity.after)


def _begun(activity: Activity) -> float:
    return activity.begun


def _levels(changes: Sequence[tuple[float, int]], end: float) -> tuple[int, float, int]:
    """The smallest, the mean and the largest capacity over the time."""
    if not changes:
        return 0, 0.0, 0
    counts = [count for _, count in changes]
    starts = [at for at, _ in changes]
    ends = [*starts[1:], end]
    total = sum(
        count * (until - start)
        for count, start, until in zip(counts, starts, ends, strict=True)
        if until > start
    )
    length = end - starts[0]
    return min(counts), total / length if length > 0 else float(counts[-1]), max(counts)
