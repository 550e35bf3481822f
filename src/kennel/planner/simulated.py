"""Runs a plan under its traffic."""

from __future__ import annotations

from dataclasses import dataclass

from kennel.planner.figures import Figures, figures_of
from kennel.planner.plan import EndpointPlan, Plan
from kennel.planner.simulation import simulate_endpoint, simulate_function
from kennel.planner.traffic import Traffic

__all__ = ["Simulated", "simulate"]


@dataclass(frozen=True, slots=True)
class Simulated:
    """A plan, and what came of it."""

    plan: Plan
    figures: Figures


def simulate(plan: Plan, traffic: Traffic, *, seed: int = 0, begins: float = 0.0) -> Simulated:
    """The same seed gives the same requests, whatever the plan. `begins` as Unix time: schedules
    go by it. Raises BadPlan."""
    if isinstance(plan, EndpointPlan):
        endpoint = simulate_endpoint(plan.setting, traffic, seed=seed, begins=begins)
        return Simulated(plan, figures_of(plan, endpoint))
    function = simulate_function(plan.setting, traffic, seed=seed, begins=begins)
    return Simulated(plan, figures_of(plan, function))
