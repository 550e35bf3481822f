"""The order in which policies decide.

Source: "Policy evaluation logic" in the IAM user guide.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

from kennel.policy.conditions import conditions_hold
from kennel.policy.grammar import PolicyDocument, Statement
from kennel.policy.matching import is_like, names_principal
from kennel.policy.principal import PrincipalKind
from kennel.policy.request import AccessRequest

__all__ = ["Decision", "MatchedStatement", "NamedPolicy", "Policies", "PolicyType", "decide"]


class PolicyType(StrEnum):
    """Kinds of policies, as AWS's denials word them."""

    IDENTITY = "identity-based policy"
    RESOURCE = "resource-based policy"
    BOUNDARY = "permissions boundary"
    SESSION = "session policy"


@dataclass(frozen=True, slots=True)
class NamedPolicy:
    """A policy and where it stands: `name` is a managed policy's ARN or an inline policy's name,
    `holder` the ARN of the user, group, role or resource that carries it."""

    type: PolicyType
    name: str
    holder: str
    document: PolicyDocument


@dataclass(frozen=True, slots=True)
class Policies:
    """All that bears on one request.

    `session` is None where nothing narrows the session. `resource` is the resource's own policy; a
    role's trust policy stands there too, with `resource_must_allow`: without its Allow nobody gets
    in, whatever the identity side says.
    """

    identity: Sequence[NamedPolicy] = ()
    boundary: NamedPolicy | None = None
    session: Sequence[NamedPolicy] | None = None
    resource: NamedPolicy | None = None
    resource_must_allow: bool = False


@dataclass(frozen=True, slots=True)
class MatchedStatement:
    """A statement that decided; `index` counts from 0."""

    policy: NamedPolicy
    index: int


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
    every = [*policies.identity, *(policies.session or ())]
    every += [policy for policy in (policies.boundary, policies.resource) if policy is not None]
    for policy in every:
        denying = tuple(_matching(request, policy, allow=False))
        if denying:
            return Decision(False, True, policy.type, denying)
    by_resource = () if policies.resource is None else _allows(request, [policies.resource])
    if policies.resource_must_allow and not by_resource:
        return Decision(False, False, PolicyType.RESOURCE)
    by_identity = _allows(request, policies.identity)
    if request.principal.kind is not PrincipalKind.ROOT and not (by_resource or by_identity):
        return Decision(False, False, PolicyType.IDENTITY)
    if policies.boundary is not None and not _allows(request, [policies.boundary]):
        return Decision(False, False, PolicyType.BOUNDARY)
    if policies.session is not None and not _allows(request, policies.session):
        return Decision(False, False, PolicyType.SESSION)
    return Decision(True, statements=by_resource + by_identity)


def _allows(
    request: AccessRequest, policies: Sequence[NamedPolicy]
) -> tuple[MatchedStatement, ...]:
    return tuple(one for policy in policies for one in _matching(request, policy, allow=True))


def _matching(
    request: AccessRequest, policy: NamedPolicy, *, allow: bool
) -> Iterator[MatchedStatement]:
    for index, statement in enumerate(policy.document.statements):
        if statement.allow is allow and _fits(request, statement):
            yield MatchedStatement(policy, index)


def _fits(request: AccessRequest, statement: Statement) -> bool:
    action = request.action.lower()
    actions = statement.actions or statement.not_actions
    if any(is_like(action, one.lower()) for one in actions) is not bool(statement.actions):
        return False
    resources = statement.resources or statement.not_resources
    if resources and (
        any(is_like(request.resource, one) for one in resources) is not bool(statement.resources)
    ):
        return False
    if statement.principals and not names_principal(statement.principals, request.principal):
        return False
    if statement.not_principals and names_principal(statement.not_principals, request.principal):
        return False
    return conditions_hold(statement.conditions, request.context)
