"""The policies that a simulation evaluates: those of a user, group or role, and texts."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from kennel.policy import (
    NamedPolicy,
    PolicyError,
    PolicyKind,
    PolicyType,
    parse_policy,
)
from kennel.services.iam.aws_managed import aws_managed_policy
from kennel.services.iam.base import IamBase, key_of
from kennel.services.iam.documents import Group, Holder, Role, User
from kennel.services.iam.errors import InvalidInputException, NoSuchEntityException
from kennel.services.iam.naming import account_and_resource

__all__ = ["Entity", "SimulationSources", "Source", "read_inputs"]


@dataclass(frozen=True, slots=True)
class Source:
    """A policy, its text, and how a simulation's result names it."""

    policy: NamedPolicy
    text: str
    shown_id: str


@dataclass(frozen=True, slots=True)
class Entity:
    """Whose policies are simulated. `boundary` is None where there is none."""

    arn: str
    identity: Sequence[Source]
    boundary: Source | None


# [O] What results call a policy of the list number N: PolicyInputList.N.
_LISTS = {
    PolicyType.IDENTITY: "PolicyInputList",
    PolicyType.BOUNDARY: "PermissionsBoundaryPolicyInputList",
}


def read_inputs(texts: Iterable[str], kind: PolicyType) -> list[Source]:
    """The policies of a list. Raises InvalidInputException with the reason."""
    grammar = PolicyKind.RESOURCE if kind is PolicyType.RESOURCE else PolicyKind.IDENTITY
    found = []
    for number, text in enumerate(texts, 1):
        name = f"{_LISTS[kind]}.{number}" if kind in _LISTS else "ResourcePolicy"
        try:
            document = parse_policy(text, grammar)
        except PolicyError as error:
            raise InvalidInputException(f"{name}: {error}") from None
        found.append(Source(NamedPolicy(kind, name, "", document), text, name))
    return found


class SimulationSources(IamBase):
    """Reads the policies of users, groups and roles with their texts."""

    def _simulated(self, arn: str) -> Entity:
        """Raises InvalidInputException for what is no ARN of a user, group or role, and
        NoSuchEntityException."""
        return self._database.read(lambda connection: self._simulated_in(connection, arn))

    def _simulated_in(self, connection: sqlite3.Connection, arn: str) -> Entity:
        kind, holder = self._simulated_holder_in(connection, arn)
        sources = list(self._simulated_sources_in(connection, kind, holder))
        if isinstance(holder, User):
            for name in holder.groups:
                group = self._groups.collection.get_in(connection, key_of(name))
                if group is not None:
                    sources += self._simulated_sources_in(connection, "group", group)
        boundary = None
        if isinstance(holder, User | Role) and holder.boundary:
            boundary = self._simulated_managed_in(connection, PolicyType.BOUNDARY, holder.boundary)
        return Entity(holder.arn, sources, boundary)

    def _simulated_holder_in(
        self, connection: sqlite3.Connection, arn: str
    ) -> tuple[str, User | Group | Role]:
        found = account_and_resource(arn)
        kind, _, path = found[1].partition("/") if found is not None else ("", "", "")
        name = key_of(path.rpartition("/")[2])
        holder: User | Group | Role | None
        if kind == "user":
            holder = self._users.collection.get_in(connection, name)
        elif kind == "group":
            holder = self._groups.collection.get_in(connection, name)
        elif kind == "role":
            holder = self._roles.collection.get_in(connection, name)
        else:
            raise InvalidInputException(f"Invalid Entity Arn: {arn}")
        if holder is None or holder.arn != arn:
            raise NoSuchEntityException(f"The {kind} with ARN {arn} cannot be found.")
        return kind, holder

    def _simulated_sources_in(
        self, connection: sqlite3.Connection, kind: str, holder: Holder
    ) -> Iterator[Source]:
        for name, text in holder.inline.items():
            document = parse_policy(text, PolicyKind.IDENTITY)
            policy = NamedPolicy(PolicyType.IDENTITY, name, holder.arn, document)
            yield Source(policy, text, f"{kind}_{holder.name}_{name}")
        for arn in holder.attached:
            managed = self._simulated_managed_in(connection, PolicyType.IDENTITY, arn)
            if managed is not None:
                yield managed

    def _simulated_managed_in(
        self, connection: sqlite3.Connection, kind: PolicyType, arn: str
    ) -> Source | None:
        amazon = aws_managed_policy(arn)
        if amazon is not None:
            text = amazon.document
        else:
            own = self._policies.get_in(connection, arn)
            if own is None:
                return None
            text = own.versions[own.default_version].document
        policy = NamedPolicy(kind, arn, "", parse_policy(text, PolicyKind.IDENTITY))
        return Source(policy, text, arn.rpartition("/")[2])
