"""What metric math computes with: numbers, time series, and lists of them.

Two series combine where both have a point; in a comparison or a logical operation one that has none
counts as 0. A point without a finite result, such as a division by zero, is left out. Source:
"Using metric math".
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from kennel.services.cloudwatch.errors import ValidationException

__all__ = [
    "BOTH",
    "COMPARISONS",
    "EITHER",
    "OPERATORS",
    "Arguments",
    "Series",
    "Value",
    "combine",
    "finite",
    "mapped",
    "negative",
]


@dataclass(frozen=True, slots=True)
class Series:
    """Values by the time (seconds since the epoch) when their period begins.

    `times` are the beginnings of all periods that were asked for, whether they have a value or
    not.
    """

    label: str
    values: Mapping[int, float]
    times: range


Value = float | Series | list[Series]

Arguments = Sequence[Value | str]
"""Of a function; a string is one of FILL's words."""


def negative(value: Value) -> Value:
    """Minus the value."""
    return mapped(operator.neg, value)


def _power(base: float, exponent: float) -> float:
    result = base**exponent
    return math.nan if isinstance(result, complex) else result


OPERATORS: dict[str, Callable[[float, float], float]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": operator.truediv,
    "^": _power,
}


def _truth(function: Callable[[float, float], object]) -> Callable[[float, float], float]:
    return lambda left, right: 1.0 if function(left, right) else 0.0


COMPARISONS: dict[str, Callable[[float, float], float]] = {
    "==": _truth(operator.eq),
    "!=": _truth(operator.ne),
    "<=": _truth(operator.le),
    ">=": _truth(operator.ge),
    "<": _truth(operator.lt),
    ">": _truth(operator.gt),
}
BOTH = _truth(lambda left, right: left and right)
EITHER = _truth(lambda left, right: left or right)


def finite(function: Callable[..., float], *arguments: float) -> float | None:
    """The function's result; None if it has none or no finite one."""
    try:
        result = float(function(*arguments))
    except (ArithmeticError, ValueError):
        return None
    return result if math.isfinite(result) else None


def _number(function: Callable[..., float], *arguments: float) -> float:
    """A number that is NaN for want of a result makes every point left out that it meets."""
    result = finite(function, *arguments)
    return math.nan if result is None else result


def combine(
    function: Callable[[float, float], float],
    left: Value,
    right: Value,
    missing: float | None = None,
) -> Value:
    """Applies a function to what two values have at each time; `missing` stands for what one of two
    series lacks, None leaves such a point out. Raises ValidationException."""
    if isinstance(left, float) and isinstance(right, float):
        return _number(function, left, right)
    if isinstance(left, float):
        return mapped(lambda value: function(left, value), right)
    if isinstance(right, float):
        return mapped(lambda value: function(value, right), left)
    if isinstance(left, Series) and isinstance(right, Series):
        return _zip(function, left, right, missing)
    if isinstance(left, Series):
        assert isinstance(right, list)
        return [_zip(function, left, series, missing) for series in right]
    if isinstance(right, Series):
        return [_zip(function, series, right, missing) for series in left]
    if len(left) != len(right):
        raise ValidationException("two lists of time series differ in length")
    return [_zip(function, one, other, missing) for one, other in zip(left, right, strict=True)]


def _zip(
    function: Callable[[float, float], float], left: Series, right: Series, missing: float | None
) -> Series:
    one, other = left.values, right.values
    times = one.keys() & other.keys() if missing is None else one.keys() | other.keys()
    default = 0.0 if missing is None else missing
    values = {
        time: result
        for time in sorted(times)
        if (result := finite(function, one.get(time, default), other.get(time, default)))
        is not None
    }
    return Series(left.label, values, left.times)


def mapped(function: Callable[[float], float], value: Value) -> Value:
    """Applies a function to each number of a value."""
    if isinstance(value, float):
        return _number(function, value)
    if isinstance(value, list):
        return [_mapped_one(function, series) for series in value]
    return _mapped_one(function, value)


def _mapped_one(function: Callable[[float], float], series: Series) -> Series:
    values = {
        time: result
        for time, value in series.values.items()
        if (result := finite(function, value)) is not None
    }
    return Series(series.label, values, series.times)
