"""Roles as other services use them: may this role be passed to me, and who acts as it.

The IAM service keeps the roles; services that run work for a role reach them through these
functions and need not know it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from kennel.identity import Credentials, Principal
from kennel.services.context import Context

__all__ = [
    "Role",
    "RoleDirectory",
    "RoleNotPassable",
    "pass_role",
    "role_directory",
    "role_principal",
    "role_session",
    "trusting_role",
]


class RoleNotPassable(Exception):
    """The role is not there, or does not let the service assume it. `reason` is a sentence that
    says which; the caller gives it in an error of its own service."""

    def __init__(self, role_arn: str, reason: str) -> None:
        super().__init__(reason)
        self.role_arn = role_arn
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Role:
    """A role as it stands now. `max_session_seconds` bounds AssumeRole, not a service's own use."""

    name: str
    arn: str
    role_id: str
    account_id: str
    trust_policy: str
    max_session_seconds: int

    def principal(self, session_name: str) -> Principal:
        """Who acts in a session of the role, e.g. under the name of the job that it is for."""
        return Principal.role_session(
            self.account_id, self.name, self.role_id, self.arn, session_name
        )


@runtime_checkable
class RoleDirectory(Protocol):
    """What the IAM service answers in process."""

    def find_role(self, role_arn: str) -> Role | None:
        """The role of that ARN, if it is in this account."""

    def role_trusts(self, role: Role, caller: Principal, facts: Mapping[str, str]) -> bool:
        """Whether the role's trust policy lets the caller assume it. `facts` are values of
        condition keys, e.g. `{"sts:ExternalId": "…"}`."""

    def knows_principal(self, arn: str) -> bool:
        """Whether a principal of a policy may be there: of this account, a user or role must; of
        sessions and other accounts nothing is known."""

    def issue_role_session(self, role: Role, session_name: str, seconds: float) -> Credentials:
        """Temporary credentials that act as the role."""


def role_directory(context: Context) -> RoleDirectory:
    """The plane's IAM service. Raises RuntimeError where a plane was put together without one."""
    service: object = context.dispatcher.service("iam")
    if not isinstance(service, RoleDirectory):
        raise RuntimeError("this plane has no IAM service, so no roles")
    return service


def pass_role(
    context: Context, role_arn: str, service_principal: str, source_arn: str = ""
) -> Role:
    """Checks what iam:PassRole checks when a caller hands a role to a service.

    `service_principal` is the service's DNS name (`lambda.amazonaws.com`). The context's principal
    must be allowed iam:PassRole; the role must be in this account and its trust policy must let
    the service assume it, for the resource `source_arn` if that is known yet (aws:SourceArn).
    Raises AccessDeniedException or RoleNotPassable.
    """
    context.dispatcher.authorize(
        context, "iam", "PassRole", {"RoleArn": role_arn, "PassedToService": service_principal}
    )
    return trusting_role(context, role_arn, service_principal, source_arn)


def trusting_role(
    context: Context, role_arn: str, service_principal: str, source_arn: str = ""
) -> Role:
    """The role, if it is there and its trust policy lets the service assume it for a resource; for
    one that has no ARN yet, a condition on aws:SourceArn may mean it. Raises RoleNotPassable."""
    role = _found(context, role_arn)
    caller = Principal.service(context.account_id, service_principal)
    facts = {"aws:SourceArn": source_arn} if source_arn else {}
    if not role_directory(context).role_trusts(role, caller, facts):
        whom = f"{service_principal} assume it" + (f" for {source_arn}" if source_arn else "")
        raise RoleNotPassable(
            role_arn,
            f"The trust policy of the role {role_arn} does not let {whom}. "
            f'Allow sts:AssumeRole to {{"Service": "{service_principal}"}} there.',
        )
    return role


def role_principal(context: Context, role_arn: str, session_name: str) -> Principal:
    """Who acts for the role in a session of that name, for `context.call(principal=…)`.

    Raises RoleNotPassable if the role is gone.
    """
    return _found(context, role_arn).principal(session_name)


def role_session(
    context: Context,
    role_arn: str,
    service_principal: str,
    session_name: str,
    seconds: float,
    *,
    source_arn: str,
) -> Credentials:
    """Credentials of the role for a process that the service runs for a resource, valid for
    `seconds` of wall time.

    Costs a row in the next group commit. Raises RoleNotPassable if the role is gone or does not
    let the service assume it any more.
    """
    role = trusting_role(context, role_arn, service_principal, source_arn)
    return role_directory(context).issue_role_session(role, session_name, seconds)


def _found(context: Context, role_arn: str) -> Role:
    role = role_directory(context).find_role(role_arn)
    if role is None:
        raise RoleNotPassable(
            role_arn,
            f"The role {role_arn} does not exist in account {context.account_id}. "
            "Create it, or give the ARN of one that exists.",
        )
    return role
