"""The strategies: where they look, that they repeat nothing, and that they keep nothing."""

from __future__ import annotations

import math
import statistics
from collections.abc import Callable
from typing import Any

import pytest

from kennel.runtimes.tuner import propose

LR = {"name": "lr", "kind": "continuous", "low": 1e-4, "high": 1.0, "scale": "logarithmic"}
BATCH = {"name": "batch", "kind": "categorical", "values": ['"32"', '"64"', '"128"']}
LAYERS = {"name": "layers", "kind": "integer", "low": 1, "high": 6, "scale": "linear"}


def request(strategy: str, number: int, trials: list[dict[str, Any]], **more: Any) -> Any:
    asked = {"strategy": strategy, "seed": 7, "number": number, "budget": 20, "maximize": False}
    return asked | {"space": [LR, BATCH, LAYERS], "trials": trials} | more


def search(
    strategy: str, budget: int, objective: Callable[[dict[str, str]], float], **more: Any
) -> list[dict[str, Any]]:
    """All trials of a search, one after another."""
    trials: list[dict[str, Any]] = []
    for number in range(1, budget + 1):
        point = propose(request(strategy, number, trials, budget=budget, **more))
        trials.append({"parameters": point, "state": "complete", "value": objective(point)})
    return trials


def loss(point: dict[str, str]) -> float:
    """Least (0) at lr 0.01, batch "64" and three layers."""
    batch = {'"32"': 0.5, '"64"': 0.0, '"128"': 1.0}[point["batch"]]
    return (math.log10(float(point["lr"])) + 2) ** 2 + batch + 0.1 * abs(int(point["layers"]) - 3)


def test_a_bayesian_search_beats_a_random_one() -> None:
    best: dict[str, list[float]] = {"Bayesian": [], "Random": []}
    for strategy, found in best.items():
        for seed in range(10):
            trials = search(strategy, 25, loss, seed=seed)
            found.append(min(trial["value"] for trial in trials))
    assert statistics.median(best["Bayesian"]) < 0.5 * statistics.median(best["Random"])


def test_a_bayesian_search_finds_the_best_region_in_both_directions() -> None:
    for maximize in (False, True):
        sign = -1.0 if maximize else 1.0
        objective = (lambda point: -loss(point)) if maximize else loss
        trials = search("Bayesian", 30, objective, maximize=maximize)
        best = min(trials, key=lambda trial: sign * trial["value"])["parameters"]
        assert 0.002 < float(best["lr"]) < 0.05
        assert best["batch"] == '"64"'


def test_a_random_search_covers_every_decade_of_a_logarithmic_range() -> None:
    trials = search("Random", 60, loss)
    decades = {math.floor(math.log10(float(trial["parameters"]["lr"]))) for trial in trials}
    assert decades == {-4, -3, -2, -1}


def test_a_grid_is_every_combination_once() -> None:
    space = [BATCH, {"name": "opt", "kind": "categorical", "values": ["sgd", "adam"]}]
    trials = search("Grid", 6, lambda point: 0.0, space=space)
    points = {tuple(trial["parameters"].values()) for trial in trials}
    assert points == {(batch, opt) for batch in BATCH["values"] for opt in ("sgd", "adam")}
    with pytest.raises(ValueError, match="no point number 7"):
        propose(request("Grid", 7, trials, space=space))


@pytest.mark.parametrize("strategy", ["Bayesian", "Random", "Hyperband"])
def test_no_point_is_tried_twice_while_there_are_others(strategy: str) -> None:
    space = [BATCH, {**LAYERS, "high": 4}]
    trials = search(strategy, 12, lambda point: float(point["layers"]), space=space)
    assert len({tuple(trial["parameters"].values()) for trial in trials}) == 12


@pytest.mark.parametrize("strategy", ["Bayesian", "Random", "Grid", "Hyperband"])
def test_the_same_request_has_the_same_answer(strategy: str) -> None:
    space = [BATCH] if strategy == "Grid" else [LR, BATCH, LAYERS]
    trials = search(strategy, 3, lambda point: 1.0, space=space)[:2]
    asked = request(strategy, 3, trials, space=space)
    assert propose(asked) == propose(asked)


def test_a_model_keeps_away_from_points_that_are_being_tried() -> None:
    trials = search("Bayesian", 12, loss)
    running: list[dict[str, Any]] = []
    for number in range(13, 17):
        point = propose(request("Bayesian", number, trials + running, budget=30))
        running.append({"parameters": point, "state": "running"})
    assert len({trial["parameters"]["lr"] for trial in running}) == 4


def test_a_model_learns_from_failed_trials_where_not_to_look() -> None:
    """Above 0.05 training diverges: a search that were not told would try that half again."""
    trials: list[dict[str, Any]] = []
    for number in range(1, 31):
        point = propose(request("Bayesian", number, trials, budget=30, space=[LR]))
        if float(point["lr"]) > 0.05:
            trials.append({"parameters": point, "state": "failed"})
        else:
            trials.append({"parameters": point, "state": "complete", "value": 1.0})
    late = [trial["state"] for trial in trials[-15:]]
    assert late.count("failed") <= 5


def test_pruned_trials_and_those_of_earlier_jobs_are_learned_from() -> None:
    known = [
        {"parameters": {"lr": repr(lr)}, "state": "pruned", "values": [9.0, 8.0], "own": False}
        for lr in (0.3, 0.5, 0.9)
    ]
    known += [
        {
            "parameters": {"lr": repr(10.0**-exponent)},
            "state": "complete",
            "value": abs(exponent - 2.0),
            "own": False,
        }
        for exponent in (step / 8 for step in range(33))
    ]
    known.append({"parameters": {"lr": "77"}, "state": "complete", "value": 0.0, "own": False})
    found = [
        float(propose(request("Bayesian", 1, known, space=[LR], seed=seed))["lr"])
        for seed in range(9)
    ]
    assert 0.003 < statistics.median(found) < 0.03


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_a_value_that_is_no_number_does_no_harm(value: float) -> None:
    trials = search("Bayesian", 8, loss, space=[LR, BATCH, LAYERS])
    trials.append({**trials[0], "value": value})
    assert propose(request("Bayesian", 10, trials))


def test_a_range_of_one_value_is_that_value() -> None:
    space = [{**LR, "low": 0.5, "high": 0.5}, {**LAYERS, "low": 2, "high": 2}, LR | {"name": "o"}]
    trials = search("Bayesian", 8, lambda point: float(point["o"]), space=space)
    assert {(t["parameters"]["lr"], t["parameters"]["layers"]) for t in trials} == {("0.5", "2")}
