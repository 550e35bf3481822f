"""Hyperband decides as Optuna's pruner does."""

from __future__ import annotations

import random

import optuna
import pytest

from kennel.services.sagemaker.tuning.hyperband import Hyperband


def ours(band: Hyperband, values: list[list[float]], *, maximize: bool) -> list[int]:
    """How many values each trial printed before it was stopped, one trial after another."""
    printed: list[list[float]] = []
    for number, series in enumerate(values):
        bracket = band.bracket("study", number)
        rung, seen = 0, list[float]()
        printed.append(seen)
        for value in series:
            seen.append(value)
            stopped = False
            while not stopped and len(seen) >= (hurdle := band.hurdle(bracket, rung)):
                met = [
                    other[hurdle - 1]
                    for earlier, other in enumerate(printed)
                    if len(other) >= hurdle and band.bracket("study", earlier) == bracket
                ]
                stopped = not band.goes_on(value, met, maximize=maximize)
                rung += 1
            if stopped:
                break
    return [len(seen) for seen in printed]


def optunas(band: Hyperband, values: list[list[float]], *, maximize: bool) -> list[int]:
    study = optuna.create_study(
        study_name="study",
        direction="maximize" if maximize else "minimize",
        sampler=optuna.samplers.RandomSampler(seed=1),
        pruner=optuna.pruners.HyperbandPruner(band.least, band.most, 3),
    )
    printed = []
    for series in values:
        trial = study.ask({"x": optuna.distributions.FloatDistribution(0, 1)})
        state = optuna.trial.TrialState.COMPLETE
        step = 0
        for step, value in enumerate(series, 1):
            trial.report(value, step)
            if trial.should_prune():
                state = optuna.trial.TrialState.PRUNED
                break
        printed.append(step)
        study.tell(trial, series[-1] if state.name == "COMPLETE" else None, state=state)
    return printed


@pytest.mark.parametrize("maximize", [False, True])
@pytest.mark.parametrize(("least", "most"), [(1, 9), (1, 27), (2, 20), (1, 1), (5, 10)])
def test_trials_are_stopped_where_optuna_stops_them(least: int, most: int, maximize: bool) -> None:
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    draw = random.Random(least * 100 + most)
    values = [[draw.random() for _ in range(most)] for _ in range(40)]
    band = Hyperband(least, most)
    assert ours(band, values, maximize=maximize) == optunas(band, values, maximize=maximize)


def test_no_trial_is_stopped_before_the_least_resource() -> None:
    band = Hyperband(4, 40)
    values = [[float(number)] * 40 for number in range(30)]
    assert min(ours(band, values, maximize=False)) >= 4


def test_every_bracket_gets_trials() -> None:
    band = Hyperband(1, 27)
    assert band.brackets == 4
    assert {band.bracket("job", number) for number in range(100)} == {0, 1, 2, 3}
