"""Managed policies on users, groups and roles."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from typing import Any, TypeVar

from kennel.services.context import Context
from kennel.services.iam.base import HolderKind, IamBase, key_of
from kennel.services.iam.documents import Group, Holder, Role, User
from kennel.services.iam.errors import (
    InvalidInputException,
    LimitExceededException,
    NoSuchEntityException,
)
from kennel.services.iam.naming import account_and_resource, policy_arn_problem
from kennel.services.iam.paging import page

__all__ = ["AttachmentOperations"]

H = TypeVar("H", bound=Holder)

_MOST_ATTACHED = 10


class AttachmentOperations(IamBase):
    """Attach, detach and list managed policies."""

    def attach_user_policy(self, ctx: Context, *, UserName: str, PolicyArn: str) -> None:
        self._attach(self._users, UserName, PolicyArn)

    def attach_group_policy(self, ctx: Context, *, GroupName: str, PolicyArn: str) -> None:
        self._attach(self._groups, GroupName, PolicyArn)

    def attach_role_policy(self, ctx: Context, *, RoleName: str, PolicyArn: str) -> None:
        self._attach(self._roles, RoleName, PolicyArn)

    def detach_user_policy(self, ctx: Context, *, UserName: str, PolicyArn: str) -> None:
        self._detach(self._users, UserName, PolicyArn)

    def detach_group_policy(self, ctx: Context, *, GroupName: str, PolicyArn: str) -> None:
        self._detach(self._groups, GroupName, PolicyArn)

    def detach_role_policy(self, ctx: Context, *, RoleName: str, PolicyArn: str) -> None:
        self._detach(self._roles, RoleName, PolicyArn)

    def list_attached_user_policies(
        self,
        ctx: Context,
        *,
        UserName: str,
        PathPrefix: str = "/",
        Marker: str | None = None,
        MaxItems: int | None = None,
    ) -> dict[str, Any]:
        return _attached(self._users.get(UserName), PathPrefix, Marker, MaxItems)

    def list_attached_group_policies(
        self,
        ctx: Context,
        *,
        GroupName: str,
        PathPrefix: str = "/",
        Marker: str | None = None,
        MaxItems: int | None = None,
    ) -> dict[str, Any]:
        return _attached(self._groups.get(GroupName), PathPrefix, Marker, MaxItems)

    def list_attached_role_policies(
        self,
        ctx: Context,
        *,
        RoleName: str,
        PathPrefix: str = "/",
        Marker: str | None = None,
        MaxItems: int | None = None,
    ) -> dict[str, Any]:
        return _attached(self._roles.get(RoleName), PathPrefix, Marker, MaxItems)

    def list_entities_for_policy(
        self,
        ctx: Context,
        *,
        PolicyArn: str,
        EntityFilter: str = "",
        PathPrefix: str = "/",
        PolicyUsageFilter: str = "",
        Marker: str | None = None,
        MaxItems: int | None = None,
    ) -> dict[str, Any]:
        def exists(connection: sqlite3.Connection) -> bool:
            return self._policy_exists_in(connection, PolicyArn)

        if not self._database.read(exists):
            raise NoSuchEntityException(f"Policy {PolicyArn} was not found.")
        boundaries = PolicyUsageFilter == "PermissionsBoundary"
        found = [
            (noun, holder)
            for noun, holder in self._all_holders()
            if EntityFilter in ("", noun)
            and holder.path.startswith(PathPrefix)
            and PolicyArn in (_boundary(holder) if boundaries else holder.attached)
        ]
        reply = page(
            "All",
            found,
            lambda item: f"{item[0]}/{key_of(item[1].name)}",
            lambda item: item,
            Marker,
            MaxItems,
        )
        chosen: Sequence[tuple[str, Holder]] = reply.pop("All")
        for noun in ("Group", "Role", "User"):
            reply[f"Policy{noun}s"] = [
                {f"{noun}Name": holder.name, f"{noun}Id": holder.unique_id}
                for kind, holder in chosen
                if kind == noun
            ]
        return reply

    def _all_holders(self) -> Iterator[tuple[str, User | Group | Role]]:
        for user in self._users.all():
            yield "User", user
        for group in self._groups.all():
            yield "Group", group
        for role in self._roles.all():
            yield "Role", role

    def _attach(self, kind: HolderKind[H], name: str, arn: str) -> None:
        _check_arn(arn)

        def change(holder: H) -> None:
            if arn in holder.attached:
                return
            if len(holder.attached) >= _MOST_ATTACHED:
                raise LimitExceededException(
                    f"Cannot exceed quota for PoliciesPer{kind.noun.title()}: {_MOST_ATTACHED}"
                )
            holder.attached.append(arn)

        def work(connection: sqlite3.Connection) -> None:
            if not self._policy_exists_in(connection, arn):
                raise NoSuchEntityException(f"Policy {arn} does not exist or is not attachable.")
            kind.change_in(connection, name, change)

        self._write(work)

    def _detach(self, kind: HolderKind[H], name: str, arn: str) -> None:
        _check_arn(arn)

        def change(holder: H) -> None:
            if arn not in holder.attached:
                raise NoSuchEntityException(f"Policy {arn} was not found.")
            holder.attached.remove(arn)

        self._change(kind, name, change)


def _check_arn(arn: str) -> None:
    problem = policy_arn_problem(arn)
    if problem:
        raise InvalidInputException(problem)


def _boundary(holder: User | Group | Role) -> Sequence[str]:
    return () if isinstance(holder, Group) else (holder.boundary,)


def _attached(
    holder: Holder, path_prefix: str, marker: str | None, max_items: int | None
) -> dict[str, Any]:
    found = [arn for arn in holder.attached if _path(arn).startswith(path_prefix)]
    return page(
        "AttachedPolicies",
        found,
        str,
        lambda arn: {"PolicyName": arn.rpartition("/")[2], "PolicyArn": arn},
        marker,
        max_items,
    )


def _path(policy_arn: str) -> str:
    found = account_and_resource(policy_arn)
    resource = found[1] if found is not None else ""
    return resource.removeprefix("policy").rpartition("/")[0] + "/"
