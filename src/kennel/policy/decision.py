"""The order in which policies decide.

Source: "Policy evaluation logic" and "Cross-account policy evaluation logic" in the IAM user guide.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from kennel.policy.grants import Grant, binds, grant_of
from kennel.policy.policies import (
    Entry,
    MatchedStatement,
    NamedPolicy,
    Policies,
    PolicySet,
    PolicyType,
)
from kennel.policy.principal import Principal, PrincipalKind
from kennel.policy.request import AccessRequest

__all__ = ["Decision", "decide"]

# Amazon S3 API reference, PutBucketPolicy: the root of a bucket's owner is never locked out.
_NEVER_LOCKED_OUT = frozenset({"s3:getbucketpolicy", "s3:putbucketpolicy", "s3:deletebucketpolicy"})

_EVERY_ACCOUNTS = "aws"  # the owner of AWS's managed policies, which are every account's


@dataclass(frozen=True, slots=True)
class Decision:
    """The answer. Of a denial: `explicit` if a Deny says so, `by` the kind of policy that denies,
    or in which the Allow is missing. `statements` are those that denied, or that allowed."""

    allowed: bool
    explicit: bool = False
    by: PolicyType | None = None
    statements: tuple[MatchedStatement, ...] = ()


def decide(request: AccessRequest, policies: Policies) -> Decision:
    """What the policies say to the request."""
    caller = request.principal
    foreign = request.resource_account not in ("", _EVERY_ACCOUNTS, caller.account_id)
    identity = _matching(policies.identity, request)
    boundary = _matching(policies.boundary, request)
    session = _matching(policies.session, request)
    resource = _matching(policies.resource, request)
    for matches in (identity, boundary, session):
        denying = _effect(matches or (), allow=False)
        if denying:
            return _denied(denying)
    bounded = boundary is not None
    denying = tuple(one.match for one in resource or () if _denies(one, request, foreign, bounded))
    if denying:
        return _denied(denying)

    grant, by_resource = _granted(resource or (), caller)
    missing = PolicyType.TRUST if policies.resource_must_allow else PolicyType.RESOURCE
    if policies.resource_must_allow and not by_resource:
        return Decision(False, by=missing)
    if caller.kind in (PrincipalKind.SERVICE, PrincipalKind.ANONYMOUS):
        return Decision(True, statements=by_resource) if grant else Decision(False, by=missing)
    if grant is Grant.DIRECT and not foreign:
        return Decision(True, statements=by_resource)

    by_identity = _effect(identity or (), allow=True)
    needs_identity = caller.kind is not PrincipalKind.ROOT and (foreign or grant < Grant.ROLE)
    if needs_identity and not by_identity:
        return Decision(False, by=PolicyType.IDENTITY)
    if boundary is not None and not _effect(boundary, allow=True):
        return Decision(False, by=PolicyType.BOUNDARY)
    if session is not None and not _effect(session, allow=True):
        return Decision(False, by=PolicyType.SESSION)
    if foreign and not by_resource:
        return Decision(False, by=missing)
    return Decision(True, statements=by_resource + by_identity)


_Source = PolicySet | Sequence[NamedPolicy] | NamedPolicy | None


def _matching(source: _Source, request: AccessRequest) -> Sequence[Entry] | None:
    """The statements that fit, whatever their effect; None where there is no such policy."""
    if source is None:
        return None
    if isinstance(source, NamedPolicy):
        source = (source,)
    return PolicySet.of(source).matching(request)


def _effect(matches: Sequence[Entry], *, allow: bool) -> tuple[MatchedStatement, ...]:
    return tuple(one.match for one in matches if one.read.statement.allow is allow)


def _denied(statements: tuple[MatchedStatement, ...]) -> Decision:
    return Decision(False, True, statements[0].policy.type, statements)


def _denies(entry: Entry, request: AccessRequest, foreign: bool, bounded: bool) -> bool:
    statement = entry.read.statement
    if statement.allow or not binds(statement, request.principal, bounded=bounded):
        return False
    owner = request.principal.kind is PrincipalKind.ROOT and not foreign
    return not (owner and request.action.lower() in _NEVER_LOCKED_OUT)


def _granted(
    matches: Sequence[Entry], caller: Principal
) -> tuple[Grant, tuple[MatchedStatement, ...]]:
    """The most that the resource's policy grants, and the statements that grant anything."""
    grants = [
        (grant, one.match)
        for one in matches
        if one.read.statement.allow and (grant := grant_of(one.read.statement, caller))
    ]
    most = max((grant for grant, _ in grants), default=Grant.NONE)
    return most, tuple(match for _, match in grants)
