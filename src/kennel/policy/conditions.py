"""Condition blocks: operators against the request's context.

Source: "IAM JSON policy elements: Condition operators", "Conditions with multiple context keys or
values" and "Policy variables with no value" in the IAM user guide. A value that is not of the
operator's type (no number, no date, no address) equals nothing, on either side.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache

from kennel.policy.patterns import (
    Parts,
    Template,
    Test,
    arn_test,
    literal,
    read_template,
    text_test,
)
from kennel.policy.typed_values import address_test, binary_test, bool_test, date_test, number_test

__all__ = ["Condition", "read_conditions"]

Context = Mapping[str, tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class Condition:
    """One operator on one key. `keys` are all that it looks at, in lower case: the one that it
    tests, then those of variables."""

    keys: tuple[str, ...]
    holds: Callable[[Context], bool]


def read_conditions(
    blocks: Mapping[str, Mapping[str, tuple[str, ...]]], *, variables: bool
) -> tuple[Condition, ...]:
    """The conditions of a statement, which all must hold. `variables`: as its version has them."""
    return tuple(
        _condition(operator, key.lower(), values, variables)
        for operator, tests in blocks.items()
        for key, values in tests.items()
    )


def _string(parts: Parts) -> Test:
    return literal(parts).__eq__


def _string_ignoring_case(parts: Parts) -> Test:
    wanted = literal(parts).lower()
    return lambda value: value.lower() == wanted


def _arn(parts: Parts) -> Test:
    return arn_test(parts, across=False)


_Reader = Callable[[Parts], Test]


def _typed(comparison: Callable[[str], Test]) -> _Reader:
    return lambda parts: comparison(literal(parts))


# With the operators that take variables. A negated operator is its positive's negation.
_WITH_VARIABLES: Mapping[str, _Reader] = {
    "StringEquals": _string,
    "StringEqualsIgnoreCase": _string_ignoring_case,
    "StringLike": text_test,
    "ArnEquals": _arn,
    "ArnLike": _arn,
    "Bool": _typed(bool_test),
}
_WITHOUT: Mapping[str, _Reader] = {
    "NumericEquals": _typed(lambda text: number_test("==", text)),
    "NumericLessThan": _typed(lambda text: number_test("<", text)),
    "NumericLessThanEquals": _typed(lambda text: number_test("<=", text)),
    "NumericGreaterThan": _typed(lambda text: number_test(">", text)),
    "NumericGreaterThanEquals": _typed(lambda text: number_test(">=", text)),
    "DateEquals": _typed(lambda text: date_test("==", text)),
    "DateLessThan": _typed(lambda text: date_test("<", text)),
    "DateLessThanEquals": _typed(lambda text: date_test("<=", text)),
    "DateGreaterThan": _typed(lambda text: date_test(">", text)),
    "DateGreaterThanEquals": _typed(lambda text: date_test(">=", text)),
    "BinaryEquals": _typed(binary_test),
    "IpAddress": _typed(address_test),
}
_POSITIVES = {
    "StringNotEquals": "StringEquals",
    "StringNotEqualsIgnoreCase": "StringEqualsIgnoreCase",
    "StringNotLike": "StringLike",
    "ArnNotEquals": "ArnEquals",
    "ArnNotLike": "ArnLike",
    "NumericNotEquals": "NumericEquals",
    "DateNotEquals": "DateEquals",
    "NotIpAddress": "IpAddress",
}


@lru_cache(maxsize=4096)  # the same conditions are one object: they are tested once a request
def _condition(operator: str, key: str, values: tuple[str, ...], variables: bool) -> Condition:
    quantifier, _, name = operator.rpartition(":")
    if name == "Null":
        return Condition((key,), _null(key, values))
    if_exists = name.endswith("IfExists")
    name = name.removesuffix("IfExists")
    positive = _POSITIVES.get(name, name)
    negated = positive != name
    reader = _WITH_VARIABLES.get(positive)
    templates = [read_template(value, variables and reader is not None) for value in values]
    matches = _any_of(reader or _WITHOUT[positive], templates)
    named = sorted({key for template in templates for key in template.keys})
    return Condition((key, *named), _quantified(quantifier, key, matches, negated, if_exists))


def _null(key: str, values: tuple[str, ...]) -> Callable[[Context], bool]:
    wanted = {value.lower() for value in values}

    def holds(context: Context) -> bool:
        return ("false" if context.get(key) else "true") in wanted

    return holds


_Matches = Callable[[str, Context], bool]


def _any_of(reader: _Reader, templates: list[Template]) -> _Matches:
    """Whether a value fits any of a condition's values."""
    fixed = [reader(template.resolve({}) or ()) for template in templates if not template.keys]
    varying = [template for template in templates if template.keys]
    if len(fixed) == 1 and not varying:
        (only,) = fixed
        return lambda value, context: only(value)

    def matches(value: str, context: Context) -> bool:
        for test in fixed:
            if test(value):
                return True
        for template in varying:
            parts = template.resolve(context)
            if parts is not None and reader(parts)(value):
                return True
        return False

    return matches


def _quantified(
    quantifier: str, key: str, matches: _Matches, negated: bool, if_exists: bool
) -> Callable[[Context], bool]:
    """How the values of one key in a request count together.

    Without a set operator one that fits is enough, and a negated operator wants none that fits.
    With one, each value is asked on its own; of no values, or only empty ones, ForAllValues holds
    and ForAnyValue does not.
    """

    absent = if_exists or negated

    def single(context: Context) -> bool:
        values = context.get(key)
        if not values:
            return absent
        if len(values) == 1:
            return matches(values[0], context) is not negated
        return any(matches(value, context) for value in values) is not negated

    def all_values(context: Context) -> bool:
        values = [value for value in context.get(key, ()) if value]
        return all(matches(value, context) is not negated for value in values)

    def any_value(context: Context) -> bool:
        values = context.get(key)
        if not values:
            return if_exists
        return any(matches(value, context) is not negated for value in values if value)

    return {"ForAllValues": all_values, "ForAnyValue": any_value}.get(quantifier, single)
