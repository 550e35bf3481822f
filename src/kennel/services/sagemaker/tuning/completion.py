"""When a tuning job ends before its last trial, and whether it has failed. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from kennel.errors import NotImplementedByKennel
from kennel.services.sagemaker.training.failure import REASON_LIMIT
from kennel.services.sagemaker.training.status import JobStatus
from kennel.services.sagemaker.tuning.document import Trial
from kennel.services.sagemaker.tuning.status import ObjectiveStatus

__all__ = ["PATIENCE", "Criteria", "best_of", "failure", "not_improving"]

# After so many ended trials without one success, AWS gives up [O: amazon-sagemaker-examples issue
# 2436, "after 5 attempts"].
PATIENCE = 5
_IMPROVEMENT = 0.01  # what counts as better [D: BestObjectiveNotImproving, "by 1% or greater"]


@dataclass(frozen=True, slots=True)
class Criteria:
    """TuningJobCompletionCriteria; None where nothing is asked for."""

    maximize: bool
    target: float | None = None
    patience: int | None = None

    @classmethod
    def read(cls, criteria: Mapping[str, Any], maximize: bool) -> Criteria:
        convergence = criteria.get("ConvergenceDetected", {})
        if convergence.get("CompleteOnConvergence") == "Enabled":
            raise NotImplementedByKennel(
                "Kennel does not support TuningJobCompletionCriteria.ConvergenceDetected of "
                "CreateHyperParameterTuningJob; use BestObjectiveNotImproving."
            )
        return cls(
            maximize=maximize,
            target=criteria.get("TargetObjectiveMetricValue"),
            patience=criteria.get("BestObjectiveNotImproving", {}).get(
                "MaxNumberOfTrainingJobsNotImproving"
            ),
        )

    def met(self, trials: Sequence[Trial]) -> bool:
        """Whether no more trials are needed."""
        if self.patience is not None and not_improving(trials, self.maximize) >= self.patience:
            return True
        best = best_of(trials, self.maximize)
        if self.target is None or best is None or best.objective is None:
            return False
        if self.maximize:
            return best.objective >= self.target
        return best.objective <= self.target


def best_of(trials: Sequence[Trial], maximize: bool) -> Trial | None:
    """The trial with the best objective, the earlier of two equals; None without any."""
    found = [t for t in trials if t.objective_status is ObjectiveStatus.SUCCEEDED]
    sign = -1.0 if maximize else 1.0
    return min(found, key=lambda t: (sign * (t.objective or 0.0), t.number), default=None)


def not_improving(trials: Sequence[Trial], maximize: bool) -> int:
    """How many trials have ended since one was better than all before by a hundredth."""
    best: float | None = None
    since = 0
    ended = [trial for trial in trials if trial.status.is_terminal]
    for trial in sorted(ended, key=lambda trial: (trial.ended or 0.0, trial.number)):
        value = trial.objective
        if trial.objective_status is not ObjectiveStatus.SUCCEEDED or value is None:
            since += 1
            continue
        gain = 0.0 if best is None else (value - best if maximize else best - value)
        if best is None or (gain > 0 and gain >= _IMPROVEMENT * abs(best)):
            best, since = value, 0
        else:
            since += 1
    return since


def failure(trials: Sequence[Trial], planned: int) -> str | None:
    """The FailureReason that these trials give, None if there is none (yet)."""
    ended = [trial for trial in trials if trial.status.is_terminal]
    if len(ended) < min(PATIENCE, planned):
        return None
    if any(trial.objective_status is ObjectiveStatus.SUCCEEDED for trial in ended):
        return None
    if all(trial.status is JobStatus.FAILED for trial in ended):
        last = max(ended, key=lambda trial: (trial.ended or 0.0, trial.number))
        reason = (
            f"No training job succeeded after {len(ended)} attempts. "
            "Please take a look at the training job failures to get more details."
        )
        # So far AWS; what follows saves that look.
        return f"{reason} {last.name}: {last.failure_reason}"[:REASON_LIMIT]
    # As AWS is remembered to word it; no source was found.
    return (
        f"No objective metrics found after running {len(ended)} training jobs. Please ensure that "
        "the custom algorithm is emitting the objective metric as defined by the regular "
        "expression provided."
    )
