"""Reads single options of a plan; what can't be read is refused with the option's name."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from kennel.planner.errors import BadPlan, BadQuantity
from kennel.planner.options import Options

__all__ = ["OptionValues", "number", "whole"]

Value = TypeVar("Value")
Default = TypeVar("Default")


class OptionValues:
    """The options, by name."""

    def __init__(self, options: Options) -> None:
        self._options = options

    def has(self, name: str) -> bool:
        """Whether it is given, or is a yes."""
        return bool(self._options.get(name))

    def many(self, name: str) -> tuple[str, ...]:
        """All texts that are given for it."""
        return self._options.get(name, ())

    def one(self, name: str, parse: Callable[[str], Value], default: Default) -> Value | Default:
        """The value of the last one given. Raises BadPlan."""
        values = self._options.get(name)
        if not values:
            return default
        try:
            return parse(values[-1])
        except BadQuantity as error:
            raise BadPlan(f"{name}: {error}") from None


def number(text: str) -> float:
    """A number above 0. Raises BadQuantity."""
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0 < value < float("inf"):
        raise BadQuantity(f"{text!r} is no number above 0")
    return value


def whole(text: str) -> int:
    """A whole number from 0 on. Raises BadQuantity."""
    if not text.strip().isdecimal():
        raise BadQuantity(f"{text!r} is no whole number")
    return int(text)
