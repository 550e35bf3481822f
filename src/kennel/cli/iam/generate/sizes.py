"""How much policies grant."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from kennel.cli.iam.actions import ActionReference, action_reference
from kennel.policy import NamedPolicy, Statement

__all__ = ["Size", "size_of"]


@dataclass(frozen=True, slots=True)
class Size:
    """`actions`: different actions of AWS's that are allowed on something. `grants`: pairs of an
    action and a resource element; a wildcard element counts once, so this is a lower bound."""

    actions: int
    grants: int


def size_of(policies: Iterable[NamedPolicy]) -> Size:
    """Counts what the Allow statements name; what Deny takes away is not subtracted."""
    reference = action_reference()
    grants: set[tuple[str, str]] = set()
    for policy in policies:
        for statement in policy.document.statements:
            if statement.allow:
                resources = statement.resources or ("*",)
                grants.update(
                    (action, resource)
                    for action in _actions(statement, reference)
                    for resource in resources
                )
    return Size(len({action for action, _ in grants}), len(grants))


def _actions(statement: Statement, reference: ActionReference) -> Iterator[str]:
    """Names in lower case; one that the reference does not know counts as itself."""
    if statement.not_actions:
        left_out = {
            one.name for pattern in statement.not_actions for one in reference.expand(pattern)
        }
        yield from (one.name.lower() for one in reference.expand("*") if one.name not in left_out)
    for pattern in statement.actions:
        found = [one.name.lower() for one in reference.expand(pattern)]
        yield from found or [pattern.lower()]
