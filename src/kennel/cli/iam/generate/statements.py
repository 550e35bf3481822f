"""Grants into policy documents: merged, named, within the size that IAM takes."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from kennel.cli.iam.generate.grants import Condition, Grant
from kennel.cli.iam.generate.naming import sid_of

__all__ = ["Document", "Statement", "document_size", "split", "statements_of"]

_LITTLE = 40  # characters of Version and the braces around the statements


@dataclass(frozen=True, slots=True)
class Statement:
    """An Allow."""

    sid: str
    actions: tuple[str, ...]
    resources: tuple[str, ...]
    condition: Condition | None

    def as_json(self) -> dict[str, Any]:
        """As it stands in a policy."""
        made: dict[str, Any] = {
            "Sid": self.sid,
            "Effect": "Allow",
            "Action": _one_or_list(self.actions),
            "Resource": _one_or_list(self.resources),
        }
        if self.condition is not None:
            values = _one_or_list(self.condition.values)
            made["Condition"] = {self.condition.operator: {self.condition.key: values}}
        return made


Document = dict[str, Any]


def statements_of(grants: Sequence[Grant]) -> list[Statement]:
    """One statement for the actions of a service that share resources and condition."""
    groups: dict[tuple[str, frozenset[str], Condition | None], list[str]] = defaultdict(list)
    for grant in grants:
        service = grant.action.partition(":")[0]
        groups[service, grant.resources, grant.condition].append(grant.action)
    made: list[Statement] = []
    taken: set[str] = set()
    for (_, resources, condition), actions in groups.items():
        names = tuple(sorted(set(actions)))
        made.append(
            Statement(sid_of(names, resources, taken), names, tuple(sorted(resources)), condition)
        )
    return sorted(made, key=lambda one: (one.actions[0].partition(":")[0], one.sid))


def split(statements: Sequence[Statement], limit: int) -> list[Document]:
    """Documents of at most `limit` characters each; one if it can be."""
    documents: list[list[Statement]] = [[]]
    size = _LITTLE
    for statement in _cut(statements, limit):
        length = len(_compact(statement.as_json())) + 1
        if documents[-1] and size + length > limit:
            documents.append([])
            size = _LITTLE
        documents[-1].append(statement)
        size += length
    return [_document(one) for one in documents if one]


def document_size(document: Document) -> int:
    """Its characters as IAM counts them, without white space."""
    return len(_compact(document))


def _cut(statements: Sequence[Statement], limit: int) -> list[Statement]:
    """Statements that are longer than a document, in halves."""
    made = []
    for statement in statements:
        if len(_compact(statement.as_json())) + 1 + _LITTLE <= limit:
            made.append(statement)
            continue
        halves = _halves(statement)
        made += [statement] if halves is None else _cut(halves, limit)
    return made


def _halves(statement: Statement) -> list[Statement] | None:
    resources, actions = statement.resources, statement.actions
    if len(resources) > 1:
        middle = len(resources) // 2
        parts = [resources[:middle], resources[middle:]]
        halves = [replace(statement, resources=part) for part in parts]
    elif len(actions) > 1:
        middle = len(actions) // 2
        halves = [replace(statement, actions=part) for part in (actions[:middle], actions[middle:])]
    else:
        return None
    return [
        replace(half, sid=f"{half.sid}{letter}") for half, letter in zip(halves, "AB", strict=True)
    ]


def _document(statements: Sequence[Statement]) -> Document:
    return {"Version": "2012-10-17", "Statement": [one.as_json() for one in statements]}


def _compact(value: Any) -> str:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)


def _one_or_list(values: Sequence[str]) -> Any:
    return values[0] if len(values) == 1 else list(values)
