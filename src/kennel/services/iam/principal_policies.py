"""What policies a principal carries, for the authorize step."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from kennel.policy import (
    NamedPolicy,
    PolicyDocument,
    PolicySet,
    PolicyType,
    Principal,
    PrincipalKind,
    SessionScope,
)
from kennel.services.iam.aws_managed import aws_managed_policy
from kennel.services.iam.base import IamBase, key_of
from kennel.services.iam.documents import Group, Holder, Role, User
from kennel.services.iam.policy_texts import read_policy

__all__ = ["HeldPolicies", "PrincipalPolicies"]


@dataclass(frozen=True, slots=True)
class HeldPolicies:
    """A principal's own policies, and the tags of its user or role. `session` is None where
    nothing narrows the session."""

    identity: PolicySet = field(default_factory=lambda: PolicySet(()))
    boundary: PolicySet | None = None
    session: PolicySet | None = None
    tags: Mapping[str, str] = field(default_factory=dict)


class PrincipalPolicies(IamBase):
    """Reads policies as they are stored now; whoever keeps an answer asks `policies_version`."""

    @property
    def policies_version(self) -> object:
        """Another object after every change of users, groups, roles or policies. Whoever takes it
        first and reads then has something that is right while it stays the same object."""
        return self._policies_version

    def policies_of(self, principal: Principal) -> HeldPolicies:
        """All that a user or a role's session carries: own, attached, the groups', the boundary,
        the session's. Nothing if the user or role is gone, or was made anew under its name."""
        return self._database.read(lambda connection: self._policies_in(connection, principal))

    def _policies_in(self, connection: sqlite3.Connection, principal: Principal) -> HeldPolicies:
        holder = self._holder_in(connection, principal)
        session = self._session_in(connection, principal.session)
        if holder is None:
            return HeldPolicies(session=session)
        holders: list[Holder] = [holder]
        if isinstance(holder, User):
            holders += self._groups_in(connection, holder)
        identity = [policy for one in holders for policy in self._carried_in(connection, one)]
        boundary = None
        if holder.boundary:
            named = self._managed_in(connection, holder.boundary, holder.arn, PolicyType.BOUNDARY)
            boundary = PolicySet((named,))
        return HeldPolicies(PolicySet(identity), boundary, session, holder.tags)

    def _holder_in(
        self, connection: sqlite3.Connection, principal: Principal
    ) -> User | Role | None:
        name = key_of((principal.role_arn or principal.arn).rpartition("/")[2])
        unique_id = principal.user_id.partition(":")[0]
        found: User | Role | None = None
        if principal.kind is PrincipalKind.USER:
            found = self._users.collection.get_in(connection, name)
        elif principal.kind is PrincipalKind.ASSUMED_ROLE:
            found = self._roles.collection.get_in(connection, name)
        return found if found is not None and found.unique_id == unique_id else None

    def _groups_in(self, connection: sqlite3.Connection, user: User) -> list[Group]:
        found = (self._groups.collection.get_in(connection, key_of(name)) for name in user.groups)
        return [group for group in found if group is not None]

    def _carried_in(self, connection: sqlite3.Connection, holder: Holder) -> Iterable[NamedPolicy]:
        for name, text in holder.inline.items():
            yield NamedPolicy(PolicyType.IDENTITY, name, holder.arn, read_policy(text))
        for arn in holder.attached:
            yield self._managed_in(connection, arn, holder.arn, PolicyType.IDENTITY)

    def _session_in(
        self, connection: sqlite3.Connection, scope: SessionScope | None
    ) -> PolicySet | None:
        if scope is None or not (scope.policy or scope.policy_arns):
            return None
        policies = [
            self._managed_in(connection, arn, "", PolicyType.SESSION) for arn in scope.policy_arns
        ]
        if scope.policy:
            policies.append(NamedPolicy(PolicyType.SESSION, "", "", read_policy(scope.policy)))
        return PolicySet(policies)

    def _managed_in(
        self, connection: sqlite3.Connection, arn: str, holder: str, kind: PolicyType
    ) -> NamedPolicy:
        """One that is gone (a boundary or a session's may be) allows nothing."""
        amazon = aws_managed_policy(arn)
        if amazon is not None:
            return NamedPolicy(kind, arn, holder, read_policy(amazon.document))
        own = self._policies.get_in(connection, arn)
        if own is None:
            return NamedPolicy(kind, arn, holder, PolicyDocument("2012-10-17", ()))
        text = own.versions[own.default_version].document
        return NamedPolicy(kind, arn, holder, read_policy(text))
