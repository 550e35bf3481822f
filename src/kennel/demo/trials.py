"""A tuning job's trials, as the API tells of them."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from kennel.demo.requests import OBJECTIVE

__all__ = ["SEARCHED", "Trial", "best_of", "read_trial"]

SEARCHED = ("learning-rate", "batch-size")


@dataclass(frozen=True, slots=True)
class Trial:
    """A training job of the search. `objective` is the loss on validation when the trial has ended,
    `latest` that of its last epoch so far; both are means per photo, natural logarithm, or None.
    `chance` is the loss of guessing: ln(number of classes)."""

    name: str
    number: int
    status: str
    learning_rate: float
    batch_size: int
    objective: float | None
    latest: float | None
    accuracy: float | None
    seconds: float | None
    chance: float
    reason: str = ""

    @property
    def has_ended(self) -> bool:
        """Whether nothing more is to come."""
        return self.status not in ("InProgress", "Stopping")

    @property
    def diverged(self) -> bool:
        """Whether it ended no better than guessing."""
        if self.objective is None:
            # A loss that is no number any more is no objective to the tuner.
            return self.latest is not None and not math.isfinite(self.latest)
        return not self.objective < self.chance

    @property
    def is_usable(self) -> bool:
        """Whether it may be the best one."""
        return self.objective is not None and math.isfinite(self.objective)

    def as_json(self) -> dict[str, Any]:
        """What a program wants to know of it. JSON has no NaN: a loss that is none is null."""
        finite = self.objective is not None and math.isfinite(self.objective)
        return {
            "name": self.name,
            "status": self.status,
            "learning_rate": self.learning_rate,
            "batch_size": self.batch_size,
            "objective": self.objective if finite else None,
            "accuracy": self.accuracy,
            "diverged": self.diverged,
            "seconds": self.seconds,
            **({"failure_reason": self.reason} if self.reason else {}),
        }


def read_trial(
    number: int, summary: Mapping[str, Any], job: Mapping[str, Any] | None, chance: float
) -> Trial:
    """A trial from its line of ListTrainingJobsForHyperParameterTuningJob and, where it was asked
    for, its DescribeTrainingJob."""
    tuned = summary["TunedHyperParameters"]
    metrics = {
        metric["MetricName"]: float(metric["Value"])
        for metric in (job or {}).get("FinalMetricDataList", ())
    }
    ended = summary["TrainingJobStatus"] not in ("InProgress", "Stopping")
    final = summary.get("FinalHyperParameterTuningJobObjectiveMetric", {}).get("Value")
    if final is None and ended:
        final = metrics.get(OBJECTIVE)
    seconds = None
    if ended and summary.get("TrainingStartTime") and summary.get("TrainingEndTime"):
        seconds = (summary["TrainingEndTime"] - summary["TrainingStartTime"]).total_seconds()
    return Trial(
        name=summary["TrainingJobName"],
        number=number,
        status=summary["TrainingJobStatus"],
        learning_rate=float(str(tuned["learning-rate"]).strip('"')),
        batch_size=int(str(tuned["batch-size"]).strip('"')),
        objective=None if final is None or not ended else float(final),
        latest=metrics.get("epoch:loss"),
        accuracy=metrics.get("validation:accuracy"),
        seconds=seconds,
        chance=chance,
        reason=summary.get("FailureReason", ""),
    )


def best_of(trials: Iterable[Trial]) -> Trial | None:
    """The ended trial with the smallest loss."""
    usable = [trial for trial in trials if trial.is_usable]
    return min(usable, key=lambda trial: trial.objective or 0.0, default=None)
