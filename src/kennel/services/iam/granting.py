"""Which policies let a user, a group or a role into a service."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from typing import Any

from kennel.policy import NamedPolicy
from kennel.services.context import Context
from kennel.services.iam.base import key_of
from kennel.services.iam.documents import Group, Role, User
from kennel.services.iam.errors import InvalidInputException, NoSuchEntityException
from kennel.services.iam.granted_services import GrantedServices
from kennel.services.iam.naming import account_and_resource
from kennel.services.iam.paging import page
from kennel.services.iam.principal_policies import PrincipalPolicies

__all__ = ["GrantingOperations", "kind_of"]

Identity = User | Group | Role


class GrantingOperations(PrincipalPolicies):
    """ListPoliciesGrantingServiceAccess, and what the reports of last use share with it."""

    def list_policies_granting_service_access(
        self, ctx: Context, *, Arn: str, ServiceNamespaces: Sequence[str], Marker: str | None = None
    ) -> dict[str, Any]:
        """A user's groups count as well. Neither boundaries nor Deny statements are looked at."""
        carried = self._database.read(
            lambda connection: list(
                self._granting_in(connection, self._identity_in(connection, Arn))
            )
        )
        here = _actions(ctx)
        granted = [
            (shown, GrantedServices([policy.document], here).namespaces())
            for policy, shown in carried
        ]
        return page(
            "PoliciesGrantingServiceAccess",
            dict.fromkeys(name.lower() for name in ServiceNamespaces),
            str,
            lambda namespace: {
                "ServiceNamespace": namespace,
                "Policies": [shown for shown, names in granted if namespace in names],
            },
            Marker,
            None,
        )

    def _granted(self, ctx: Context, policies: Sequence[NamedPolicy]) -> GrantedServices:
        return GrantedServices([policy.document for policy in policies], _actions(ctx))

    def _identity_in(self, connection: sqlite3.Connection, arn: str) -> Identity:
        """The user, group or role of that ARN. Raises InvalidInputException,
        NoSuchEntityException."""
        kind, _, rest = (account_and_resource(arn) or ("", ""))[1].partition("/")
        name = key_of(rest.rpartition("/")[2])
        found: Identity | None = None
        if kind == "user":
            found = self._users.collection.get_in(connection, name)
        elif kind == "role":
            found = self._roles.collection.get_in(connection, name)
        elif kind == "group":
            found = self._groups.collection.get_in(connection, name)
        else:
            raise InvalidInputException(f"{arn} is not the ARN of a user, a group or a role.")
        if found is None or found.arn != arn:
            raise NoSuchEntityException(f"{arn} cannot be found.")
        return found

    def _granting_in(
        self, connection: sqlite3.Connection, identity: Identity
    ) -> Iterator[tuple[NamedPolicy, dict[str, str]]]:
        """The policies of an identity, each as this operation shows it."""
        holders: list[Identity] = [identity]
        if isinstance(identity, User):
            holders += self._groups_in(connection, identity)
        for holder in holders:
            for policy in self._carried_in(connection, holder):
                yield policy, _shown(policy.name, holder)


def kind_of(identity: Identity) -> str:
    """`USER`, `GROUP` or `ROLE`."""
    return type(identity).__name__.upper()


def _actions(ctx: Context) -> set[str]:
    """All actions of the plane's services."""
    return {action for one in ctx.dispatcher.services.values() for action in one.actions}


def _shown(name: str, holder: Identity) -> dict[str, str]:
    """A managed policy is known by its ARN, an inline one by its name and whose it is."""
    if name.startswith("arn:"):
        return {
            "PolicyName": name.rpartition("/")[2],
            "PolicyType": "MANAGED",
            "PolicyArn": name,
        }
    return {
        "PolicyName": name,
        "PolicyType": "INLINE",
        "EntityType": kind_of(holder),
        "EntityName": holder.name,
    }
