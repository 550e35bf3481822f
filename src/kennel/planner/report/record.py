"""What came of a simulation, for programs."""

from __future__ import annotations

import math
from typing import Any

from kennel.planner.figures import PERCENTILES
from kennel.planner.plan import EndpointPlan
from kennel.planner.report.setting import describe
from kennel.planner.simulated import Simulated
from kennel.planner.traffic import Traffic

__all__ = ["record_of"]


def record_of(run: Simulated, traffic: Traffic, seed: int, slow: float | None) -> dict[str, Any]:
    """Times in seconds, rates by the second, money in US dollars, shares from 0 to 1; what has no
    value is null."""
    figures, minutes = run.figures, run.figures.minutes
    latency = {f"p{percent:g}": figures.percentile(percent) for percent in PERCENTILES}
    return {
        "name": run.plan.name,
        "setting": describe(run.plan),
        "traffic": {
            "text": traffic.text,
            "seconds": traffic.duration,
            "expected": traffic.expected,
            "peak_rate": traffic.peak,
        },
        "seed": seed,
        "requests": {"all": figures.requests, "served": figures.served, "refused": figures.refused}
        | {name.replace(" ", "_"): count for name, count in figures.counts.items()},
        "latency": {
            name: _number(value)
            for name, value in {"mean": figures.latency.mean, **latency}.items()
        },
        "slow": None if slow is None else {"seconds": slow, "share": figures.slow_share(slow)},
        "capacity": {
            "least": figures.capacity_low,
            "mean": figures.capacity_mean,
            "most": figures.capacity_high,
            "changes": [{"at": at, "number": number} for at, number in figures.changes],
        },
        "utilisation": _number(figures.utilisation),
        "activities": [
            {
                "begun": one.begun,
                "ended": one.ended,
                "before": one.before,
                "after": one.after,
                "cause": one.cause,
            }
            for one in figures.activities
        ],
        "cost": _cost(run),
        "minutes": {
            name: [_number(value) for value in getattr(minutes, name)]
            for name in ("rate", "p50", "p99", "capacity", "waiting", "busy", "refused")
        },
    }


def _cost(run: Simulated) -> dict[str, Any]:
    plan, figures = run.plan, run.figures
    source = plan.price if isinstance(plan, EndpointPlan) else plan.prices
    return {
        "usd": figures.usd,
        "usd_a_day": figures.usd_a_day,
        "usd_a_month": figures.usd_a_month,
        "lines": dict(figures.lines),
        "price": source.text,
        "source": source.source,
        "as_of": source.as_of,
    }


def _number(value: float) -> float | None:
    """A number that JSON has."""
    number = float(value)
    return round(number, 9) if math.isfinite(number) else None
