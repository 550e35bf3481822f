"""Optuna's tree-structured Parzen estimator over all trials so far.

The study is made anew for each request. Continuous parameters are given to it as their place from
0 to 1 on their scale, because Optuna has no reverse logarithmic one.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import optuna
from optuna.distributions import (
    BaseDistribution,
    CategoricalDistribution,
    FloatDistribution,
    IntDistribution,
)
from optuna.trial import FrozenTrial, TrialState, create_trial

from kennel.runtimes.tuner.space import LOGARITHMIC, Categorical, Continuous, Integer, Parameter

if TYPE_CHECKING:
    from kennel.runtimes.tuner.proposal import Request, Trial

__all__ = ["suggest"]

optuna.logging.set_verbosity(optuna.logging.WARNING)


def suggest(request: Request, seed: int) -> dict[str, str]:
    """The point that the estimator expects most of."""
    parameters = request.space.parameters
    distributions = {parameter.name: _distribution(parameter) for parameter in parameters}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
        sampler = optuna.samplers.TPESampler(
            seed=seed,
            n_startup_trials=0,
            multivariate=True,
            constant_liar=True,  # trials that run keep others away from where they are
        )
        study = optuna.create_study(
            direction="maximize" if request.maximize else "minimize", sampler=sampler
        )
        for trial in request.trials:
            known = _known(trial, parameters, distributions)
            if known is not None:
                study.add_trial(known)
        asked = study.ask(distributions)
    return {p.name: _given(p, asked.params[p.name]) for p in parameters}


def _known(
    trial: Trial,
    parameters: tuple[Parameter, ...],
    distributions: Mapping[str, BaseDistribution],
) -> FrozenTrial | None:
    """A trial as Optuna keeps it; None if it lies outside of the space (an earlier job's)."""
    try:
        params = {p.name: _taken(p, trial.parameters[p.name]) for p in parameters}
    except (KeyError, ValueError):
        return None
    state = TrialState.RUNNING
    value: float | None = None
    values: dict[int, float] = {}
    if trial.state == "complete" and trial.value is not None and math.isfinite(trial.value):
        state, value = TrialState.COMPLETE, trial.value
    elif trial.state != "running":
        # Optuna forgets failed trials and would try their neighbours; a pruned one without values
        # is the worst that it knows.
        state = TrialState.PRUNED
        values = dict(enumerate(trial.values, 1))
    return create_trial(
        state=state,
        value=value,
        params=params,
        distributions=dict(distributions),
        intermediate_values=values,
    )


def _distribution(parameter: Parameter) -> BaseDistribution:
    match parameter:
        case Continuous():
            return FloatDistribution(0.0, 1.0)
        case Integer(low=low, high=high, scale=scale):
            return IntDistribution(low, high, log=scale == LOGARITHMIC)
        case Categorical(values=values):
            return CategoricalDistribution(values)


def _taken(parameter: Parameter, value: str) -> Any:
    """A job's string as Optuna's value. Raises ValueError for one outside of the range."""
    match parameter:
        case Continuous():
            return parameter.place(value)
        case Integer():
            return parameter.number(value)
        case Categorical(values=values):
            if value not in values:
                raise ValueError(f"{value} is none of {values}")
            return value


def _given(parameter: Parameter, value: Any) -> str:
    """Optuna's value as the string that a job gets."""
    return parameter.at(value) if isinstance(parameter, Continuous) else str(value)
