"""A statement made ready to be asked: patterns and conditions read once, at no request."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from kennel.policy.conditions import Condition, read_conditions
from kennel.policy.grammar import Statement
from kennel.policy.patterns import (
    VERSION_WITH_VARIABLES,
    Template,
    Test,
    arn_test,
    literal,
    possible_test,
    read_template,
    text_test,
)

__all__ = ["Holds", "ReadStatement", "action_test", "fits_any", "read_statement"]

Context = Mapping[str, tuple[str, ...]]
Holds = Callable[[Context], bool]
"""Whether a statement's conditions hold; the same function for the same conditions."""


@dataclass(frozen=True, slots=True)
class ReadStatement:
    """A statement's tests.

    `actions` are patterns in lower case; `excluding_actions` and `excluding_resources` say that the
    lists are of NotAction and NotResource. `fixed` tests stand for resources without variables,
    `exact` for those among them that are one ARN; `varying` are those with variables. A trust
    policy, which has no Resource, names every resource. `holds` says whether all conditions hold;
    it is None where there are none.
    """

    statement: Statement
    actions: tuple[str, ...]
    excluding_actions: bool
    exact: frozenset[str]
    fixed: tuple[Test, ...]
    varying: tuple[Template, ...]
    excluding_resources: bool
    conditions: tuple[Condition, ...]
    holds: Holds | None

    def names_action(self, action: str) -> bool:
        """Whether the statement is about an action, given in lower case."""
        named = any(action_test(pattern)(action) for pattern in self.actions)
        return named is not self.excluding_actions

    def names_resource(self, resource: str) -> bool | None:
        """Whether it is about a resource; None if that depends on the request's variables."""
        if resource in self.exact:
            return not self.excluding_resources
        for test in self.fixed:  # loops where a generator would cost more than what it does
            if test(resource):
                return not self.excluding_resources
        return None if self.possible(resource) else self.excluding_resources

    def possible(self, resource: str) -> tuple[Template, ...]:
        """The patterns with variables that a resource could fit, with the right values."""
        return tuple(one for one in self.varying if possible_test(one)(resource))

    def keys(self) -> set[str]:
        """All condition keys that the statement looks at, in lower case."""
        named = {key for condition in self.conditions for key in condition.keys}
        return named.union(*(template.keys for template in self.varying))


def fits_any(templates: Sequence[Template], resource: str, context: Context) -> bool:
    """Whether a resource fits a pattern with the values of the request. A variable without value
    makes a pattern fit nothing."""
    for template in templates:
        parts = template.resolve(context)
        if parts is not None and arn_test(parts, across=True)(resource):
            return True
    return False


def action_test(pattern: str) -> Test:
    """The test of an action's pattern in lower case."""
    return text_test(read_template(pattern, False).resolve({}) or ())


@lru_cache(maxsize=4096)
def _all(conditions: tuple[Condition, ...]) -> Holds | None:
    if len(conditions) < 2:
        return conditions[0].holds if conditions else None
    tests = tuple(condition.holds for condition in conditions)
    return lambda context: all(test(context) for test in tests)


def read_statement(statement: Statement, version: str) -> ReadStatement:
    """Reads a statement of a policy of that version of the language."""
    variables = version == VERSION_WITH_VARIABLES
    templates = [
        read_template(text, variables) for text in statement.resources or statement.not_resources
    ]
    exact: set[str] = set()
    fixed: list[Test] = []
    for template in templates:
        parts = None if template.keys else template.resolve({})
        if parts is None:
            continue
        if all(isinstance(part, str) for part in parts) and literal(parts).count(":") >= 5:
            exact.add(literal(parts))
        else:
            fixed.append(arn_test(parts, across=True))
    conditions = read_conditions(statement.conditions, variables=variables)
    return ReadStatement(
        statement=statement,
        actions=tuple(name.lower() for name in statement.actions or statement.not_actions),
        excluding_actions=bool(statement.not_actions),
        exact=frozenset(exact),
        fixed=tuple(fixed),
        varying=tuple(template for template in templates if template.keys),
        excluding_resources=not statement.resources,
        conditions=conditions,
        holds=_all(conditions),
    )
