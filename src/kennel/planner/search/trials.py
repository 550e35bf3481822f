"""The settings that a search has simulated, and which of them is the one."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace

from kennel.planner.objective import Objective
from kennel.planner.plan import EndpointPlan, Plan
from kennel.planner.simulated import Simulated
from kennel.planner.simulation.service_time import NOTHING

__all__ = ["Found", "Trial", "Trials"]


@dataclass(frozen=True, slots=True)
class Trial:
    """A simulated setting. `excess` is the worst objective's value over its bound: below 1 all are
    kept."""

    run: Simulated
    keeps: bool
    excess: float

    @property
    def usd(self) -> float:
        """Of the whole simulated time."""
        return self.run.figures.usd


@dataclass(frozen=True, slots=True)
class Found:
    """`chosen` is the cheapest that keeps the objectives; None if none does, and then `nearest` is
    what comes nearest. `frontier`, cheapest first: whatever is better costs more. `tried` has all.
    """

    chosen: Trial | None
    nearest: Trial
    frontier: Sequence[Trial]
    tried: Sequence[Trial]


@dataclass(slots=True)
class Trials:
    """Simulates each setting once, all under the same requests (common random numbers: a
    difference between two is the settings', not chance's). `tell` hears of each one done."""

    simulate: Callable[[Plan], Simulated]
    objectives: Sequence[Objective]
    tell: Callable[[int], None] = lambda count: None
    _done: dict[Plan, Trial] = field(default_factory=dict)

    def of(self, plan: Plan) -> Trial:
        """The plan's trial."""
        key = _key(plan)
        if key not in self._done:
            run = self.simulate(plan)
            excess = max(one.excess(run.figures) for one in self.objectives)
            keeps = all(one.holds(run.figures) for one in self.objectives)
            self._done[key] = Trial(run, keeps, excess)
            self.tell(len(self._done))
        return self._done[key]

    @property
    def best(self) -> Trial | None:
        """The cheapest that keeps the objectives; of equally cheap ones the better one."""
        return min((one for one in self._done.values() if one.keeps), key=_rank, default=None)

    def found(self) -> Found:
        """What there is to tell; at least one must have been tried."""
        tried = sorted(self._done.values(), key=_rank)
        nearest = min(tried, key=lambda one: (one.excess, one.usd))
        return Found(self.best, nearest, _frontier(tried), tried)


def _key(plan: Plan) -> Plan:
    """What tells plans of one search apart: service times follow from the instance type."""
    if isinstance(plan, EndpointPlan):
        return replace(plan, name="", setting=replace(plan.setting, service_time=NOTHING))
    setting = replace(plan.setting, service_time=NOTHING, init=NOTHING)
    return replace(plan, name="", setting=setting)


def _rank(trial: Trial) -> tuple[float, float]:
    return round(trial.usd, 9), trial.excess


def _frontier(by_cost: Iterable[Trial]) -> list[Trial]:
    """Those that nothing cheaper is as good as."""
    frontier: list[Trial] = []
    for trial in by_cost:
        if not frontier or trial.excess < frontier[-1].excess:
            frontier.append(trial)
    return frontier
