"""What IAM tells the authorizer: what an operation needs, roles' trust policies, tags."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from kennel.identity import PrincipalKind
from kennel.services.access import Access
from kennel.services.access_rules import AccessRules
from kennel.services.context import Context
from kennel.services.iam.access_table import ACCESS_TABLE, BOUNDARY, NEW, PATH, TARGET
from kennel.services.iam.base import IamBase, key_of
from kennel.services.iam.documents import Group, InstanceProfile, ManagedPolicy, Role, User
from kennel.services.iam.naming import account_and_resource
from kennel.services.iam.service_linked import service_linked_path
from kennel.services.service import Parts

__all__ = ["AuthorizationAnswers"]

_Entity = User | Group | Role | InstanceProfile | ManagedPolicy
_NAMES = {
    "UserName": "user",
    "GroupName": "group",
    "RoleName": "role",
    "InstanceProfileName": "instance-profile",
}


class AuthorizationAnswers(IamBase):
    """ARNs carry paths, which requests do not: each answer looks an entity up by its key."""

    def __init__(self, parts: Parts) -> None:
        super().__init__(parts)
        self._rules = AccessRules(
            "iam",
            ACCESS_TABLE,
            prefix=lambda ctx: f"arn:aws:iam::{ctx.account_id}:",
            resolvers={
                parameter: partial(self._resource, kind) for parameter, kind in _NAMES.items()
            },
        )

    @property
    def actions(self) -> frozenset[str]:
        return self._rules.actions

    def accesses(
        self, ctx: Context, operation: str, parameters: Mapping[str, Any]
    ) -> Sequence[Access]:
        known = {**parameters, PATH: "/" + (parameters.get("PathPrefix") or "").lstrip("/")}
        if not known.get("UserName") and operation.endswith(_OWN):
            is_user = ctx.principal.kind is PrincipalKind.USER
            known["UserName"] = ctx.principal.arn.rpartition("/")[2] if is_user else "*"
        if operation == "GetAccessKeyLastUsed":
            known["UserName"] = self._owner(parameters["AccessKeyId"])
        if operation.startswith(("Create", "GetServiceLinked")):
            known[NEW] = _new(operation, parameters)
        elif operation in ("UpdateUser", "UpdateGroup"):
            known[TARGET] = self._target(operation.removeprefix("Update"), parameters)
        else:
            known[BOUNDARY] = self._boundary(parameters)
        return self._rules.accesses(ctx, operation, known)

    def resource_policy(self, arn: str) -> str:
        found = self._by_arn(arn)
        return found.trust_policy if isinstance(found, Role) else ""

    def resource_tags(self, arn: str) -> Mapping[str, str]:
        found = self._by_arn(arn)
        return {} if found is None or isinstance(found, Group) else found.tags

    def _owner(self, access_key_id: str) -> str:
        key = self.parts.credentials.user_key(access_key_id)
        return "*" if key is None else key.arn.rpartition("/")[2]

    def _resource(self, kind: str, ctx: Context, name: str) -> str:
        """`role/path/name`; without a path if there is no such role."""
        found = self._entity(kind, name)
        return f"{kind}/{name}" if found is None else f"{kind}{found.path}{found.name}"

    def _entity(self, kind: str, name: str) -> _Entity | None:
        key = key_of(name)
        if kind == "user":
            return self._users.collection.get(key)
        if kind == "group":
            return self._groups.collection.get(key)
        if kind == "role":
            return self._roles.collection.get(key)
        if kind == "instance-profile":
            return self._profiles.get(key)
        return None

    def _by_arn(self, arn: str) -> _Entity | None:
        parsed = account_and_resource(arn)
        if parsed is None:
            return None
        kind, _, rest = parsed[1].partition("/")
        if kind == "policy":
            return self._policies.get(arn)
        found = self._entity(kind, rest.rpartition("/")[2])
        return found if found is not None and found.arn == arn else None

    def _target(self, noun: str, parameters: Mapping[str, Any]) -> str:
        """Where UpdateUser and UpdateGroup move to; empty if they do not move."""
        path, name = parameters.get("NewPath"), parameters.get(f"New{noun}Name")
        if not path and not name:
            return ""
        old = parameters[f"{noun}Name"]
        found = self._entity(noun.lower(), old)
        return f"{path or (found.path if found else '/')}{name or old}"

    def _boundary(self, parameters: Mapping[str, Any]) -> str:
        for parameter in ("UserName", "RoleName"):
            if name := parameters.get(parameter):
                found = self._entity(_NAMES[parameter], name)
                return found.boundary if isinstance(found, (User, Role)) else ""
        return ""


_OWN = ("AccessKey", "AccessKeys", "GetUser")
"""Operations that mean the caller where no UserName says whom."""


def _new(operation: str, parameters: Mapping[str, Any]) -> str:
    """Path and name of what an operation makes."""
    if operation == "CreateServiceLinkedRole":
        return service_linked_path(
            parameters["AWSServiceName"], parameters.get("CustomSuffix") or ""
        )
    if operation == "GetServiceLinkedRoleDeletionStatus":
        # task/aws-service-role/SERVICE/ROLE/ID
        return "/" + "/".join(parameters["DeletionTaskId"].split("/")[1:4])
    noun = operation.removeprefix("Create")
    return f"{parameters.get('Path') or '/'}{parameters.get(f'{noun}Name', '')}"
