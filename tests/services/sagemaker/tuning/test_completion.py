"""When a tuning job ends early, what is best, and why it failed."""

from __future__ import annotations

import pytest

from kennel.errors import NotImplementedByKennel
from kennel.services.sagemaker.training.status import JobStatus
from kennel.services.sagemaker.tuning.completion import Criteria, best_of, failure, not_improving
from kennel.services.sagemaker.tuning.document import Trial
from kennel.services.sagemaker.tuning.status import TuningStatus, allowed_next


def trial(number: int, objective: float | None, status: JobStatus = JobStatus.COMPLETED) -> Trial:
    return Trial(
        job="job",
        number=number,
        name=f"job-{number:03d}-00000000",
        arn="arn",
        parameters={},
        creation_time=float(number),
        created=True,
        status=status,
        ended=float(number) if status.is_terminal else None,
        objective=objective,
    )


def trials(*objectives: float | None) -> list[Trial]:
    return [trial(number, value) for number, value in enumerate(objectives, 1)]


def test_the_best_is_the_lowest_or_the_highest_as_the_objective_says() -> None:
    some = trials(3.0, 1.0, None, 2.0)
    lowest, highest = best_of(some, maximize=False), best_of(some, maximize=True)
    assert lowest is not None
    assert highest is not None
    assert (lowest.number, highest.number) == (2, 1)


def test_a_trial_that_failed_or_runs_is_never_the_best() -> None:
    some = [trial(1, 0.1, JobStatus.FAILED), trial(2, 0.1, JobStatus.IN_PROGRESS), trial(3, 5.0)]
    best = best_of(some, maximize=False)
    assert best is not None
    assert best.number == 3
    assert best_of(some[:2], maximize=False) is None


def test_the_earlier_of_two_equals_is_the_best() -> None:
    best = best_of(trials(2.0, 1.0, 1.0), maximize=False)
    assert best is not None
    assert best.number == 2


def test_less_than_a_hundredth_is_no_improvement() -> None:
    assert not_improving(trials(100.0, 99.5, 99.2), maximize=False) == 2
    assert not_improving(trials(100.0, 99.5, 98.9), maximize=False) == 0
    assert not_improving(trials(100.0, None, 50.0, None), maximize=True) == 3
    assert not_improving([], maximize=True) == 0


@pytest.mark.parametrize(("maximize", "met"), [(False, [False, True]), (True, [True, True])])
def test_a_target_is_met_by_the_best_trial(maximize: bool, met: list[bool]) -> None:
    criteria = Criteria.read({"TargetObjectiveMetricValue": 0.5}, maximize)
    assert [criteria.met(trials(0.9)), criteria.met(trials(0.9, 0.4))] == met
    assert not criteria.met([])


def test_patience_ends_a_job_that_does_not_improve() -> None:
    patience = {"BestObjectiveNotImproving": {"MaxNumberOfTrainingJobsNotImproving": 3}}
    criteria = Criteria.read(patience, False)
    assert not criteria.met(trials(1.0, 2.0, 2.0))
    assert criteria.met(trials(1.0, 2.0, 2.0, 2.0))


def test_convergence_is_refused_by_name() -> None:
    asked = {"ConvergenceDetected": {"CompleteOnConvergence": "Enabled"}}
    with pytest.raises(NotImplementedByKennel, match="ConvergenceDetected"):
        Criteria.read(asked, True)


def test_five_failures_without_a_success_are_the_end() -> None:
    failed = [trial(number, None, JobStatus.FAILED) for number in range(1, 6)]
    assert failure(failed[:4], planned=10) is None
    assert "No training job succeeded after 5 attempts" in str(failure(failed, planned=10))
    assert failure([*failed, trial(6, 1.0)], planned=10) is None
    assert "after 2 attempts" in str(failure(failed[:2], planned=2))


def test_trials_that_never_print_the_objective_are_told_apart() -> None:
    assert "No objective metrics found after running 3" in str(
        failure(trials(None, None, None), planned=3)
    )


def test_every_status_says_what_may_follow() -> None:
    for status in TuningStatus:
        assert allowed_next(status) <= set(TuningStatus)
        assert status.is_terminal == (not allowed_next(status))
