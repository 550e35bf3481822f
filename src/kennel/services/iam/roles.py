"""Roles and their trust policies."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from kennel.identity import Credentials, Principal
from kennel.policy import PolicyKind
from kennel.services import roles as shared
from kennel.services.context import Context
from kennel.services.iam.base import (
    IamBase,
    key_of,
    shown_boundary,
    shown_document,
    shown_tags,
)
from kennel.services.iam.documents import Role
from kennel.services.iam.errors import (
    DeleteConflictException,
    EntityAlreadyExistsException,
    LimitExceededException,
    MalformedPolicyDocumentException,
)
from kennel.services.iam.naming import account_and_resource, new_unique_id
from kennel.services.iam.paging import page
from kennel.services.iam.policy_texts import checked_policy
from kennel.services.iam.tagging import merged_tags, without_tags
from kennel.services.iam.trust import trusts

__all__ = ["RoleOperations", "shown_role"]

_TRUST_LIMIT = 2_048  # characters without blanks, the default quota


class RoleOperations(IamBase):
    """Create, read, change and delete roles; and what other services ask in process."""

    def create_role(
        self,
        ctx: Context,
        *,
        RoleName: str,
        AssumeRolePolicyDocument: str,
        Path: str = "/",
        Description: str = "",
        MaxSessionDuration: int = 3600,
        PermissionsBoundary: str = "",
        Tags: Sequence[Mapping[str, str]] = (),
    ) -> dict[str, Any]:
        role = Role(
            name=RoleName,
            path=Path,
            unique_id=new_unique_id("AROA"),
            arn=self._arn("role", Path, RoleName),
            created=self._now(),
            trust_policy=AssumeRolePolicyDocument,
            description=Description,
            max_session_seconds=MaxSessionDuration,
            tags=merged_tags({}, Tags),
            boundary=PermissionsBoundary,
        )

        def work(connection: sqlite3.Connection) -> None:
            self._check_trust_in(connection, AssumeRolePolicyDocument)
            self._check_boundary_in(connection, PermissionsBoundary)
            if not self._roles.collection.add_in(connection, key_of(RoleName), role):
                raise EntityAlreadyExistsException(f"Role with name {RoleName} already exists.")

        self._write(work)
        return {"Role": shown_role(role)}

    def get_role(self, ctx: Context, *, RoleName: str) -> dict[str, Any]:
        role = self._roles.get(RoleName)
        return {"Role": shown_role(role) | {"RoleLastUsed": self._last_used(role)}}

    def _last_used(self, role: Role) -> dict[str, Any]:
        """Empty for a role that never asked for anything."""
        times = self._last_uses(role).values()
        return {"LastUsedDate": max(times), "Region": self.parts.region} if times else {}

    def list_roles(
        self,
        ctx: Context,
        *,
        PathPrefix: str = "/",
        Marker: str | None = None,
        MaxItems: int | None = None,
    ) -> dict[str, Any]:
        found = [role for role in self._roles.all() if role.path.startswith(PathPrefix)]
        return page("Roles", found, lambda role: key_of(role.name), _listed, Marker, MaxItems)

    def update_role(
        self,
        ctx: Context,
        *,
        RoleName: str,
        Description: str | None = None,
        MaxSessionDuration: int | None = None,
    ) -> None:
        def change(role: Role) -> None:
            if Description is not None:
                role.description = Description
            if MaxSessionDuration is not None:
                role.max_session_seconds = MaxSessionDuration

        self._change(self._roles, RoleName, change)

    def update_role_description(
        self, ctx: Context, *, RoleName: str, Description: str
    ) -> dict[str, Any]:
        self.update_role(ctx, RoleName=RoleName, Description=Description)
        return {"Role": shown_role(self._roles.get(RoleName))}

    def update_assume_role_policy(
        self, ctx: Context, *, RoleName: str, PolicyDocument: str
    ) -> None:
        def change(role: Role) -> None:
            role.trust_policy = PolicyDocument

        def work(connection: sqlite3.Connection) -> None:
            self._check_trust_in(connection, PolicyDocument)
            self._roles.change_in(connection, RoleName, change)

        self._write(work)

    def delete_role(self, ctx: Context, *, RoleName: str) -> None:
        def work(connection: sqlite3.Connection) -> None:
            self._roles.change_in(connection, RoleName, lambda role: None)  # may it be changed?
            role = self._roles.get_in(connection, RoleName)
            profiles = self._profiles.list_in(connection)
            if any(key_of(profile.role) == key_of(role.name) for _, profile in profiles):
                raise DeleteConflictException(
                    "Cannot delete entity, must remove roles from instance profile first."
                )
            if role.inline:
                raise DeleteConflictException("Cannot delete entity, must delete policies first.")
            if role.attached:
                raise DeleteConflictException(
                    "Cannot delete entity, must detach all policies first."
                )
            self._roles.collection.delete_in(connection, key_of(RoleName))

        self._write(work)

    def tag_role(self, ctx: Context, *, RoleName: str, Tags: Sequence[Mapping[str, str]]) -> None:
        def change(role: Role) -> None:
            role.tags = merged_tags(role.tags, Tags)

        self._change(self._roles, RoleName, change)

    def untag_role(self, ctx: Context, *, RoleName: str, TagKeys: Sequence[str]) -> None:
        def change(role: Role) -> None:
            role.tags = without_tags(role.tags, TagKeys)

        self._change(self._roles, RoleName, change)

    def list_role_tags(
        self,
        ctx: Context,
        *,
        RoleName: str,
        Marker: str | None = None,
        MaxItems: int | None = None,
    ) -> dict[str, Any]:
        tags = shown_tags(self._roles.get(RoleName).tags)
        return page("Tags", tags, lambda tag: tag["Key"], dict, Marker, MaxItems)

    def find_role(self, role_arn: str) -> shared.Role | None:
        """For `kennel.services.roles`."""
        found = account_and_resource(role_arn)
        if found is None:
            return None
        role = self._roles.collection.get(key_of(found[1].rpartition("/")[2]))
        if role is None or role.arn != role_arn:
            return None
        return shared.Role(
            name=role.name,
            arn=role.arn,
            role_id=role.unique_id,
            account_id=self.parts.account_id,
            trust_policy=role.trust_policy,
            max_session_seconds=role.max_session_seconds,
        )

    def role_trusts(self, role: shared.Role, caller: Principal, facts: Mapping[str, str]) -> bool:
        """For `kennel.services.roles`."""
        moment = time.time()
        now = datetime.fromtimestamp(moment, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        known = {"aws:CurrentTime": now, "aws:EpochTime": str(int(moment)), **facts}
        return trusts(role.trust_policy, caller, known)

    def issue_role_session(
        self, role: shared.Role, session_name: str, seconds: float
    ) -> Credentials:
        """For `kennel.services.roles`."""
        return self.parts.credentials.issue_session(role.principal(session_name), seconds)

    def _check_trust_in(self, connection: sqlite3.Connection, text: str) -> None:
        """Raises MalformedPolicyDocumentException, also for users and roles of this account that
        do not exist; LimitExceededException for a text that is too long."""
        document = checked_policy(text, PolicyKind.TRUST)
        if len("".join(text.split())) > _TRUST_LIMIT:
            raise LimitExceededException(f"Cannot exceed quota for ACLSizePerRole: {_TRUST_LIMIT}")
        for statement in document.statements:
            for principals in (statement.principals, statement.not_principals):
                for name in principals.get("AWS", ()):
                    if not self._known_principal_in(connection, name):
                        raise MalformedPolicyDocumentException(
                            f'Invalid principal in policy: "AWS":"{name}"'
                        )

    def knows_principal(self, arn: str) -> bool:
        """For `kennel.services.roles`."""
        return self.parts.database.read(
            lambda connection: self._known_principal_in(connection, arn)
        )

    def _known_principal_in(self, connection: sqlite3.Connection, arn: str) -> bool:
        found = account_and_resource(arn)
        if found is None or found[0] != self.parts.account_id:
            return True  # an account id, a session, or somebody else's business
        kind, _, rest = found[1].partition("/")
        name = key_of(rest.rpartition("/")[2])
        if kind == "user":
            return self._users.collection.get_in(connection, name) is not None
        if kind == "role":
            return self._roles.collection.get_in(connection, name) is not None
        return kind == "root"


def _listed(role: Role) -> dict[str, Any]:
    shown: dict[str, Any] = {
        "Path": role.path,
        "RoleName": role.name,
        "RoleId": role.unique_id,
        "Arn": role.arn,
        "CreateDate": role.created,
        "AssumeRolePolicyDocument": shown_document(role.trust_policy),
        "MaxSessionDuration": role.max_session_seconds,
    }
    if role.description:
        shown["Description"] = role.description
    if role.boundary:
        shown["PermissionsBoundary"] = shown_boundary(role.boundary)
    return shown


def shown_role(role: Role) -> dict[str, Any]:
    """A role as Create and Get answer it."""
    shown = _listed(role)
    if role.tags:
        shown["Tags"] = shown_tags(role.tags)
    return shown
