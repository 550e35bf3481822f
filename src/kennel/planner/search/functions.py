"""Searches a function's provisioned and reserved concurrency."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

from kennel.planner.plan import FunctionPlan
from kennel.planner.policy_text import STATISTICS
from kennel.planner.search.bisection import least
from kennel.planner.search.names import policy_name
from kennel.planner.search.trials import Trials
from kennel.planner.simulation import Metric, Scaling, TrackingPolicy
from kennel.scaling import Bounds
from kennel.scaling.target_tracking import TargetTracking

__all__ = ["FunctionRange", "search_function"]

_SHARES = (0.5, 0.7, 0.9)  # utilizations, as targets
_STEPS = 6  # of provisioned concurrency between none and as many as ever run at once


@dataclass(frozen=True, slots=True)
class FunctionRange:
    """Where to look: provisioned concurrency within `bounds`; the reserved one too, if
    `is_reserved_free`."""

    bounds: Bounds
    is_reserved_free: bool


def search_function(base: FunctionPlan, where: FunctionRange, trials: Trials) -> None:
    """Fills the trials: fixed provisioned concurrency by bisection and in steps (what is well used
    is cheaper than on demand, so the least is not always the cheapest), scaled ones, and for the
    best of them the smallest reserved concurrency that still keeps the objectives."""
    low, high = where.bounds.minimum, min(where.bounds.maximum, base.setting.limit)
    first = trials.of(_fixed(base, low)).run.figures
    high = min(high, max(low, first.counts["most at once"]))
    enough = least(lambda count: trials.of(_fixed(base, count)).keeps, low, high)
    for step in range(1, _STEPS + 1):
        trials.of(_fixed(base, round(low + (high - low) * step / _STEPS)))
    most = high if enough is None else max(enough, 1)
    for maximum in sorted({most, min(high, math.ceil(most * 1.5))}):
        minimum = max(1, low, maximum // 4)
        if minimum < maximum:
            for share in _SHARES:
                trials.of(_scaled(base, minimum, maximum, share))
    if where.is_reserved_free:
        _reserve(base, trials)


def _reserve(base: FunctionPlan, trials: Trials) -> None:
    """What is reserved costs nothing, but takes from other functions: the least that will do."""
    best = trials.best
    if best is None or not isinstance(best.run.plan, FunctionPlan):
        return
    plan = best.run.plan
    scaling = plan.setting.scaling
    low = max(1, scaling.bounds.maximum if scaling else plan.setting.provisioned)
    high = min(base.setting.limit, max(low, best.run.figures.counts["most at once"]))
    least(lambda count: trials.of(_reserved(plan, count)).keeps, low, high)


def _fixed(base: FunctionPlan, count: int) -> FunctionPlan:
    return replace(base, setting=replace(base.setting, provisioned=count, scaling=None))


def _reserved(base: FunctionPlan, count: int) -> FunctionPlan:
    return replace(base, setting=replace(base.setting, limit=count))


def _scaled(base: FunctionPlan, minimum: int, maximum: int, share: float) -> FunctionPlan:
    metric = Metric.PROVISIONED_CONCURRENCY_UTILIZATION
    old = base.setting.scaling
    name = policy_name(old, metric, "utilization")
    policy = TrackingPolicy(TargetTracking(name, share, 0.0, 0.0), metric, STATISTICS[metric])
    scaling = Scaling(Bounds(minimum, maximum), (policy,), old.schedules if old else ())
    return replace(base, setting=replace(base.setting, provisioned=minimum, scaling=scaling))
