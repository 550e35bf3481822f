"""What PutMetricData takes: checks each datum, and adds it to the points it belongs to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from kennel.services.cloudwatch.aggregate import Aggregate
from kennel.services.cloudwatch.errors import (
    InvalidParameterCombinationException,
    InvalidParameterValueException,
    MissingRequiredParameterException,
)
from kennel.services.cloudwatch.metric import Metric, Place, canonical
from kennel.services.cloudwatch.sink import MAX_VALUE
from kennel.services.cloudwatch.timestamps import DAY, HOUR, epoch

__all__ = [
    "MAX_DATA",
    "MAX_DIMENSIONS",
    "MAX_VALUES",
    "UNITS",
    "aggregates",
    "check_size",
    "dimensions_of",
]

MAX_DATA = 1000
MAX_VALUES = 150
MAX_DIMENSIONS = 30
_SIZED = [f"{size}b{unit}" for size in ("Kilo", "Mega", "Giga", "Tera") for unit in ("ytes", "its")]
_AMOUNTS = ["Bytes", "Bits", *_SIZED]
UNITS = frozenset(
    [
        *("Seconds", "Microseconds", "Milliseconds", "Percent", "Count", "Count/Second", "None"),
        *_AMOUNTS,
        *(f"{amount}/Second" for amount in _AMOUNTS),
    ]
)
"""CloudWatch's units; it converts none of them."""


def aggregates(
    region: str, namespace: str, data: Sequence[Mapping[str, Any]], wall: float, policy: float
) -> dict[Metric, dict[Place, Aggregate]]:
    """The points that the members of `MetricData` make at those times.

    A datum without a timestamp belongs to the policy time now. Clients that stamp their data
    themselves do so in wall time, so both times' limits hold. Raises AWS's errors.
    """
    check_size("MetricData", data, MAX_DATA)
    found: dict[Metric, dict[Place, Aggregate]] = {}
    for number, datum in enumerate(data, 1):
        where = f"MetricData.member.{number}"
        metric = Metric(
            region, namespace, datum["MetricName"], dimensions_of(datum.get("Dimensions"), where)
        )
        timestamp = _timestamp(datum.get("Timestamp"), where, wall, policy)
        resolution = datum.get("StorageResolution", 60)
        if resolution not in (1, 60):
            raise InvalidParameterValueException(
                f"The value {resolution} for parameter {where}.StorageResolution is invalid."
            )
        unit = datum.get("Unit", "None")
        if unit not in UNITS:
            raise InvalidParameterValueException(
                f"The value {unit} for parameter {where}.Unit is invalid."
            )
        points = found.setdefault(metric, {})
        point = points.setdefault(Place.at(resolution, timestamp, unit), Aggregate())
        _add_values(point, datum, where)
    return found


def check_size(parameter: str, members: Sequence[Any], most: int) -> None:
    """Raises InvalidParameterValueException for a list with more than `most` members."""
    if len(members) > most:
        raise InvalidParameterValueException(
            f"The collection {parameter} must not have a size greater than {most}."
        )


def dimensions_of(
    given: Sequence[Mapping[str, str]] | None, where: str = ""
) -> tuple[tuple[str, str], ...]:
    """A `Dimensions` parameter in the order of names. Raises InvalidParameterValueException."""
    prefix = f"{where}." if where else ""
    check_size(f"{prefix}Dimensions", given or (), MAX_DIMENSIONS)
    for number, dimension in enumerate(given or (), 1):
        for part in ("Name", "Value"):
            text = dimension[part]
            if not text.strip() or (part == "Name" and text.startswith(":")):
                raise InvalidParameterValueException(
                    f"The value {text} for parameter {prefix}Dimensions.member.{number}.{part} "
                    "is invalid."
                )
    return canonical((dimension["Name"], dimension["Value"]) for dimension in given or ())


def _timestamp(given: float | datetime | None, where: str, wall: float, policy: float) -> float:
    if given is None:
        return policy
    timestamp = epoch(given)
    if timestamp < min(wall, policy) - 14 * DAY:
        raise InvalidParameterValueException(
            f"The parameter {where}.Timestamp must specify a time within the past two weeks."
        )
    if timestamp > max(wall, policy) + 2 * HOUR:
        raise InvalidParameterValueException(
            f"The parameter {where}.Timestamp must specify a time no more than two hours in the "
            "future."
        )
    return timestamp


def _add_values(point: Aggregate, datum: Mapping[str, Any], where: str) -> None:
    kinds = [kind for kind in ("Value", "Values", "StatisticValues") if datum.get(kind) is not None]
    if not kinds:
        raise MissingRequiredParameterException(f"The parameter {where}.Value is required.")
    if len(kinds) > 1:
        raise InvalidParameterCombinationException(
            f"The parameters {where}.{kinds[0]} and {where}.{kinds[1]} are mutually exclusive and "
            "you have specified both."
        )
    if kinds == ["Value"]:
        point.add(_checked(datum["Value"], f"{where}.Value"))
    elif kinds == ["Values"]:
        _add_array(point, datum["Values"], datum.get("Counts"), where)
    else:
        _add_set(point, datum["StatisticValues"], f"{where}.StatisticValues")


def _add_array(
    point: Aggregate, values: Sequence[float], counts: Sequence[float] | None, where: str
) -> None:
    check_size(f"{where}.Values", values, MAX_VALUES)
    if not values:
        raise MissingRequiredParameterException(f"The parameter {where}.Values is required.")
    if counts is None:
        counts = [1.0] * len(values)
    if len(counts) != len(values):
        raise InvalidParameterValueException(
            f"The parameters {where}.Values and {where}.Counts must be of the same size."
        )
    for value, count in zip(values, counts, strict=True):
        _checked(value, f"{where}.Values")
        if _checked(count, f"{where}.Counts") <= 0:
            raise InvalidParameterValueException(
                f"The value {count} for parameter {where}.Counts is invalid."
            )
        point.add(float(value), float(count))


def _add_set(point: Aggregate, given: Mapping[str, float], where: str) -> None:
    names = ("SampleCount", "Sum", "Minimum", "Maximum")
    count, total, minimum, maximum = (_checked(given[name], f"{where}.{name}") for name in names)
    if count <= 0:
        raise InvalidParameterValueException(
            f"The value {count} for parameter {where}.SampleCount is invalid."
        )
    if minimum > maximum:
        raise InvalidParameterValueException(
            f"The parameter {where}.Minimum must be less than or equal to {where}.Maximum."
        )
    point.add_set(count, total, minimum, maximum)


def _checked(value: float, where: str) -> float:
    if not -MAX_VALUE <= value <= MAX_VALUE:  # false for a NaN, too
        raise InvalidParameterValueException(f"The value {value} for parameter {where} is invalid.")
    return float(value)
