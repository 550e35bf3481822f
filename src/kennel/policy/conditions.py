"""Condition blocks: operators against the request's context."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from kennel.policy.matching import is_like

__all__ = ["conditions_hold"]

Conditions = Mapping[str, Mapping[str, tuple[str, ...]]]
Context = Mapping[str, tuple[str, ...]]


def conditions_hold(conditions: Conditions, context: Context) -> bool:
    """Whether all of a statement's conditions hold. `context` is by key in lower case."""
    return all(
        _holds(operator, context.get(key.lower()), values)
        for operator, tests in conditions.items()
        for key, values in tests.items()
    )


def _equal(value: str, pattern: str) -> bool:
    return value == pattern


def _equal_ignoring_case(value: str, pattern: str) -> bool:
    return value.lower() == pattern.lower()


_TESTS: Mapping[str, Callable[[str, str], bool]] = {
    "StringEquals": _equal,
    "StringEqualsIgnoreCase": _equal_ignoring_case,
    "StringLike": is_like,
    "ArnEquals": is_like,
    "ArnLike": is_like,
    "Bool": _equal_ignoring_case,
}


def _holds(operator: str, values: tuple[str, ...] | None, patterns: tuple[str, ...]) -> bool:
    if operator == "Null":
        return str(values is None).lower() in (pattern.lower() for pattern in patterns)
    name = operator.removesuffix("IfExists")
    negated = "Not" in name
    test = _TESTS.get(name.replace("Not", ""))
    if values is None:
        return operator.endswith("IfExists") or negated
    if test is None:
        return False
    return any(test(value, pattern) for value in values for pattern in patterns) is not negated
