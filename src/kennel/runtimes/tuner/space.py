"""The search space: what may be tried, as points of a unit cube and as the strings jobs get."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

__all__ = ["Categorical", "Continuous", "Integer", "Parameter", "Space"]

LINEAR = "linear"
LOGARITHMIC = "logarithmic"
REVERSE = "reverse-logarithmic"


@dataclass(frozen=True, slots=True)
class Continuous:
    """A number from `low` to `high`, both included."""

    name: str
    low: float
    high: float
    scale: str

    @property
    def size(self) -> None:
        """How many values it has: uncountably many."""

    def at(self, unit: float) -> str:
        """The value at a place from 0 to 1 on its scale."""
        low, high = _scaled(self.low, self.scale), _scaled(self.high, self.scale)
        value = _unscaled(low + unit * (high - low), self.scale)
        return repr(min(max(value, self.low), self.high))

    def place(self, value: str) -> float:
        """Where a value lies on its scale, from 0 to 1. Raises ValueError for one outside."""
        number = float(value)
        if not self.low <= number <= self.high:
            raise ValueError(f"{value} is not from {self.low} to {self.high}")
        low, high = _scaled(self.low, self.scale), _scaled(self.high, self.scale)
        if low == high:
            return 0.0
        return min(max((_scaled(number, self.scale) - low) / (high - low), 0.0), 1.0)


@dataclass(frozen=True, slots=True)
class Integer:
    """A whole number from `low` to `high`, both included."""

    name: str
    low: int
    high: int
    scale: str

    @property
    def size(self) -> int:
        return self.high - self.low + 1

    def at(self, unit: float) -> str:
        """The value at a place from 0 to 1; on the linear scale all values are as likely."""
        if self.scale == LOGARITHMIC:
            low, high = math.log(max(self.low - 0.5, 0.5)), math.log(self.high + 0.5)
            value = round(math.exp(low + unit * (high - low)))
        else:
            value = self.low + math.floor(unit * self.size)
        return str(min(max(value, self.low), self.high))

    def number(self, value: str) -> int:
        """Raises ValueError for a value outside."""
        number = int(value)
        if not self.low <= number <= self.high:
            raise ValueError(f"{value} is not from {self.low} to {self.high}")
        return number


@dataclass(frozen=True, slots=True)
class Categorical:
    """One of some values, which are passed on as they are."""

    name: str
    values: tuple[str, ...]

    @property
    def size(self) -> int:
        return len(self.values)

    def at(self, unit: float) -> str:
        return self.values[min(math.floor(unit * self.size), self.size - 1)]


Parameter = Continuous | Integer | Categorical


@dataclass(frozen=True, slots=True)
class Space:
    """All parameters that are searched."""

    parameters: tuple[Parameter, ...]

    @classmethod
    def read(cls, ranges: Sequence[Mapping[str, Any]]) -> Space:
        """Reads a request's `space`."""
        return cls(tuple(_parameter(entry) for entry in ranges))

    @property
    def size(self) -> int | None:
        """How many points it has; None if uncountably many."""
        sizes = [parameter.size for parameter in self.parameters]
        return math.prod(size for size in sizes if size is not None) if None not in sizes else None

    def at(self, units: Sequence[float]) -> dict[str, str]:
        """The point at these places."""
        return {p.name: p.at(unit) for p, unit in zip(self.parameters, units, strict=True)}

    def points(self) -> Iterator[dict[str, str]]:
        """Every point of a space with a size; the last parameter changes fastest."""
        names = [parameter.name for parameter in self.parameters]
        for values in itertools.product(*(_values(p) for p in self.parameters)):
            yield dict(zip(names, values, strict=True))


def _parameter(entry: Mapping[str, Any]) -> Parameter:
    match entry["kind"]:
        case "continuous":
            low, high = float(entry["low"]), float(entry["high"])
            return Continuous(entry["name"], low, high, entry["scale"])
        case "integer":
            return Integer(entry["name"], int(entry["low"]), int(entry["high"]), entry["scale"])
        case "categorical":
            return Categorical(entry["name"], tuple(entry["values"]))
        case kind:
            raise ValueError(f"there is no kind of parameter {kind}")


def _values(parameter: Parameter) -> Sequence[str] | Iterator[str]:
    match parameter:
        case Categorical(values=values):
            return values
        case Integer(low=low, high=high):
            return map(str, range(low, high + 1))
        case Continuous(name=name):
            raise ValueError(f"{name} is continuous and can't be enumerated")


def _scaled(value: float, scale: str) -> float:
    if scale == LOGARITHMIC:
        return math.log(value)
    if scale == REVERSE:
        return -math.log1p(-value)  # of 1 - value; the sign keeps the order
    return value


def _unscaled(place: float, scale: str) -> float:
    if scale == LOGARITHMIC:
        return math.exp(place)
    if scale == REVERSE:
        return -math.expm1(-place)
    return place
