"""Inline policies of users, groups and roles."""

from __future__ import annotations

from typing import Any, TypeVar

from kennel.policy import PolicyKind
from kennel.services.context import Context
from kennel.services.iam.base import HolderKind, IamBase, shown_document
from kennel.services.iam.documents import Holder
from kennel.services.iam.errors import LimitExceededException, NoSuchEntityException
from kennel.services.iam.paging import page
from kennel.services.iam.policy_texts import checked_policy

__all__ = ["InlinePolicyOperations"]

H = TypeVar("H", bound=Holder)


class InlinePolicyOperations(IamBase):
    """Put, get, list and delete inline policies."""

    def put_user_policy(
        self, ctx: Context, *, UserName: str, PolicyName: str, PolicyDocument: str
    ) -> None:
        self._put(self._users, UserName, PolicyName, PolicyDocument)

    def put_group_policy(
        self, ctx: Context, *, GroupName: str, PolicyName: str, PolicyDocument: str
    ) -> None:
        self._put(self._groups, GroupName, PolicyName, PolicyDocument)

    def put_role_policy(
        self, ctx: Context, *, RoleName: str, PolicyName: str, PolicyDocument: str
    ) -> None:
        self._put(self._roles, RoleName, PolicyName, PolicyDocument)

    def get_user_policy(self, ctx: Context, *, UserName: str, PolicyName: str) -> dict[str, Any]:
        return {"UserName": UserName} | _found(self._users, UserName, PolicyName)

    def get_group_policy(self, ctx: Context, *, GroupName: str, PolicyName: str) -> dict[str, Any]:
        return {"GroupName": GroupName} | _found(self._groups, GroupName, PolicyName)

    def get_role_policy(self, ctx: Context, *, RoleName: str, PolicyName: str) -> dict[str, Any]:
        return {"RoleName": RoleName} | _found(self._roles, RoleName, PolicyName)

    def list_user_policies(
        self,
        ctx: Context,
        *,
        UserName: str,
        Marker: str | None = None,
        MaxItems: int | None = None,
    ) -> dict[str, Any]:
        return _names(self._users, UserName, Marker, MaxItems)

    def list_group_policies(
        self,
        ctx: Context,
        *,
        GroupName: str,
        Marker: str | None = None,
        MaxItems: int | None = None,
    ) -> dict[str, Any]:
        return _names(self._groups, GroupName, Marker, MaxItems)

    def list_role_policies(
        self,
        ctx: Context,
        *,
        RoleName: str,
        Marker: str | None = None,
        MaxItems: int | None = None,
    ) -> dict[str, Any]:
        return _names(self._roles, RoleName, Marker, MaxItems)

    def delete_user_policy(self, ctx: Context, *, UserName: str, PolicyName: str) -> None:
        self._delete(self._users, UserName, PolicyName)

    def delete_group_policy(self, ctx: Context, *, GroupName: str, PolicyName: str) -> None:
        self._delete(self._groups, GroupName, PolicyName)

    def delete_role_policy(self, ctx: Context, *, RoleName: str, PolicyName: str) -> None:
        self._delete(self._roles, RoleName, PolicyName)

    def _put(self, kind: HolderKind[H], name: str, policy_name: str, document: str) -> None:
        checked_policy(document, PolicyKind.IDENTITY)

        def change(holder: H) -> None:
            policies = holder.inline | {policy_name: document}
            size = sum(len("".join(text.split())) for text in policies.values())
            if size > kind.inline_limit:
                raise LimitExceededException(
                    f"Maximum policy size of {kind.inline_limit} bytes exceeded for "
                    f"{kind.noun} {name}"
                )
            holder.inline = policies

        self._change(kind, name, change)

    def _delete(self, kind: HolderKind[H], name: str, policy_name: str) -> None:
        def change(holder: H) -> None:
            if holder.inline.pop(policy_name, None) is None:
                raise _missing(kind, policy_name)

        self._change(kind, name, change)


def _found(kind: HolderKind[H], name: str, policy_name: str) -> dict[str, Any]:
    document = kind.get(name).inline.get(policy_name)
    if document is None:
        raise _missing(kind, policy_name)
    return {"PolicyName": policy_name, "PolicyDocument": shown_document(document)}


def _names(
    kind: HolderKind[H], name: str, marker: str | None, max_items: int | None
) -> dict[str, Any]:
    return page("PolicyNames", kind.get(name).inline, str, str, marker, max_items)


def _missing(kind: HolderKind[H], policy_name: str) -> NoSuchEntityException:
    return NoSuchEntityException(f"The {kind.noun} policy with name {policy_name} cannot be found.")
