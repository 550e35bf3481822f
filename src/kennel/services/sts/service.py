"""The AWS Security Token Service: who the caller is, and sessions that act as somebody."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from kennel.identity import Credentials, PrincipalKind
from kennel.identity.key_ids import account_of_key_id
from kennel.policy import PolicyKind
from kennel.services.access import Access
from kennel.services.access_rules import AccessRules, need
from kennel.services.context import Context
from kennel.services.iam.policy_texts import checked_policy
from kennel.services.roles import Role, role_directory
from kennel.services.service import Service
from kennel.services.sts.errors import (
    AccessDenied,
    PackedPolicyTooLargeException,
    ValidationError,
)

__all__ = ["Sts"]

_ROLE_ARN = re.compile(r"arn:aws:iam::[0-9]{12}:role/.+", re.DOTALL)
_DEFAULT_ROLE_SECONDS = 3_600
_CHAINED_SECONDS = 3_600  # a role's session may assume another role for an hour at most
_ROOT_SECONDS = 3_600
_DEFAULT_TOKEN_SECONDS = 43_200
_POLICY_LIMIT = 2_048  # characters of all session policies together

_RULES = AccessRules(
    "sts",
    {
        "AssumeRole": (
            need(
                "AssumeRole",
                "{RoleArn}",
                tags="Tags",
                keys={"sts:RoleSessionName": "RoleSessionName", "sts:ExternalId": "ExternalId"},
            ),
            need("TagSession", "{RoleArn}", tags="Tags", when="Tags"),
        ),
        "GetAccessKeyInfo": (need("GetAccessKeyInfo"),),
        # No policy can forbid these ("GetCallerIdentity", "GetSessionToken" of the API reference).
        "GetCallerIdentity": (),
        "GetSessionToken": (),
    },
)


class Sts(Service):
    """AWS STS."""

    name: ClassVar[str] = "sts"

    @property
    def actions(self) -> frozenset[str]:
        return _RULES.actions

    def accesses(
        self, ctx: Context, operation: str, parameters: Mapping[str, Any]
    ) -> tuple[Access, ...]:
        return _RULES.accesses(ctx, operation, parameters)

    def resource_policy(self, arn: str) -> str:
        """A role's trust policy, which the IAM service keeps."""
        iam = self.parts.dispatcher.service("iam")
        return "" if iam is None else iam.resource_policy(arn)

    def resource_tags(self, arn: str) -> Mapping[str, str]:
        """A role's; the IAM service keeps them."""
        iam = self.parts.dispatcher.service("iam")
        return {} if iam is None else iam.resource_tags(arn)

    def get_caller_identity(self, ctx: Context) -> dict[str, Any]:
        caller = ctx.principal
        return {"UserId": caller.user_id, "Account": caller.account_id, "Arn": caller.arn}

    def get_access_key_info(self, ctx: Context, *, AccessKeyId: str) -> dict[str, Any]:
        account = account_of_key_id(AccessKeyId)
        if account is None:
            raise ValidationError(f"{AccessKeyId} is not an access key id.")
        return {"Account": account}

    def assume_role(
        self,
        ctx: Context,
        *,
        RoleArn: str,
        RoleSessionName: str,
        PolicyArns: Sequence[Mapping[str, str]] = (),
        Policy: str = "",
        DurationSeconds: int | None = None,
        Tags: Sequence[Mapping[str, str]] = (),
        ExternalId: str = "",
    ) -> dict[str, Any]:
        # Trust policy, external id and tags: the authorize step has asked them.
        # AWS refuses this to the account's root ("Roles may not be assumed by root accounts").
        # Here root is whom `kennel env` makes of everybody, so the trust policy alone decides.
        if not _ROLE_ARN.fullmatch(RoleArn):
            raise ValidationError(f"{RoleArn} is invalid")
        arns = [item["arn"] for item in PolicyArns]
        _check_session_policies(Policy, arns)
        role = role_directory(ctx).find_role(RoleArn)
        if role is None:  # as a role whose trust policy does not let the caller in
            raise AccessDenied(
                f"User: {ctx.principal.arn} is not authorized to perform: sts:AssumeRole "
                f"on resource: {RoleArn}"
            )
        seconds = _role_seconds(ctx, role, DurationSeconds)
        credentials = self.parts.credentials.issue_session(
            role.principal(RoleSessionName),
            seconds,
            policy=Policy,
            policy_arns=arns,
            tags={tag["Key"]: tag["Value"] for tag in Tags},
        )
        principal = credentials.principal
        reply: dict[str, Any] = {
            "Credentials": _shown(credentials),
            "AssumedRoleUser": {"AssumedRoleId": principal.user_id, "Arn": principal.arn},
        }
        if Policy or arns:
            packed = len(Policy) + sum(len(arn) for arn in arns)
            reply["PackedPolicySize"] = max(1, 100 * packed // _POLICY_LIMIT)
        return reply

    def get_session_token(
        self, ctx: Context, *, DurationSeconds: int = _DEFAULT_TOKEN_SECONDS
    ) -> dict[str, Any]:
        caller = ctx.principal
        if caller.kind not in (PrincipalKind.ROOT, PrincipalKind.USER):
            raise AccessDenied("Cannot call GetSessionToken with session credentials")
        seconds = DurationSeconds
        if caller.kind is PrincipalKind.ROOT:
            seconds = min(seconds, _ROOT_SECONDS)
        return {"Credentials": _shown(self.parts.credentials.issue_session(caller, seconds))}


def _role_seconds(ctx: Context, role: Role, asked: int | None) -> int:
    if asked is None:
        return min(_DEFAULT_ROLE_SECONDS, role.max_session_seconds)
    if asked > role.max_session_seconds:
        raise ValidationError(
            "The requested DurationSeconds exceeds the MaxSessionDuration set for this role."
        )
    if ctx.principal.kind is PrincipalKind.ASSUMED_ROLE and asked > _CHAINED_SECONDS:
        raise ValidationError(
            "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by "
            "role chaining"
        )
    return asked


def _check_session_policies(policy: str, arns: Sequence[str]) -> None:
    if policy:
        checked_policy(policy, PolicyKind.IDENTITY)
    packed = len(policy) + sum(len(arn) for arn in arns)
    if packed > _POLICY_LIMIT:
        raise PackedPolicyTooLargeException(
            f"Packed policy consumes {100 * packed // _POLICY_LIMIT}% of allotted space, "
            "please use smaller policy."
        )


def _shown(credentials: Credentials) -> dict[str, Any]:
    return {
        "AccessKeyId": credentials.access_key_id,
        "SecretAccessKey": credentials.secret_access_key,
        "SessionToken": credentials.session_token,
        "Expiration": credentials.expires,
    }
