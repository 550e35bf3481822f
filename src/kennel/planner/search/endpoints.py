"""Searches an endpoint's instance type, number, minimum, maximum, target and cooldown."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from kennel.planner.plan import EndpointPlan, priced
from kennel.planner.policy_text import STATISTICS
from kennel.planner.search.bisection import least
from kennel.planner.search.names import policy_name
from kennel.planner.search.speed import faster
from kennel.planner.search.trials import Trial, Trials
from kennel.planner.simulation import Metric, Scaling, TrackingPolicy
from kennel.planner.traffic import Traffic
from kennel.scaling import Bounds
from kennel.scaling.target_tracking import TargetTracking

__all__ = ["EndpointRange", "search_endpoint"]

_SHARES = (0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9)  # of what an instance does, as targets
_FINER = 0.05
_COOLDOWNS = ((60.0, 300.0), (300.0, 300.0))  # out and in; the second pair is AWS's default
_ROUNDS = 3  # of looking around the best


@dataclass(frozen=True, slots=True)
class EndpointRange:
    """Where to look. `types`: instance types with their speeds relative to the one that the
    service time was measured on. `cooldowns`: pairs of seconds, out and in."""

    bounds: Bounds
    types: Sequence[tuple[str, float]]
    cooldowns: Sequence[tuple[float, float]] = _COOLDOWNS


@dataclass(frozen=True, slots=True)
class _Point:
    """One scaled setting: `share` of an instance's maximum is the target."""

    minimum: int
    maximum: int
    share: float
    cooldowns: tuple[float, float]


def search_endpoint(
    base: EndpointPlan, where: EndpointRange, traffic: Traffic, trials: Trials
) -> None:
    """Fills the trials: fixed numbers by bisection (more instances never make it slower), then
    scaled ones, coarse first and around the best in the end. A minimum that alone costs more than
    the best so far is not tried."""
    for kind, speed in where.types:
        plan = _of_type(base, kind, speed)
        _search_type(plan, where, traffic, trials)


def _search_type(
    base: EndpointPlan, where: EndpointRange, traffic: Traffic, trials: Trials
) -> None:
    setting = base.setting
    busy = traffic.expected / traffic.duration * setting.service_time.mean
    low = min(where.bounds.maximum, max(where.bounds.minimum, math.ceil(busy)))
    fixed = least(lambda count: trials.of(_fixed(base, count)).keeps, low, where.bounds.maximum)
    if fixed is None:
        return  # not even all of them all the time
    best: tuple[Trial, _Point] | None = None
    for maximum in sorted({fixed, min(where.bounds.maximum, math.ceil(fixed * 1.5))}):
        for minimum in _minimums(where.bounds.minimum, fixed):
            if minimum >= maximum or _costs_more(base, minimum, traffic, trials):
                continue
            for cooldowns in where.cooldowns:
                found = _highest_target(base, minimum, maximum, cooldowns, trials)
                if found is not None and (best is None or found[0].usd < best[0].usd):
                    best = found
    if best is not None:
        _refine(base, best, where.bounds, trials)


def _highest_target(
    base: EndpointPlan, low: int, high: int, cooldowns: tuple[float, float], trials: Trials
) -> tuple[Trial, _Point] | None:
    """The highest target of the grid, which is the cheapest, that keeps the objectives."""
    shares = _SHARES[::-1]
    points = [_Point(low, high, share, cooldowns) for share in shares]
    index = least(lambda k: trials.of(_scaled(base, points[k])).keeps, 0, len(points) - 1)
    return None if index is None else (trials.of(_scaled(base, points[index])), points[index])


def _refine(base: EndpointPlan, best: tuple[Trial, _Point], bounds: Bounds, trials: Trials) -> None:
    """Steps to the best neighbour for as long as one is better."""
    for _ in range(_ROUNDS):
        points = [point for point in _around(best[1]) if _is_within(point, bounds)]
        tried = [(trials.of(_scaled(base, point)), point) for point in points]
        kept = [one for one in tried if one[0].keeps and one[0].usd < best[0].usd]
        if not kept:
            return
        best = min(kept, key=lambda one: one[0].usd)


def _around(point: _Point) -> Iterator[_Point]:
    yield replace(point, minimum=point.minimum - 1)
    yield replace(point, minimum=point.minimum + 1)
    yield replace(point, maximum=point.maximum - 1)
    yield replace(point, share=round(point.share + _FINER, 3))
    yield replace(point, share=round(point.share - _FINER, 3))


def _is_within(point: _Point, bounds: Bounds) -> bool:
    return bounds.minimum <= point.minimum < point.maximum <= bounds.maximum and (
        0 < point.share < 1
    )


def _minimums(low: int, high: int) -> list[int]:
    """A few from the least to all of them."""
    parts = (0.0, 0.25, 0.5, 0.75)
    return sorted({max(low, round(low + (high - low) * part)) for part in parts})


def _costs_more(base: EndpointPlan, minimum: int, traffic: Traffic, trials: Trials) -> bool:
    best = trials.best
    seconds = traffic.duration * base.setting.time_scale  # instances are paid by policy time
    least_usd = minimum * seconds * base.price.usd_per_hour / 3600
    return best is not None and least_usd >= best.usd


def _fixed(base: EndpointPlan, count: int) -> EndpointPlan:
    return replace(base, setting=replace(base.setting, instances=count, scaling=None))


def _scaled(base: EndpointPlan, point: _Point) -> EndpointPlan:
    minute = 60 / base.setting.time_scale  # of policy time, which a target counts by
    per_minute = minute / max(base.setting.service_time.mean, 1e-9)
    target = _rounded(point.share * per_minute)
    out, into = point.cooldowns
    metric = Metric.INVOCATIONS_PER_INSTANCE
    old = base.setting.scaling
    name = policy_name(old, metric, "invocations")
    policy = TrackingPolicy(TargetTracking(name, target, out, into), metric, STATISTICS[metric])
    scaling = Scaling(Bounds(point.minimum, point.maximum), (policy,), old.schedules if old else ())
    return replace(base, setting=replace(base.setting, instances=point.minimum, scaling=scaling))


def _of_type(base: EndpointPlan, kind: str, speed: float) -> EndpointPlan:
    """The plan on another instance type, which works that much faster."""
    price = base.price if kind == base.price.instance_type else priced(kind)
    service_time = faster(base.setting.service_time, speed)
    return replace(base, price=price, setting=replace(base.setting, service_time=service_time))


def _rounded(target: float) -> float:
    """To two digits: nobody wants a target of 537.3."""
    digits = 1 - math.floor(math.log10(target))
    return round(target, digits)
