"""Hyperband: which trials go on at which hurdle. Pure.

The rule is that of Optuna's HyperbandPruner (asynchronous successive halving in brackets), with
the number of times that the objective was printed as the resource. The trials of a bracket meet
at its rungs; the best third of those seen so far goes on.
"""

from __future__ import annotations

import binascii
from collections.abc import Sequence
from dataclasses import dataclass

__all__ = ["REDUCTION", "Hyperband"]

REDUCTION = 3  # one in so many goes on [ours: Optuna's default; AWS does not say]


@dataclass(frozen=True, slots=True)
class Hyperband:
    """From `least` emissions, before which no trial is stopped, to `most`."""

    least: int
    most: int

    @property
    def brackets(self) -> int:
        count, resource = 1, self.least * REDUCTION
        while resource <= self.most:
            count, resource = count + 1, resource * REDUCTION
        return count

    def bracket(self, job: str, number: int) -> int:
        """The bracket of a trial: by chance, and the same at every asking. Earlier brackets stop
        sooner and so take more trials."""
        budgets = [self._budget(bracket) for bracket in range(self.brackets)]
        place = binascii.crc32(f"{job}_{number}".encode()) % sum(budgets)
        for bracket, budget in enumerate(budgets):
            place -= budget
            if place < 0:
                return bracket
        raise AssertionError("the budgets add up to more than the place")

    def hurdle(self, bracket: int, rung: int) -> int:
        """How many values a trial has when it meets a rung (from 0)."""
        return int(self.least * REDUCTION ** (bracket + rung))

    def goes_on(self, value: float, met: Sequence[float], *, maximize: bool) -> bool:
        """Whether a trial passes a rung that it met with `value`; `met` are all values with which
        trials of the bracket have met it so far, its own included."""
        ranked = sorted(met, reverse=maximize)
        last = ranked[max(len(ranked) // REDUCTION, 1) - 1]
        return value >= last if maximize else value <= last

    def _budget(self, bracket: int) -> int:
        s = self.brackets - 1 - bracket
        # Whole numbers, so that a power of three is never a little more or less than one.
        return int(-(-self.brackets * REDUCTION**s // (s + 1)))
