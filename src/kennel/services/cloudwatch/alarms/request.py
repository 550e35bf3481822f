"""Checks what PutMetricAlarm is given, and makes a configuration of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from kennel.errors import NotImplementedByKennel
from kennel.scaling import Comparison, MissingData
from kennel.services.cloudwatch.alarms.action_arn import check_action
from kennel.services.cloudwatch.alarms.expressions import check_metrics
from kennel.services.cloudwatch.alarms.record import Configuration
from kennel.services.cloudwatch.datum import dimensions_of
from kennel.services.cloudwatch.errors import (
    InvalidParameterCombinationException,
    InvalidParameterValueException,
    MissingRequiredParameterException,
    ValidationException,
)
from kennel.services.cloudwatch.statistic import SIMPLE, extended_statistic

__all__ = ["check_name", "check_period", "configuration"]

_DAY = 86_400
_OF_ONE_METRIC = (
    "MetricName",
    "Namespace",
    "Dimensions",
    "Period",
    "Unit",
    "Statistic",
    "ExtendedStatistic",
)


def configuration(given: Mapping[str, Any], region: str, account: str) -> Configuration:
    """The configuration that these parameters of PutMetricAlarm make; None stands for one that was
    not given. Raises AWS's errors, and NotImplementedByKennel for kinds of alarms there are not."""
    given = {name: value for name, value in given.items() if value is not None}
    if given["ComparisonOperator"] not in tuple(Comparison):
        raise NotImplementedByKennel(
            "Kennel does not run alarms on anomaly detection models "
            f"({given['ComparisonOperator']})."
        )
    if "Threshold" not in given:
        raise MissingRequiredParameterException("The parameter Threshold is required.")
    for name in ("OKActions", "AlarmActions", "InsufficientDataActions"):
        for arn in given.get(name, ()):
            check_action(arn, region)
    _check_word(given, "TreatMissingData", tuple(MissingData))
    _check_word(given, "EvaluateLowSampleCountPercentile", ("evaluate", "ignore"))
    if "Metrics" in given:
        for name in _OF_ONE_METRIC:
            if name in given:
                raise ValidationException(f"{name} should not be set if list of Metrics is set.")
        period = check_metrics(given["Metrics"], account)
    else:
        period = _check_metric(given)
    check_period(period)
    _check_length(period, given["EvaluationPeriods"], given.get("DatapointsToAlarm"))
    return msgspec.convert(given, Configuration)


def check_name(name: str) -> None:
    """Raises InvalidParameterValueException for a name with control characters."""
    if any(ord(character) < 32 or ord(character) == 127 for character in name):
        raise InvalidParameterValueException(
            "The value for parameter AlarmName must not contain ASCII control characters."
        )


def check_period(period: int) -> None:
    """Raises ValidationException for a period that no alarm has."""
    if period not in (10, 20, 30) and (period < 60 or period % 60):
        raise ValidationException("Period must be 10, 20, 30 or a multiple of 60")


def _check_metric(given: Mapping[str, Any]) -> int:
    for name in ("MetricName", "Namespace", "Period"):
        if name not in given:
            raise ValidationException(f"{name} must not be null")
    statistics = [name for name in ("Statistic", "ExtendedStatistic") if name in given]
    if len(statistics) != 1:
        raise InvalidParameterCombinationException(
            "Exactly one of the parameters Statistic and ExtendedStatistic must be specified."
        )
    if "ExtendedStatistic" in given:
        extended_statistic(given["ExtendedStatistic"])
    elif given["Statistic"] not in SIMPLE:
        raise InvalidParameterValueException(
            f"The value {given['Statistic']} for parameter Statistic is invalid."
        )
    dimensions_of(given.get("Dimensions"))
    return int(given["Period"])


def _check_length(period: int, periods: int, datapoints: int | None) -> None:
    if datapoints is not None and datapoints > periods:
        raise ValidationException(
            "DatapointsToAlarm must be less than or equal to EvaluationPeriods"
        )
    most, words = (_DAY, "a day") if period < 3600 else (7 * _DAY, "seven days")
    if period * periods > most:
        raise ValidationException(
            f"Metrics cannot be checked across more than {words} "
            f"(EvaluationPeriods * Period must be <= {most})."
        )


def _check_word(given: Mapping[str, Any], name: str, words: Sequence[str]) -> None:
    if name in given and given[name] not in words:
        raise ValidationException(
            f"Value '{given[name]}' at '{name}' failed to satisfy constraint: Member must satisfy "
            f"enum value set: [{', '.join(words)}]"
        )
