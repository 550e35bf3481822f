from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta
from typing import Any

from kennel.demo.trials import Trial, best_of, read_trial

CHANCE = math.log(133)
START = datetime(2026, 1, 1, tzinfo=UTC)


def summary(loss: float | None, status: str = "Completed") -> dict[str, Any]:
    found: dict[str, Any] = {
        "TrainingJobName": "dogs-001",
        "TrainingJobStatus": status,
        "TunedHyperParameters": {"learning-rate": "0.02", "batch-size": '"64"'},
        "TrainingStartTime": START,
        "TrainingEndTime": START + timedelta(seconds=4),
    }
    if loss is not None:
        found["FinalHyperParameterTuningJobObjectiveMetric"] = {
            "MetricName": "validation:loss",
            "Value": loss,
        }
    return found


def metrics(**values: float) -> dict[str, Any]:
    return {
        "FinalMetricDataList": [
            {"MetricName": name.replace("_", ":"), "Value": value} for name, value in values.items()
        ]
    }


def trial(loss: float | None, job: dict[str, Any] | None = None, **changes: Any) -> Trial:
    return read_trial(1, summary(loss, **changes), job, CHANCE)


def test_a_trial_has_its_values_objective_and_seconds():
    found = trial(0.8, metrics(validation_accuracy=0.79))
    assert (found.learning_rate, found.batch_size) == (0.02, 64)
    assert (found.objective, found.accuracy, found.seconds) == (0.8, 0.79, 4)
    assert found.as_json()["diverged"] is False


def test_a_loss_no_better_than_guessing_has_diverged():
    assert trial(CHANCE).diverged
    assert trial(math.inf).diverged
    assert trial(math.nan).diverged
    assert not trial(CHANCE - 0.01).diverged


def test_a_trial_without_an_objective_has_diverged_only_if_its_loss_is_no_number():
    assert trial(None, metrics(epoch_loss=math.nan)).diverged
    assert not trial(None, metrics(epoch_loss=1.0)).diverged
    assert not trial(None, status="Failed").diverged


def test_a_running_trial_shows_its_last_epoch_and_no_objective():
    running = trial(None, metrics(epoch_loss=1.5), status="InProgress")
    assert (running.objective, running.latest, running.has_ended) == (None, 1.5, False)


def test_json_has_no_nan():
    assert trial(math.nan).as_json()["objective"] is None


def test_the_best_is_the_smallest_loss_that_is_a_number():
    losses = [math.nan, 0.9, None, 0.7, math.inf]
    best = best_of([trial(loss) for loss in losses])
    assert best is not None
    assert best.objective == 0.7
    assert best_of([trial(math.nan)]) is None
