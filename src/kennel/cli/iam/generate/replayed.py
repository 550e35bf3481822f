"""Recorded calls as they are asked again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime

from kennel.decisions import RecordedDecision
from kennel.policy import AccessRequest, Principal, PrincipalKind

__all__ = ["as_user", "request_of"]

_Values = Mapping[str, tuple[str, ...]]


def request_of(one: RecordedDecision) -> AccessRequest:
    """The recorded call as it is asked again: its facts, and what its principal tells."""
    return AccessRequest(
        one.principal, one.action, one.resource, one.resource_account, _context(one)
    )


def _context(one: RecordedDecision) -> _Values:
    principal = one.principal
    moment = datetime.fromtimestamp(one.last, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    known = {
        "aws:currenttime": (moment,),
        "aws:epochtime": (str(int(one.last)),),
        "aws:principalaccount": (principal.account_id,),
        "aws:principalarn": (principal.role_arn or principal.arn,),
        "aws:principaltype": (str(principal.kind),),
        "aws:resourceaccount": (one.resource_account,),
        "aws:userid": (principal.user_id,),
    }
    if principal.kind is PrincipalKind.USER:
        known["aws:username"] = (principal.arn.rpartition("/")[2],)
    return known | one.facts


def as_user(request: AccessRequest) -> AccessRequest:
    """The root's request as a user's, whom policies bind."""
    if request.principal.kind is not PrincipalKind.ROOT:
        return request
    account = request.principal.account_id
    name = Principal(PrincipalKind.USER, account, f"arn:aws:iam::{account}:user/new", "AIDANEW")
    return replace(request, principal=name)
