"""Conditions of statements, and what a call needs besides its action and resource."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Condition", "Scope", "merged"]


@dataclass(frozen=True, slots=True)
class Condition:
    """`values` are patterns if the operator is one of patterns."""

    operator: str
    key: str
    values: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Scope:
    """Under what an old statement let a call pass: its conditions, and the pattern with variables
    that the resource fitted (empty: one without)."""

    conditions: tuple[Condition, ...] = ()
    pattern: str = ""


def merged(kept: tuple[Condition, ...], narrowing: Condition | None) -> tuple[Condition, ...]:
    """Both, so that neither widens the other. A policy has one list of values for an operator and
    a key: there the used values stand for the old ones that they fitted, unless either are
    patterns or variables; then the old ones stay."""
    if narrowing is None:
        return kept
    wanted = narrowing.operator, narrowing.key.lower()
    same = [one for one in kept if (one.operator, one.key.lower()) == wanted]
    if not same:
        return (*kept, narrowing)
    if narrowing.operator != "StringEquals" or any("${" in x for one in same for x in one.values):
        return kept
    return (*(one for one in kept if one not in same), narrowing)
