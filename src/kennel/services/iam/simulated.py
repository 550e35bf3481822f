"""One simulation: policies, a caller, context; what they say to an action on resources."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from kennel.policy import (
    AccessRequest,
    Decision,
    MatchedStatement,
    NamedPolicy,
    Policies,
    PolicySet,
    PolicyType,
    Principal,
    decide,
    missing_keys,
)
from kennel.services.iam.simulation_sources import Source
from kennel.services.iam.statement_positions import statement_positions

__all__ = ["Simulation"]

_ALLOWED, _EXPLICIT, _IMPLICIT = "allowed", "explicitDeny", "implicitDeny"


@dataclass(frozen=True)
class Simulation:
    """What is simulated. `owner` is the account that owns resources whose ARN names none; without
    a resource's policy every resource counts as the caller's own, as with AWS: only the policies
    of the caller are asked then."""

    caller: Principal
    owner: str
    context: Mapping[str, tuple[str, ...]]
    identity: Sequence[Source]
    boundary: Source | None = None
    resource: Source | None = None

    def result(self, action: str, resources: Sequence[str]) -> dict[str, Any]:
        """An EvaluationResult: the decision over all resources together, the strictest of them,
        and one for each where they are named."""
        named = [arn for arn in resources if arn != "*"]
        answers = [self._answer(action, arn) for arn in resources]
        decision = max((answer.word for answer in answers), key=_STRICTNESS.index)
        deciding = [one for one in answers if one.word == decision]
        shown: dict[str, Any] = {
            "EvalActionName": action,
            "EvalResourceName": "*",
            "EvalDecision": decision,
            "MatchedStatements": self._matched(
                statement for one in deciding for statement in one.decision.statements
            ),
            "MissingContextValues": [
                key for one in answers if one.resource == "*" for key in one.missing
            ],
        }
        if self._boundary is not None:
            within = all(one.within_boundary for one in answers)
            shown["PermissionsBoundaryDecisionDetail"] = {"AllowedByPermissionsBoundary": within}
        if named:
            shown["ResourceSpecificResults"] = [self._specific(one) for one in answers]
        return shown

    def _specific(self, answer: _Answer) -> dict[str, Any]:
        shown: dict[str, Any] = {
            "EvalResourceName": answer.resource,
            "EvalResourceDecision": answer.word,
            "MatchedStatements": self._matched(answer.decision.statements),
            "MissingContextValues": answer.missing,
        }
        if self._boundary is not None:
            within = answer.within_boundary
            shown["PermissionsBoundaryDecisionDetail"] = {"AllowedByPermissionsBoundary": within}
        return shown

    def _answer(self, action: str, resource: str) -> _Answer:
        owner = self._owner_of(resource)
        request = AccessRequest(self.caller, action, resource, owner, self.context)
        decision = decide(request, self._policies)
        within = True
        if self._boundary is not None:
            matching = [one.read.statement.allow for one in self._boundary.matching(request)]
            within = bool(matching) and all(matching)
        return _Answer(resource, decision, missing_keys(request, self._policies), within)

    def _owner_of(self, resource: str) -> str:
        if self.resource is None:
            return self.caller.account_id
        named = resource.split(":", 5)
        return named[4] if len(named) == 6 and named[4] else self.owner

    def _matched(self, statements: Iterable[MatchedStatement]) -> list[dict[str, Any]]:
        shown: dict[tuple[int, int], dict[str, Any]] = {}
        for statement in statements:
            source = self._sources[id(statement.policy)]
            begin, end = statement_positions(source.text)[statement.index]
            kind = statement.policy.type
            shown[(id(statement.policy), statement.index)] = {
                "SourcePolicyId": source.shown_id,
                # [O] Neither is in the model's enumeration.
                "SourcePolicyType": _RESOURCE if kind is PolicyType.RESOURCE else _IAM,
                "StartPosition": begin,
                "EndPosition": end,
            }
        return list(shown.values())

    @cached_property
    def _boundary(self) -> PolicySet | None:
        return _set_of(self.boundary)

    @cached_property
    def _policies(self) -> Policies:
        identity = PolicySet([source.policy for source in self.identity])
        return Policies(identity, self._boundary, resource=_set_of(self.resource))

    @cached_property
    def _sources(self) -> Mapping[int, Source]:
        alone = [one for one in (self.boundary, self.resource) if one is not None]
        return {id(source.policy): source for source in (*self.identity, *alone)}


_IAM, _RESOURCE = "IAM Policy", "Resource Policy"
_STRICTNESS = (_ALLOWED, _IMPLICIT, _EXPLICIT)


@dataclass(frozen=True, slots=True)
class _Answer:
    resource: str
    decision: Decision
    missing: list[str]
    within_boundary: bool

    @property
    def word(self) -> str:
        if self.decision.allowed:
            return _ALLOWED
        return _EXPLICIT if self.decision.explicit else _IMPLICIT


def _set_of(source: Source | None) -> PolicySet | None:
    policies: list[NamedPolicy] = [] if source is None else [source.policy]
    return PolicySet(policies) if policies else None
