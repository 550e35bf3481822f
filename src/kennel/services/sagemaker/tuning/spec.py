"""What CreateHyperParameterTuningJob asks for, checked and typed."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from kennel.errors import NotImplementedByKennel, ValidationException
from kennel.services.sagemaker.errors import ResourceLimitExceeded
from kennel.services.sagemaker.tuning.completion import Criteria
from kennel.services.sagemaker.tuning.hyperband import Hyperband
from kennel.services.sagemaker.tuning.ranges import ParameterRange, read_ranges

__all__ = ["TUNING_METRIC", "TuningSpec", "with_defaults"]

TUNING_METRIC = "_tuning_objective_metric"  # the hyperparameter that AWS adds
_MOST_JOBS = 750  # [D: limits of automatic model tuning]
_MOST_PARALLEL = 10
_MOST_HYPERPARAMETERS = 100
_MOST_EPOCHS = 20_000  # [D: HyperbandStrategyConfig]
# Where MaxResource is looked for, in this order [D: HyperbandStrategyConfig].
_EPOCHS = ("epochs", "numepochs", "n-epochs", "n_epochs", "num_epochs")

# The members of the request's structures that Kennel acts on, or that change nothing here.
_MEMBERS: Mapping[str, frozenset[str]] = {
    "HyperParameterTuningJobConfig": frozenset(
        {
            "Strategy",
            "StrategyConfig",
            "HyperParameterTuningJobObjective",
            "ResourceLimits",
            "ParameterRanges",
            "TrainingJobEarlyStoppingType",
            "TuningJobCompletionCriteria",
            "RandomSeed",
        }
    ),
    "TrainingJobDefinition": frozenset(
        {
            "DefinitionName",
            "StaticHyperParameters",
            "AlgorithmSpecification",
            "RoleArn",
            "InputDataConfig",
            "VpcConfig",
            "OutputDataConfig",
            "ResourceConfig",
            "HyperParameterTuningResourceConfig",
            "StoppingCondition",
            "EnableNetworkIsolation",
            "EnableInterContainerTrafficEncryption",
            "EnableManagedSpotTraining",
            "CheckpointConfig",
            "RetryStrategy",
            "Environment",
        }
    ),
}


@dataclass(frozen=True, slots=True)
class TuningSpec:
    """A request, read. `trials` is MaxNumberOfTrainingJobs, or the grid's size; `hyperband` is
    None for the other strategies; `seed` is None if none is asked for."""

    strategy: str
    metric: str
    maximize: bool
    ranges: tuple[ParameterRange, ...]
    static: Mapping[str, str]
    trials: int
    parallel: int
    max_runtime: float
    early_stopping: bool
    hyperband: Hyperband | None
    criteria: Criteria
    seed: int | None
    definition: Mapping[str, Any]

    @property
    def keeps_values(self) -> bool:
        """Whether anything is decided by the objective's values over time."""
        return self.early_stopping or self.hyperband is not None

    @classmethod
    def read(cls, request: Mapping[str, Any]) -> TuningSpec:
        """Reads a request that has its defaults. Raises ValidationException or
        ResourceLimitExceeded for what AWS refuses and NotImplementedByKennel for what Kennel does
        not run."""
        config = _known(request, "HyperParameterTuningJobConfig")
        definition = _known(request, "TrainingJobDefinition")
        metric, maximize = _objective(config, definition)
        ranges = read_ranges(config.get("ParameterRanges", {}))
        static = definition.get("StaticHyperParameters", {})
        _check_names(ranges, static)
        limits = config["ResourceLimits"]
        strategy = config["Strategy"]
        trials = _trials(strategy, ranges, limits)
        return cls(
            strategy=strategy,
            metric=metric,
            maximize=maximize,
            ranges=ranges,
            static=static,
            trials=trials,
            parallel=_parallel(limits),
            max_runtime=float(limits.get("MaxRuntimeInSeconds", math.inf)),
            early_stopping=_early_stopping(config),
            hyperband=_hyperband(config, static) if strategy == "Hyperband" else None,
            criteria=Criteria.read(config.get("TuningJobCompletionCriteria", {}), maximize),
            seed=config.get("RandomSeed"),
            definition=definition,
        )


def with_defaults(request: Mapping[str, Any]) -> dict[str, Any]:
    """A request with what AWS fills in where it says nothing: the scaling types, early stopping,
    and the objective's name among the static hyperparameters."""
    config = dict(request["HyperParameterTuningJobConfig"])
    config.setdefault("TrainingJobEarlyStoppingType", "Off")
    config["ResourceLimits"] = dict(config["ResourceLimits"])
    ranges = dict(config.get("ParameterRanges", {}))
    for kind in ("ContinuousParameterRanges", "IntegerParameterRanges"):
        if kind in ranges:
            ranges[kind] = [{"ScalingType": "Auto", **entry} for entry in ranges[kind]]
    if ranges:
        config["ParameterRanges"] = ranges
    filled = {**request, "HyperParameterTuningJobConfig": config}
    definition = request.get("TrainingJobDefinition")
    objective = config.get("HyperParameterTuningJobObjective")
    if definition and objective:
        static = definition.get("StaticHyperParameters", {})
        named = {**static, TUNING_METRIC: objective["MetricName"]}
        filled["TrainingJobDefinition"] = {**definition, "StaticHyperParameters": named}
    return filled


def _known(request: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    structure: Mapping[str, Any] = request.get(name, {})
    if not structure:
        raise ValidationException(
            f"A hyperparameter tuning job needs a {name}; provide exactly one."
        )
    for member in structure.keys() - _MEMBERS[name]:
        if structure[member]:
            raise NotImplementedByKennel(
                f"Kennel does not support {name}.{member} of CreateHyperParameterTuningJob."
            )
    return structure


def _objective(config: Mapping[str, Any], definition: Mapping[str, Any]) -> tuple[str, bool]:
    """The message is AWS's [O: sagemaker-python-sdk issue 3932]."""
    objective = config.get("HyperParameterTuningJobObjective")
    metrics = definition["AlgorithmSpecification"].get("MetricDefinitions", ())
    names = {metric["Name"] for metric in metrics}
    if objective is None or objective["MetricName"] not in names:
        raise ValidationException(
            "A metric is required for this hyperparameter tuning job objective. "
            "Provide a metric in the metric definitions."
        )
    return objective["MetricName"], objective["Type"] == "Maximize"


def _check_names(ranges: tuple[ParameterRange, ...], static: Mapping[str, str]) -> None:
    for parameter in ranges:
        if parameter.name in static:
            raise ValidationException(
                f"The hyperparameter {parameter.name} is both static and searched; "
                "leave it out of one of them."
            )
    total = len(ranges) + len(static)
    if total > _MOST_HYPERPARAMETERS:
        raise ValidationException(
            f"A training job can have {_MOST_HYPERPARAMETERS} hyperparameters, "
            f"{TUNING_METRIC} included; this one would have {total}."
        )


def _trials(strategy: str, ranges: tuple[ParameterRange, ...], limits: Mapping[str, Any]) -> int:
    asked = limits.get("MaxNumberOfTrainingJobs")
    combinations = math.prod(parameter.size for parameter in ranges)
    if strategy == "Grid":
        if any(parameter.told()["kind"] != "categorical" for parameter in ranges):
            raise ValidationException(
                "The Grid strategy searches categorical hyperparameters only; "
                "make the others categorical or choose another strategy."
            )
        if asked is not None and asked != combinations:
            raise ValidationException(
                f"The Grid strategy runs each of the {combinations} combinations once; "
                f"MaxNumberOfTrainingJobs must be {combinations} or be left out, not {asked}."
            )
        asked = int(combinations)
    if asked is None:
        raise ValidationException(
            f"ResourceLimits must have MaxNumberOfTrainingJobs for the {strategy} strategy."
        )
    if asked > _MOST_JOBS:
        raise ResourceLimitExceeded(
            f"A hyperparameter tuning job can have {_MOST_JOBS} training jobs, not {asked}."
        )
    if combinations < asked:
        # AWS's words [O: amazon-sagemaker-operator-for-k8s issue 123].
        raise ValidationException(
            "You don't have enough combinations of hyperparameter ranges. The total number of "
            f"hyperparameter combinations for the provided ranges [{float(combinations)}] must be "
            f"equal or greater than the value of MaxNumberOfJobs, [{asked}]. "
            "Provide additional ranges."
        )
    return int(asked)


def _parallel(limits: Mapping[str, Any]) -> int:
    parallel: int = limits["MaxParallelTrainingJobs"]
    if parallel > _MOST_PARALLEL:
        raise ResourceLimitExceeded(
            f"A hyperparameter tuning job can run {_MOST_PARALLEL} training jobs at once, "
            f"not {parallel}."
        )
    return parallel


def _early_stopping(config: Mapping[str, Any]) -> bool:
    auto: bool = config["TrainingJobEarlyStoppingType"] == "Auto"
    if auto and config["Strategy"] == "Hyperband":
        raise ValidationException(
            "Hyperband stops training jobs early by itself; TrainingJobEarlyStoppingType must be "
            "Off."
        )
    return auto


def _hyperband(config: Mapping[str, Any], static: Mapping[str, str]) -> Hyperband:
    given = config.get("StrategyConfig", {}).get("HyperbandStrategyConfig", {})
    most = given.get("MaxResource") or _epochs(static)
    if most is None:
        raise ValidationException(
            "Hyperband needs a MaxResource: set it in HyperbandStrategyConfig, or give the static "
            f"hyperparameter epochs (or {', '.join(_EPOCHS[1:])})."
        )
    least = given.get("MinResource", 1)
    if not 1 <= least <= most <= _MOST_EPOCHS:
        raise ValidationException(
            f"MinResource {least} and MaxResource {most} must be from 1 to {_MOST_EPOCHS}, and "
            "MinResource not above MaxResource."
        )
    return Hyperband(least, most)


def _epochs(static: Mapping[str, str]) -> int | None:
    """The first that is a whole number; script mode sends `"10"` with its quotes."""
    for name in _EPOCHS:
        try:
            return int(json.loads(static[name]))
        except (KeyError, ValueError, TypeError, OverflowError, RecursionError):
            continue
    return None
