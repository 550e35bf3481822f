"""Texts with wildcards and variables, and tests whether a value fits them.

A pattern is read once into parts: literal text, wildcards, variables. Variables are filled in from
the request; what is filled in is literal, whatever characters it has. A pattern then becomes one
string comparison where it can, else one regular expression without backtracking into what already
fitted (atomic groups), so that no pattern takes more than about pattern × text steps.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum
from functools import lru_cache

__all__ = [
    "VERSION_WITH_VARIABLES",
    "Parts",
    "Template",
    "Test",
    "Wild",
    "arn_test",
    "literal",
    "possible_test",
    "read_template",
    "text_test",
    "variables_in",
]

Test = Callable[[str], bool]
Context = Mapping[str, tuple[str, ...]]


class Wild(Enum):
    """The wildcards: any characters, and exactly one."""

    ANY = "*"
    ONE = "?"


Parts = tuple[str | Wild, ...]


@dataclass(frozen=True, slots=True)
class _Variable:
    key: str  # in lower case
    default: str | None


@dataclass(frozen=True, slots=True)
class Template:
    """A pattern as it stands in a policy. `keys` are the condition keys that its variables name."""

    parts: tuple[str | Wild | _Variable, ...]
    keys: frozenset[str]

    def resolve(self, context: Context) -> Parts | None:
        """The parts with the request's values, or None if a variable has no value, or several:
        "You can't use a multivalued condition key as a variable"."""
        made: list[str | Wild] = []
        for part in self.parts:
            if not isinstance(part, _Variable):
                made.append(part)
                continue
            values = context.get(part.key, ())
            if len(values) == 1:
                made.append(values[0])
            elif part.default is not None and not values:
                made.append(part.default)
            else:
                return None
        return tuple(made)

    def widest(self) -> Parts:
        """The parts with a wildcard in the place of each variable."""
        return tuple(Wild.ANY if isinstance(part, _Variable) else part for part in self.parts)


VERSION_WITH_VARIABLES = "2012-10-17"

# "IAM policy elements: Variables and tags": a key, a default in quotes, or a special character.
_PIECE = re.compile(r"\$\{([*?$])\}|\$\{([^{}',]+?)(?:,\s*'([^'{}]*)')?\}|([*?])")


@lru_cache(maxsize=8192)
def read_template(text: str, variables: bool) -> Template:
    """Reads a pattern. Without `variables` (policies before 2012-10-17), `${` is text."""
    parts: list[str | Wild | _Variable] = []
    end = 0
    for found in _PIECE.finditer(text):
        special, key, default, wild = found.groups()
        if not variables and not wild:
            continue
        parts.append(text[end : found.start()])
        end = found.end()
        if wild:
            parts.append(Wild(wild))
        elif special:
            parts.append(special)
        else:
            parts.append(_Variable(key.strip().lower(), default))
    parts.append(text[end:])
    keys = frozenset(part.key for part in parts if isinstance(part, _Variable))
    return Template(tuple(part for part in parts if part != ""), keys)


def variables_in(text: str, version: str) -> list[str]:
    """The condition keys that a pattern's variables name, as they are written, in a policy of that
    version of the language."""
    if version != VERSION_WITH_VARIABLES:
        return []
    return [found[2].strip() for found in _PIECE.finditer(text) if found[2]]


def literal(parts: Parts) -> str:
    """The text, wildcards as the characters that they are."""
    return "".join(part if isinstance(part, str) else part.value for part in parts)


@lru_cache(maxsize=8192)
def text_test(parts: Parts) -> Test:
    """Whether a text fits: `*` stands for any characters, `?` for one."""
    if all(isinstance(part, str) for part in parts):
        return literal(parts).__eq__
    if all(part is Wild.ANY for part in parts):
        return _always
    if parts[-1] is Wild.ANY and all(isinstance(part, str) for part in parts[:-1]):
        return _starting_with(literal(parts[:-1]))
    return _matching([part if isinstance(part, str) else _EXPRESSIONS[part] for part in parts])


@lru_cache(maxsize=8192)
def arn_test(parts: Parts, *, across: bool) -> Test:
    """Whether an ARN fits, component by component: a wildcard before the fifth colon stays within
    its component. A `*` alone fits everything, and components that are missing at the end are `*`.

    `across`: as in the Resource element, where a `*` that ends a component also reaches over
    colons. Sources: "IAM JSON policy elements: Resource", "ARN condition operators".
    """
    if parts and all(part is Wild.ANY for part in parts):
        return _always
    components = _components(parts)
    components += [(Wild.ANY,)] * (6 - len(components))
    if all(isinstance(part, str) for component in components[:5] for part in component):
        head = ":".join(literal(component) for component in components[:5])
        return text_test((f"{head}:", *components[5]))
    pieces: list[str | _Expression] = []
    for number, component in enumerate(components):
        for place, part in enumerate(component):
            if isinstance(part, str):
                pieces.append(part)
            elif number == 5 or (across and part is Wild.ANY and place == len(component) - 1):
                pieces.append(_EXPRESSIONS[part])
            else:
                pieces.append(_WITHIN[part])
        if number < 5:
            pieces.append(":")
    return _matching(pieces)


@lru_cache(maxsize=8192)
def possible_test(template: Template) -> Test:
    """Whether an ARN could fit a pattern, whatever values its variables have.

    It tells most ARNs from a pattern before any value is looked up. It may say yes to one that
    `arn_test` never lets through: a value may have colons, so components are not told apart.
    """
    parts = template.widest()
    colons = sum(part.count(":") for part in parts if isinstance(part, str))
    return text_test(parts if colons >= 5 else (*parts, Wild.ANY))


def _components(parts: Parts) -> list[Parts]:
    """The six components of an ARN; colons after the fifth belong to the last."""
    components: list[list[str | Wild]] = [[]]
    for part in parts:
        if isinstance(part, Wild):
            components[-1].append(part)
            continue
        first, *others = part.split(":", 6 - len(components))
        components[-1].append(first)
        components.extend([other] for other in others)
    return [tuple(part for part in component if part != "") for component in components]


def _always(value: str) -> bool:
    return True


def _starting_with(prefix: str) -> Test:
    def fits(value: str) -> bool:
        return value.startswith(prefix)

    return fits


@dataclass(frozen=True, slots=True)
class _Expression:
    """What stands for a wildcard in a regular expression. `many`: it repeats; `within`: it stops at
    a colon."""

    text: str
    many: bool
    within: bool


_EXPRESSIONS = {
    Wild.ANY: _Expression(".*?", True, False),
    Wild.ONE: _Expression(".", False, False),
}
_WITHIN = {
    Wild.ANY: _Expression("[^:]*?", True, True),
    Wild.ONE: _Expression("[^:]", False, True),
}


def _matching(pieces: list[str | _Expression]) -> Test:
    """One expression of atomic groups. Each run of fixed text after a `*` is found once, as far
    left as it goes, and never sought again; only the last is, at the end of the value. Runs whose
    `*` stays within a component belong to the group of the one before that does not: that one may
    have to move on for them.
    """
    groups: list[list[str]] = [[""]]
    for piece in pieces:
        if isinstance(piece, str):
            groups[-1][-1] += re.escape(piece)
        elif not piece.many:
            groups[-1][-1] += piece.text
        elif piece.within:
            groups[-1].append(piece.text)
        else:
            groups.append([piece.text])
    *before, last = groups
    made = "".join(f"(?>{first}{_atoms(rest)})" for first, *rest in before)
    made += last[0] + (_atoms(last[1:-1]) + last[-1] if len(last) > 1 else "")
    fits = re.compile(made, re.DOTALL).fullmatch

    def test(value: str) -> bool:
        return fits(value) is not None

    return test


def _atoms(runs: list[str]) -> str:
    return "".join(f"(?>{run})" for run in runs)
