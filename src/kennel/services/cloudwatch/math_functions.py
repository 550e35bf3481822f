"""The functions of metric math.

Source: "Using metric math", functions. Those that it leaves open (STDDEV of what, SORT's ties) and
those that need more than the series at hand (TIME_SERIES, SEARCH, SERVICE_QUOTA …) are not here.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from itertools import accumulate, pairwise

from kennel.services.cloudwatch.errors import ValidationException
from kennel.services.cloudwatch.math_values import Arguments, Series, Value, finite, mapped

__all__ = ["FUNCTIONS", "MAX_FILLED"]

MAX_FILLED = 100_800
"""Points that FILL makes of one series at most; as many as GetMetricData returns."""


def _one(arguments: Arguments) -> Value:
    if len(arguments) != 1 or isinstance(arguments[0], str):
        raise ValidationException("a function has the wrong number of arguments")
    return arguments[0]


def _list(arguments: Arguments) -> list[Series]:
    value = _one(arguments)
    if not isinstance(value, list) or not value:
        raise ValidationException("a function needs a list of time series")
    return value


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


def _each(function: Callable[[Series], Mapping[int, float]]) -> Callable[[Arguments], Value]:
    """Of each series, another one with the same times."""

    def apply(arguments: Arguments) -> Value:
        value = _one(arguments)
        if isinstance(value, float):
            raise ValidationException("a function needs time series, not a number")
        if isinstance(value, list):
            return [Series(one.label, function(one), one.times) for one in value]
        return Series(value.label, function(value), value.times)

    return apply


def _between(function: Callable[[float, float], float]) -> Callable[[Series], Mapping[int, float]]:
    """What two points have between them that follow one another: `function` of the difference of
    their values and of their times, in seconds."""

    def apply(series: Series) -> Mapping[int, float]:
        points = sorted(series.values.items())
        return {
            time: result
            for (before, former), (time, value) in pairwise(points)
            if (result := finite(function, value - former, float(time - before))) is not None
        }

    return apply


def _running_sum(series: Series) -> Mapping[int, float]:
    times = sorted(series.values)
    return dict(zip(times, accumulate(series.values[time] for time in times), strict=True))


def _of_time(part: Callable[[datetime], float]) -> Callable[[Series], Mapping[int, float]]:
    """A value for each time that was asked for, in UTC."""

    def apply(series: Series) -> Mapping[int, float]:
        _check_length(series)
        return {time: part(datetime.fromtimestamp(time, UTC)) for time in series.times}

    return apply


def _if(arguments: Arguments) -> Value:
    if len(arguments) not in (2, 3) or any(isinstance(one, str) for one in arguments):
        raise ValidationException("IF has a condition, a value and perhaps another value")
    condition, then, *rest = arguments
    otherwise = rest[0] if rest else None
    if any(isinstance(one, list) for one in arguments):
        raise ValidationException("IF takes time series and numbers, not lists of time series")
    assert isinstance(then, float | Series)
    if isinstance(condition, float):
        if condition != 0:
            return then
        if isinstance(otherwise, float | Series):
            return otherwise
        if isinstance(then, float):
            raise ValidationException("IF of numbers alone needs a value for each case")
        return Series(then.label, {}, then.times)
    assert isinstance(condition, Series)
    values: dict[int, float] = {}
    for time, value in condition.values.items():
        if value != 0:
            # AWS's own rule: a point that the series for true lacks is 0, for false left out.
            values[time] = then if isinstance(then, float) else then.values.get(time, 0.0)
        elif isinstance(otherwise, float):
            values[time] = otherwise
        elif isinstance(otherwise, Series) and time in otherwise.values:
            values[time] = otherwise.values[time]
    return Series(condition.label, values, condition.times)


def _fill(arguments: Arguments) -> Value:
    if len(arguments) != 2:
        raise ValidationException("FILL has two arguments: time series and a filler")
    value, filler = arguments
    if isinstance(filler, list) or isinstance(value, float | str):
        raise ValidationException("FILL has two arguments: time series and a filler")
    if isinstance(value, list):
        return [_filled(series, filler) for series in value]
    return _filled(value, filler)


def _filled(series: Series, filler: float | Series | str) -> Series:
    _check_length(series)
    if filler == "LINEAR":
        return Series(series.label, _interpolated(series), series.times)
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


def _interpolated(series: Series) -> Mapping[int, float]:
    """Straight lines across gaps; nothing before the first point and after the last."""
    values = dict(series.values)
    for before, after in pairwise(sorted(series.values)):
        first, last = series.values[before], series.values[after]
        for time in range(before + series.times.step, after, series.times.step):
            values[time] = first + (last - first) * (time - before) / (after - before)
    return values


def _check_length(series: Series) -> None:
    if len(series.times) > MAX_FILLED:
        raise ValidationException(f"FILL makes at most {MAX_FILLED} points; ask for a shorter time")


def _period(arguments: Arguments) -> Value:
    value = _one(arguments)
    if not isinstance(value, Series):
        raise ValidationException("PERIOD takes one metric")
    return float(value.times.step)


def _count(values: Iterable[float]) -> float:
    return float(sum(1 for _ in values))


FUNCTIONS: dict[str, Callable[[Arguments], Value]] = {
    "SUM": _over(math.fsum),
    "AVG": _over(lambda values: math.fsum(values) / len(values)),
    "MIN": _over(min),
    "MAX": _over(max),
    "DATAPOINT_COUNT": _over(_count),
    "METRIC_COUNT": lambda arguments: float(len(_list(arguments))),
    "FIRST": lambda arguments: _list(arguments)[0],
    "LAST": lambda arguments: _list(arguments)[-1],
    "ABS": lambda arguments: mapped(abs, _one(arguments)),
    "CEIL": lambda arguments: mapped(math.ceil, _one(arguments)),
    "FLOOR": lambda arguments: mapped(math.floor, _one(arguments)),
    "LOG": lambda arguments: mapped(math.log, _one(arguments)),
    "LOG10": lambda arguments: mapped(math.log10, _one(arguments)),
    "DIFF": _each(_between(lambda difference, seconds: difference)),
    "DIFF_TIME": _each(_between(lambda difference, seconds: seconds)),
    "RATE": _each(_between(lambda difference, seconds: difference / seconds)),
    "RUNNING_SUM": _each(_running_sum),
    "PERIOD": _period,
    "MINUTE": _each(_of_time(lambda moment: float(moment.minute))),
    "HOUR": _each(_of_time(lambda moment: float(moment.hour))),
    "DAY": _each(_of_time(lambda moment: float(moment.isoweekday()))),
    "DATE": _each(_of_time(lambda moment: float(moment.day))),
    "MONTH": _each(_of_time(lambda moment: float(moment.month))),
    "YEAR": _each(_of_time(lambda moment: float(moment.year))),
    "EPOCH": _each(_of_time(lambda moment: moment.timestamp())),
    "IF": _if,
    "FILL": _fill,
}
