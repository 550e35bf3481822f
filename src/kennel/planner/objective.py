"""What a setting has to keep: `p99<300ms`, `throttled<0.1%`."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass

from kennel.planner.errors import BadPlan, BadQuantity
from kennel.planner.figures import Figures
from kennel.planner.quantities import parse_duration, show_duration, show_share
from kennel.planner.simulation import ServiceTime

__all__ = ["OBJECTIVE_HELP", "Objective", "parse_objective"]

OBJECTIVE_HELP = "p99<300ms, p50<.., mean<.., over 1s<1%, throttled<0.1%, utilisation<80%"

_PERCENTILE = re.compile(r"p(\d{1,2}(?:\.\d+)?)")
_OVER = re.compile(r"over\s*(\S+)")
_TEXT = re.compile(r"\s*(.+?)\s*<\s*=?\s*(\S+?)\s*(%?)\s*")
_REFUSED = ("throttled", "rejected", "refused", "failed")


@dataclass(frozen=True, slots=True)
class Objective:
    """`measure` stays below `bound`. `argument` is a percentile's percent or the seconds that
    `over` means."""

    text: str
    measure: str
    bound: float
    argument: float = 0.0

    @property
    def is_share(self) -> bool:
        """Whether its values are shares; else they are seconds."""
        return self.measure in ("over", "refused", "cold", "utilisation")

    def value(self, figures: Figures) -> float:
        """The measure. A refused request counts as one that took for ever."""
        match self.measure:
            case "percentile":
                return figures.percentile_of_all(self.argument)
            case "mean":
                return math.inf if not figures.served else figures.latency.mean
            case "over":
                return figures.slow_share(self.argument)
            case "refused":
                return figures.refused_share
            case "utilisation":
                return figures.utilisation
        return figures.counts.get("cold starts", 0) / max(1, figures.served)

    def holds(self, figures: Figures) -> bool:
        """Whether the objective is kept."""
        return self.value(figures) < self.bound

    def excess(self, figures: Figures) -> float:
        """How far it is missed, as the value's multiple of the bound; 1 or less when kept."""
        return self.value(figures) / self.bound

    def alone(self, service: ServiceTime) -> float | None:
        """The measure if no request ever waits; None of what depends on more."""
        if self.measure == "mean":
            return service.mean
        return service.percentile(self.argument) if self.measure == "percentile" else None

    def shown(self, figures: Figures) -> str:
        """The measured value, as people write it."""
        value = self.value(figures)
        if math.isinf(value):
            return "never"
        return show_share(value) if self.is_share else show_duration(value)


def parse_objective(text: str) -> Objective:
    """Raises BadPlan."""
    found = _TEXT.fullmatch(text)
    if found is None:
        raise BadPlan(f"{text!r} is no objective; write one of {OBJECTIVE_HELP}")
    name, bound, percent = found.groups()
    name = name.lower()
    try:
        if percent:
            measure, argument = _share(name)
            value = float(bound) / 100
        else:
            measure, argument = _latency(name)
            value = parse_duration(bound)
    except BadQuantity as error:
        raise BadPlan(f"The objective {text!r} can't be read: {error}") from None
    except ValueError:
        raise BadPlan(f"{text!r} is no objective; write one of {OBJECTIVE_HELP}") from None
    if not 0 < value < math.inf:
        raise BadPlan(f"{text!r} can't be kept: nothing is below its bound")
    return Objective(text.strip(), measure, value, argument)


def _share(name: str) -> tuple[str, float]:
    if name in _REFUSED:
        return "refused", 0.0
    if name in ("cold", "utilisation"):
        return name, 0.0
    if (over := _OVER.fullmatch(name)) is not None:
        return "over", parse_duration(over[1])
    raise ValueError(name)


def _latency(name: str) -> tuple[str, float]:
    if name == "mean":
        return name, 0.0
    if (percentile := _PERCENTILE.fullmatch(name)) is not None and float(percentile[1]) > 0:
        return "percentile", float(percentile[1])
    raise ValueError(name)
