"""The authorize step: on the way of every call, over the wire or between services.

The service says what the call needs (`Service.accesses`), IAM what the caller carries, the
resource what it carries itself; `kennel.policy` decides, and a recorder hears of it. A decision on
which no condition bears is kept until IAM changes; any other costs what `decide` costs.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import lru_cache
from typing import Any

from kennel.auth.condition_keys import RequestKeys, account_of, service_of
from kennel.auth.denials import denial
from kennel.decisions import DecisionRecorder
from kennel.identity import Principal, PrincipalKind
from kennel.policy import (
    AccessRequest,
    Decision,
    NamedPolicy,
    Policies,
    PolicyKind,
    PolicySet,
    PolicyType,
    decide,
)
from kennel.services import Access, Context
from kennel.services.iam import HeldPolicies, PrincipalPolicies, read_policy

__all__ = ["IamMode", "PolicyAuthorizer"]

_MOST_HOLDERS = 2_048
_MOST_DECISIONS = 4_096  # for each of them
_ALLOW_ALL = read_policy('{"Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}}')
_EVERYTHING = PolicySet((NamedPolicy(PolicyType.IDENTITY, "", "", _ALLOW_ALL),))


class IamMode(StrEnum):
    """What becomes of a denial: it is one; it is recorded and the call goes on; nobody asks."""

    ENFORCE = "enforce"
    OBSERVE = "observe"
    OFF = "off"


@dataclass(frozen=True, slots=True)
class _Held:
    """What a principal carries as of `version`, and decisions that depend on nothing else, by
    action and resource."""

    version: object
    policies: HeldPolicies
    decided: dict[tuple[str, str], Decision] = field(default_factory=dict)


class PolicyAuthorizer:
    """Lets policies decide. Safe to use from many threads.

    Whatever the mode, the anonymous caller gets in only where a resource's policy lets everybody
    in, and a role's session starts only where its trust policy allows it.
    """

    def __init__(
        self,
        mode: IamMode,
        recorder: DecisionRecorder | None = None,
        wall: Callable[[], float] = time.time,
    ) -> None:
        self.mode = mode
        self._recorder = recorder
        self._wall = wall
        self._held: dict[tuple[Any, ...], _Held] = {}

    def authorize(
        self, context: Context, service: str, operation: str, parameters: Mapping[str, Any]
    ) -> None:
        """Raises the service's error if the call is denied; for a role that is passed, the error
        of the service to which it is passed."""
        principal = context.principal
        target = context.dispatcher.service(service)
        if target is None or (
            self.mode is IamMode.OFF and not _is_always_asked(principal, service)
        ):
            return
        accesses = target.accesses(context, operation, parameters)
        if not accesses and principal.kind is PrincipalKind.ANONYMOUS:
            accesses = (Access(f"{service}:{operation}"),)
        answering = (operation == "PassRole" and context.serving) or service
        for access in accesses:
            self.authorize_access(context, answering, access)

    def authorize_access(self, context: Context, answering: str, access: Access) -> None:
        """Raises the error of the service `answering` if the access is denied; records it."""
        if _is_own_work(context.principal, access.action):
            return
        request, decision, facts = self._decide(context, access)
        enforced = self.mode is IamMode.ENFORCE or (
            not decision.allowed and _always_stands(context, access, request)
        )
        if self._recorder is not None and self.mode is not IamMode.OFF:
            self._recorder.record(request, decision, facts, enforced=enforced)
        if not decision.allowed and enforced:
            raise denial(answering, request, decision)

    def require(self, context: Context, answering: str, access: Access) -> None:
        """Like `authorize_access`, enforced in every mode: for what is Kennel's own to guard."""
        request, decision, facts = self._decide(context, access)
        if self._recorder is not None and self.mode is not IamMode.OFF:
            self._recorder.record(request, decision, facts)
        if not decision.allowed:
            raise denial(answering, request, decision)

    def allows(self, context: Context, access: Access) -> bool:
        """Whether the caller might do this as well; nothing is recorded."""
        if self.mode is not IamMode.ENFORCE and not _is_anonymous(context.principal):
            return True
        if _is_own_work(context.principal, access.action):
            return True
        return self._decide(context, access)[1].allowed

    def _decide(
        self, context: Context, access: Access
    ) -> tuple[AccessRequest, Decision, Mapping[str, tuple[str, ...]]]:
        held = self._policies_of(context)
        resource = _resource_policy(context, access)
        account = account_of(access.resource, context.account_id)
        place = (access.action, access.resource)
        known = held.decided.get(place) if resource is None else None
        if known is not None:
            request = AccessRequest(
                context.principal, access.action, access.resource, account, access.context
            )
            return request, known, access.context
        keys = RequestKeys(context, access, _tags(context.principal, held.policies), self._wall)
        request = AccessRequest(context.principal, access.action, access.resource, account, keys)
        decision = decide(
            request,
            Policies(
                identity=held.policies.identity,
                boundary=held.policies.boundary,
                session=held.policies.session,
                resource=resource,
                resource_must_allow=access.action.startswith("sts:") and resource is not None,
            ),
        )
        if resource is None and not keys.asked:
            if len(held.decided) >= _MOST_DECISIONS:
                held.decided.clear()
            held.decided[place] = decision
        return request, decision, keys.facts()

    def _policies_of(self, context: Context) -> _Held:
        principal = context.principal
        if principal.kind not in (PrincipalKind.USER, PrincipalKind.ASSUMED_ROLE):
            key: tuple[Any, ...] = (principal.arn,)
            directory = None
        else:
            scope = principal.session
            narrowed = None if scope is None else (scope.policy, scope.policy_arns)
            whose = principal.role_arn or principal.arn
            key = (whose, principal.user_id.partition(":")[0], narrowed)
            directory = _directory(context)
        version = None if directory is None else directory.policies_version
        held = self._held.get(key)
        if held is None or held.version is not version:
            policies = HeldPolicies() if directory is None else directory.policies_of(principal)
            held = _Held(version, policies)
            if len(self._held) >= _MOST_HOLDERS:
                self._held.clear()
            self._held[key] = held
        return held


def _always_stands(context: Context, access: Access, request: AccessRequest) -> bool:
    """Whether a denial is one in every mode: a stranger's, and one that the role's trust policy
    alone would bring about."""
    if _is_anonymous(context.principal):
        return True
    trust = _resource_policy(context, access) if access.action.startswith("sts:") else None
    if trust is None:
        return False
    rest = Policies(identity=_EVERYTHING, resource=trust, resource_must_allow=True)
    return not decide(request, rest).allowed


def _directory(context: Context) -> PrincipalPolicies:
    service = context.dispatcher.service("iam")
    if not isinstance(service, PrincipalPolicies):
        raise RuntimeError("this plane has no IAM service, so no policies")
    return service


def _resource_policy(context: Context, access: Access) -> PolicySet | None:
    """The policy of the resource itself, where it bears on the action: a role's is asked for
    sessions alone."""
    name = service_of(access.resource)
    starts_session = access.action.startswith("sts:")
    if name == "iam" and not starts_session:
        return None
    service = context.dispatcher.service(name)
    text = "" if service is None else service.resource_policy(access.resource)
    if not text:
        return None
    kind = PolicyKind.TRUST if starts_session else PolicyKind.RESOURCE
    return _read_resource_policy(text, kind, access.resource.partition("/")[0])


@lru_cache(maxsize=256)
def _read_resource_policy(text: str, kind: PolicyKind, holder: str) -> PolicySet:
    named = PolicyType.TRUST if kind is PolicyKind.TRUST else PolicyType.RESOURCE
    return PolicySet((NamedPolicy(named, "", holder, read_policy(text, kind)),))


def _tags(principal: Principal, policies: HeldPolicies) -> Mapping[str, str]:
    """The tags of the user or role, and over them those that the session was given."""
    if principal.session is None or not principal.session.tags:
        return policies.tags
    given = {key.lower() for key, _ in principal.session.tags}
    kept = {key: value for key, value in policies.tags.items() if key.lower() not in given}
    return kept | dict(principal.session.tags)


def _is_own_work(principal: Principal, action: str) -> bool:
    """Whether an AWS service does what is its own business in the plane, which nobody has to
    allow: all but what AWS asks the resource's policy for."""
    if principal.kind is not PrincipalKind.SERVICE:
        return False
    return not (action == "lambda:InvokeFunction" or action.startswith(("s3:", "sts:")))


def _is_anonymous(principal: Principal) -> bool:
    return principal.kind is PrincipalKind.ANONYMOUS


def _is_always_asked(principal: Principal, service: str) -> bool:
    return service == "sts" or _is_anonymous(principal)
