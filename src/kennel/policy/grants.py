"""Whom a resource's policy names, and how much an Allow is worth to them.

Sources: "AWS JSON policy elements: Principal" and "NotPrincipal", and the table "Resource-based
policies and implicit denies in other policy types" in "Policy evaluation logic".
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import IntEnum

from kennel.policy.grammar import Statement
from kennel.policy.principal import Principal, PrincipalKind

__all__ = ["Grant", "binds", "grant_of"]

_Principals = Mapping[str, tuple[str, ...]]


class Grant(IntEnum):
    """What a resource policy's Allow leaves to the caller's own policies, most first.

    ACCOUNT: it names the caller's account, which delegates: its identity policies decide. ROLE: it
    names the role behind the session: a boundary and session policies still limit it. DIRECT: it
    names the user, the session, the service or everybody: nothing else is needed.
    """

    NONE = 0
    ACCOUNT = 1
    ROLE = 2
    DIRECT = 3


def grant_of(statement: Statement, caller: Principal) -> Grant:
    """How an allowing statement of a resource's policy names the caller."""
    if statement.not_principals:
        named = _names_any(statement.not_principals, caller)
        return Grant.NONE if named else Grant.DIRECT
    principals = statement.principals
    if "*" in principals:
        return Grant.DIRECT
    if caller.kind is PrincipalKind.SERVICE:
        return Grant.DIRECT if caller.arn in principals.get("Service", ()) else Grant.NONE
    names = principals.get("AWS", ())
    return max((_grant(name, caller) for name in names), default=Grant.NONE)


def binds(statement: Statement, caller: Principal, *, bounded: bool) -> bool:
    """Whether a denying statement of a resource's policy is for the caller.

    NotPrincipal spares only whom it names whole: the user and its account, or the session, its role
    and their account. It spares nobody who has a permissions boundary (`bounded`): "Permissions
    boundaries for IAM entities" in the IAM user guide.
    """
    if statement.not_principals:
        return bounded or not _names_whole(statement.not_principals, caller)
    return bool(statement.principals) and _names_any(statement.principals, caller)


def _grant(name: str, caller: Principal) -> Grant:
    if name == "*":
        return Grant.DIRECT
    if caller.kind is PrincipalKind.ANONYMOUS:
        return Grant.NONE
    if name in _account_names(caller):
        return Grant.DIRECT if caller.kind is PrincipalKind.ROOT else Grant.ACCOUNT
    if caller.role_arn:
        if name == caller.arn:
            return Grant.DIRECT
        return Grant.ROLE if name in _role_names(caller) else Grant.NONE
    return Grant.DIRECT if name in (caller.arn, caller.user_id) else Grant.NONE


def _account_names(caller: Principal) -> tuple[str, str]:
    return caller.account_id, f"arn:aws:iam::{caller.account_id}:root"


def _role_names(caller: Principal) -> tuple[str, str]:
    return caller.role_arn, caller.user_id.partition(":")[0]


def _names_any(principals: _Principals, caller: Principal) -> bool:
    if "*" in principals:
        return True
    if caller.kind is PrincipalKind.SERVICE:
        return caller.arn in principals.get("Service", ())
    return any(_grant(name, caller) is not Grant.NONE for name in principals.get("AWS", ()))


def _names_whole(principals: _Principals, caller: Principal) -> bool:
    if "*" in principals:
        return True
    if caller.kind is PrincipalKind.SERVICE:
        return caller.arn in principals.get("Service", ())
    names = set(principals.get("AWS", ()))
    if "*" in names:
        return True
    if caller.kind is PrincipalKind.ANONYMOUS or names.isdisjoint(_account_names(caller)):
        return False
    if caller.kind is PrincipalKind.ROOT:
        return True
    if caller.role_arn and names.isdisjoint(_role_names(caller)):
        return False
    return caller.arn in names or (not caller.role_arn and caller.user_id in names)
