"""Patterns of policies: what stands for a name itself, and what fits what."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache

__all__ = ["escaped", "fits", "unescaped", "widest", "without_variables"]

_ESCAPES = {"${": "${$}{", "*": "${*}", "?": "${?}"}
_TO_ESCAPE = re.compile(r"\$\{|[*?]")
_VARIABLE = re.compile(r"\$\{[^*?${}][^{}]*\}")
_PARTS = re.compile(r"\$\{([*?$])\}|([*?])|([^*?$]+|\$)")


def escaped(name: str) -> str:
    """The pattern that only the name itself fits: its own `*`, `?` and `${` are written as the
    policy variables that stand for them."""
    return _TO_ESCAPE.sub(lambda found: _ESCAPES[found[0]], name)


def fits(pattern: str, name: str) -> bool:
    """Whether a name fits a pattern. Give a narrower pattern as the name, and it tells whether the
    pattern covers it."""
    return _expression(pattern).fullmatch(name) is not None


def unescaped(pattern: str) -> str:
    """The pattern with its escaped characters as they are, to ask whether another covers it."""
    return _PARTS.sub(lambda found: found[1] or found[0], pattern)


def without_variables(pattern: str) -> str:
    """The pattern with a wildcard in the place of each variable; escaped characters stay."""
    return _VARIABLE.sub("*", pattern)


def widest(patterns: Iterable[str]) -> frozenset[str]:
    """The patterns without those that another one covers; they have no `?`."""
    every = frozenset(patterns)
    wild = [one for one in every if "*" in one]
    return frozenset(
        one for one in every if not any(_is_covered(one, other) for other in wild if other != one)
    )


def _is_covered(one: str, by: str) -> bool:
    # Of two that cover each other (`*`, `**`) the first stays.
    return fits(by, unescaped(one)) and (by < one or not fits(one, unescaped(by)))


@lru_cache(maxsize=8192)
def _expression(pattern: str) -> re.Pattern[str]:
    made = []
    for literal, wild, text in _PARTS.findall(pattern):
        if wild:
            made.append(".*" if wild == "*" else ".")
        else:
            made.append(re.escape(literal or text))
    return re.compile("".join(made), re.DOTALL)
