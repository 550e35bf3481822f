"""The statistics that a caller may ask for."""

from __future__ import annotations

import re
from collections.abc import Callable

from kennel.errors import NotImplementedByKennel
from kennel.services.cloudwatch.aggregate import Aggregate
from kennel.services.cloudwatch.errors import InvalidParameterValueException

__all__ = ["SIMPLE", "Statistic", "extended_statistic", "statistic"]

Statistic = Callable[[Aggregate], float | None]
"""A number of an aggregate, None where it has none."""

SIMPLE: dict[str, Statistic] = {
    "SampleCount": lambda aggregate: aggregate.count,
    "Average": lambda aggregate: aggregate.total / aggregate.count,
    "Sum": lambda aggregate: aggregate.total,
    "Minimum": lambda aggregate: aggregate.minimum,
    "Maximum": lambda aggregate: aggregate.maximum,
}

_PERCENTILE = re.compile(r"p(\d{1,2}(?:\.\d{1,10})?|100(?:\.0{1,10})?)", re.IGNORECASE)
_OTHERS = re.compile(
    r"(tm|wm|tc|ts)(\d{1,2}(\.\d+)?|100)|(TM|WM|TC|TS|PR)\(.*\)|IQM", re.IGNORECASE
)


def extended_statistic(name: str) -> Statistic:
    """A percentile such as p99 or p99.9. Raises InvalidParameterValueException, or
    NotImplementedByKennel for AWS's other extended statistics."""
    match = _PERCENTILE.fullmatch(name)
    if match is not None:
        percent = float(match[1])
        return lambda aggregate: aggregate.percentile(percent)
    if _OTHERS.fullmatch(name):
        raise NotImplementedByKennel(
            f"Kennel does not compute the statistic {name}; it has percentiles (p50) and "
            f"{', '.join(SIMPLE)}."
        )
    raise InvalidParameterValueException(
        f"The value {name} for parameter ExtendedStatistics is not supported."
    )


def statistic(name: str) -> Statistic:
    """Any statistic by name. Raises as `extended_statistic` does."""
    simple = SIMPLE.get(name)
    return extended_statistic(name) if simple is None else simple
