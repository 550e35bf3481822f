"""ParameterRanges: what is searched, checked, and as the search process is told it."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from kennel.errors import NotImplementedByKennel, ValidationException

__all__ = ["Categorical", "Numeric", "ParameterRange", "Scale", "read_ranges"]

_MOST_SEARCHED = 30  # [D: limits of automatic model tuning]
_MANY_VALUES = 1e300  # stands for "uncountably many"
# Auto takes the logarithmic scale for positive ranges that span this factor [ours; AWS says only
# that it chooses the best scale and that Linear suits ranges within one order of magnitude].
_AUTO_LOGARITHMIC = 100.0


class Scale(StrEnum):
    """The scale that is searched evenly, as the search process calls it."""

    LINEAR = "linear"
    LOGARITHMIC = "logarithmic"
    REVERSE_LOGARITHMIC = "reverse-logarithmic"


@dataclass(frozen=True, slots=True)
class Numeric:
    """A continuous or integer range, both ends included."""

    name: str
    low: float
    high: float
    integer: bool
    scale: Scale

    @property
    def size(self) -> float:
        """How many values it has."""
        if self.integer:
            return self.high - self.low + 1
        return 1.0 if self.low == self.high else _MANY_VALUES

    def holds(self, value: str) -> bool:
        """Whether a hyperparameter of this value lies in the range."""
        try:
            return self.low <= float(value) <= self.high
        except ValueError:
            return False

    def told(self) -> dict[str, Any]:
        """This range in a request to the search process."""
        kind = "integer" if self.integer else "continuous"
        number = int if self.integer else float
        return {
            "name": self.name,
            "kind": kind,
            "low": number(self.low),
            "high": number(self.high),
            "scale": self.scale.value,
        }


@dataclass(frozen=True, slots=True)
class Categorical:
    """A range of values that are passed on as they are."""

    name: str
    values: tuple[str, ...]

    @property
    def size(self) -> float:
        return len(self.values)

    def holds(self, value: str) -> bool:
        return value in self.values

    def told(self) -> dict[str, Any]:
        return {"name": self.name, "kind": "categorical", "values": list(self.values)}


ParameterRange = Numeric | Categorical


def read_ranges(ranges: Mapping[str, Any]) -> tuple[ParameterRange, ...]:
    """Reads ParameterRanges. Raises ValidationException for what can't be searched."""
    if ranges.get("AutoParameters"):
        raise NotImplementedByKennel(
            "Kennel does not support ParameterRanges.AutoParameters (Autotune) of "
            "CreateHyperParameterTuningJob; give each parameter a range."
        )
    found = tuple(_read(ranges))
    if not found:
        raise ValidationException(
            "ParameterRanges must have at least one range; there is nothing to search."
        )
    if len(found) > _MOST_SEARCHED:
        raise ValidationException(
            f"At most {_MOST_SEARCHED} hyperparameters can be searched, not {len(found)}."
        )
    names = [parameter.name for parameter in found]
    for name in names:
        if names.count(name) > 1:
            raise ValidationException(f"The hyperparameter {name} has more than one range.")
    return found


def _read(ranges: Mapping[str, Any]) -> Iterator[ParameterRange]:
    for entry in ranges.get("ContinuousParameterRanges", ()):
        yield _numeric(entry, integer=False)
    for entry in ranges.get("IntegerParameterRanges", ()):
        yield _numeric(entry, integer=True)
    for entry in ranges.get("CategoricalParameterRanges", ()):
        yield Categorical(entry["Name"], tuple(dict.fromkeys(entry["Values"])))


def _numeric(entry: Mapping[str, Any], *, integer: bool) -> Numeric:
    name = entry["Name"]
    low = _number(name, "MinValue", entry["MinValue"], integer=integer)
    high = _number(name, "MaxValue", entry["MaxValue"], integer=integer)
    if low > high:
        raise ValidationException(
            f"The MinValue {entry['MinValue']} of the hyperparameter {name} is above its MaxValue "
            f"{entry['MaxValue']}."
        )
    scale = _scale(name, entry.get("ScalingType", "Auto"), low, high, integer=integer)
    return Numeric(name, low, high, integer, scale)


def _number(name: str, member: str, text: str, *, integer: bool) -> float:
    try:
        number = int(text) if integer else float(text)
    except ValueError:
        number = math.nan
    if not math.isfinite(number) or abs(number) > (2**53 if integer else _MANY_VALUES):
        kind = "a whole number" if integer else "a number"
        raise ValidationException(
            f"The {member} {text} of the hyperparameter {name} is not {kind} that can be searched."
        )
    return number


def _scale(name: str, scaling: str, low: float, high: float, *, integer: bool) -> Scale:
    """The limits are those of the guide [D: Define Hyperparameter Ranges]."""
    if scaling == "Logarithmic":
        if low <= 0:
            raise ValidationException(
                f"The hyperparameter {name} has Logarithmic scaling, which needs a range of "
                f"values greater than 0; its MinValue is {low:g}."
            )
        return Scale.LOGARITHMIC
    if scaling == "ReverseLogarithmic":
        if integer:
            raise ValidationException(
                f"The hyperparameter {name} is an integer; ReverseLogarithmic scaling is for "
                "continuous ones."
            )
        if low < 0 or high >= 1:
            raise ValidationException(
                f"The hyperparameter {name} has ReverseLogarithmic scaling, which needs a range "
                f"within 0 <= x < 1.0; its own is from {low:g} to {high:g}."
            )
        return Scale.REVERSE_LOGARITHMIC
    spans = low > 0 and math.log10(high) - math.log10(low) >= math.log10(_AUTO_LOGARITHMIC) - 1e-9
    return Scale.LOGARITHMIC if scaling == "Auto" and spans else Scale.LINEAR
