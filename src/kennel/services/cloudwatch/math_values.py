"""What metric math computes with: numbers, time series, and lists of them.

Two series combine where both have a point. A point without a finite result, such as a division by
zero, is left out. Source: "Using math expressions with CloudWatch metrics".
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from kennel.errors import NotImplementedByKennel
from kennel.services.cloudwatch.errors import ValidationException

__all__ = ["FUNCTIONS", "OPERATORS", "Arguments", "Series", "Value", "combine", "negative"]

MAX_FILLED = 100_800
"""Points that FILL makes of one series at most; as many as GetMetricData returns."""


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
    return _map(operator.neg, value)


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


def _finite(function: Callable[..., float], *arguments: float) -> float | None:
    try:
        result = float(function(*arguments))
    except (ArithmeticError, ValueError):
        return None
    return result if math.isfinite(result) else None


def _number(function: Callable[..., float], *arguments: float) -> float:
    """A number that is NaN for want of a result makes every point left out that it meets."""
    result = _finite(function, *arguments)
    return math.nan if result is None else result


def combine(function: Callable[[float, float], float], left: Value, right: Value) -> Value:
    """Applies a function to what two values have at each time. Raises ValidationException."""
    if isinstance(left, float) and isinstance(right, float):
        return _number(function, left, right)
    if isinstance(left, float):
        return _map(lambda value: function(left, value), right)
    if isinstance(right, float):
        return _map(lambda value: function(value, right), left)
    if isinstance(left, Series) and isinstance(right, Series):
        return _zip(function, left, right)
    if isinstance(left, Series):
        assert isinstance(right, list)
        return [_zip(function, left, series) for series in right]
    if isinstance(right, Series):
        return [_zip(function, series, right) for series in left]
    if len(left) != len(right):
        raise ValidationException("two lists of time series differ in length")
    return [_zip(function, one, other) for one, other in zip(left, right, strict=True)]


def _zip(function: Callable[[float, float], float], left: Series, right: Series) -> Series:
    values = {
        time: result
        for time, value in left.values.items()
        if time in right.values
        and (result := _finite(function, value, right.values[time])) is not None
    }
    return Series(left.label, values, left.times)


def _map(function: Callable[[float], float], value: Value) -> Value:
    if isinstance(value, float):
        return _number(function, value)
    if isinstance(value, list):
        return [_mapped(function, series) for series in value]
    return _mapped(function, value)


def _mapped(function: Callable[[float], float], series: Series) -> Series:
    values = {
        time: result
        for time, value in series.values.items()
        if (result := _finite(function, value)) is not None
    }
    return Series(series.label, values, series.times)


def _one(arguments: Arguments) -> Value:
    if len(arguments) != 1 or isinstance(arguments[0], str):
        raise ValidationException("a function has the wrong number of arguments")
    return arguments[0]


def _over(
    function: Callable[[Sequence[float]], float],
) -> Callable[[Arguments], Value]:
    """A number of all values of a series; of a list of series, a series of what they have at each
    time."""

    def apply(arguments: Arguments) -> Value:
        value = _one(arguments)
        if isinstance(value, float):
            return value
        if isinstance(value, Series):
            return function(list(value.values.values())) if value.values else 0.0
        times = value[0].times if value else range(0)
        values = {}
        for time in sorted({time for series in value for time in series.values}):
            values[time] = function([s.values[time] for s in value if time in s.values])
        return Series("", values, times)

    return apply


def _fill(arguments: Arguments) -> Value:
    if len(arguments) != 2:
        raise ValidationException("FILL has two arguments: time series and a filler")
    value, filler = arguments
    if filler == "LINEAR":
        raise NotImplementedByKennel("Kennel fills with a number or REPEAT, not with LINEAR.")
    if isinstance(filler, list) or isinstance(value, float | str):
        raise ValidationException("FILL has two arguments: time series and a filler")
    if isinstance(value, list):
        return [_filled(series, filler) for series in value]
    return _filled(value, filler)


def _filled(series: Series, filler: float | Series | str) -> Series:
    if len(series.times) > MAX_FILLED:
        raise ValidationException(f"FILL makes at most {MAX_FILLED} points; ask for a shorter time")
    values: dict[int, float] = {}
    last: float | None = None
    for time in series.times:
        if time in series.values:
            last = values[time] = series.values[time]
        elif isinstance(filler, float):
            if math.isfinite(filler):
                values[time] = filler
        elif isinstance(filler, Series):
            if time in filler.values:
                values[time] = filler.values[time]
        elif last is not None:
            values[time] = last
    return Series(series.label, values, series.times)


FUNCTIONS: dict[str, Callable[[Arguments], Value]] = {
    "SUM": _over(math.fsum),
    "AVG": _over(lambda values: math.fsum(values) / len(values)),
    "MIN": _over(min),
    "MAX": _over(max),
    "ABS": lambda arguments: _map(abs, _one(arguments)),
    "CEIL": lambda arguments: _map(math.ceil, _one(arguments)),
    "FLOOR": lambda arguments: _map(math.floor, _one(arguments)),
    "FILL": _fill,
}
