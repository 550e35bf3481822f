"""Grants into policy documents: merged, named, within the size that IAM takes."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from kennel.cli.iam.generate.conditions import Condition
from kennel.cli.iam.generate.grants import Grant
from kennel.cli.iam.generate.naming import sid_of

__all__ = ["Denial", "Document", "Statement", "document_size", "split", "statements_of"]

_LITTLE = 40  # characters of Version and the braces around the statements


@dataclass(frozen=True, slots=True)
class Statement:
    """An Allow."""

    sid: str
    actions: tuple[str, ...]
    resources: tuple[str, ...]
    conditions: tuple[Condition, ...]

    def as_json(self) -> dict[str, Any]:
        """As it stands in a policy."""
        made: dict[str, Any] = {
            "Sid": self.sid,
            "Effect": "Allow",
            "Action": _one_or_list(self.actions),
            "Resource": _one_or_list(self.resources),
        }
        for one in self.conditions:
            tests = made.setdefault("Condition", {}).setdefault(one.operator, {})
            tests[one.key] = _one_or_list(one.values)
        return made


@dataclass(frozen=True, slots=True)
class Denial:
    """A Deny, carried over whole. `elements` are the statement's, besides Sid and Effect."""

    sid: str
    elements: Mapping[str, Any]

    def as_json(self) -> dict[str, Any]:
        """As it stands in a policy."""
        return {"Sid": self.sid, "Effect": "Deny", **self.elements}


Document = dict[str, Any]


def statements_of(grants: Sequence[Grant], sids: Iterable[str] = ()) -> list[Statement]:
    """One statement for the actions of a service that share resources and conditions; none has one
    of the `sids`."""
    groups: dict[tuple[str, frozenset[str], tuple[Condition, ...]], list[str]] = defaultdict(list)
    for grant in grants:
        service = grant.action.partition(":")[0]
        groups[service, grant.resources, grant.conditions].append(grant.action)
    made: list[Statement] = []
    taken = set(sids)
    for (_, resources, conditions), actions in groups.items():
        names = tuple(sorted(set(actions)))
        made.append(
            Statement(sid_of(names, resources, taken), names, tuple(sorted(resources)), conditions)
        )
    return sorted(made, key=lambda one: (one.actions[0].partition(":")[0], one.sid))


def split(statements: Sequence[Statement | Denial], limit: int) -> list[Document]:
    """Documents of at most `limit` characters each; one if it can be."""
    documents: list[list[Statement | Denial]] = [[]]
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


def _cut(statements: Sequence[Statement | Denial], limit: int) -> list[Statement | Denial]:
    """Statements that are longer than a document, in halves."""
    made: list[Statement | Denial] = []
    for statement in statements:
        if len(_compact(statement.as_json())) + 1 + _LITTLE <= limit:
            made.append(statement)
            continue
        halves = _halves(statement) if isinstance(statement, Statement) else None
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


def _document(statements: Sequence[Statement | Denial]) -> Document:
    return {"Version": "2012-10-17", "Statement": [one.as_json() for one in statements]}


def _compact(value: Any) -> str:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)


def _one_or_list(values: Sequence[str]) -> Any:
    return values[0] if len(values) == 1 else list(values)
