"""Whether a role's trust policy lets somebody assume the role."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import lru_cache

from kennel.policy import (
    AccessRequest,
    NamedPolicy,
    Policies,
    PolicyKind,
    PolicySet,
    PolicyType,
    Principal,
    PrincipalKind,
    Statement,
    decide,
    parse_policy,
)

__all__ = ["trusts"]

# A service asks whether it may take the role before the resource has an ARN.
_KNOWN_LATER = frozenset({"aws:sourcearn"})


def trusts(trust_policy: str, caller: Principal, facts: Mapping[str, str]) -> bool:
    """Whether the policy lets `caller` in, as far as it goes: where it names the account alone, the
    caller's own policies still decide.

    `facts` are values of condition keys (`sts:ExternalId`, …); the caller's own are added.
    """
    known = {key.lower(): (value,) for key, value in {**_own_facts(caller), **facts}.items()}
    later = frozenset[str]()
    if caller.kind is PrincipalKind.SERVICE:
        later = _KNOWN_LATER.difference(known)
    request = AccessRequest(caller, "sts:AssumeRole", "*", caller.account_id, known)
    policies = Policies(resource=_read(trust_policy, later), resource_must_allow=True)
    return decide(request, policies).by is not PolicyType.TRUST


@lru_cache(maxsize=256)
def _read(text: str, without: frozenset[str]) -> PolicySet:
    """The policy as far as it can be told without some keys, which may have any value: an Allow
    stands without its conditions on them, and a Deny that has one may not come about at all."""
    document = parse_policy(text, PolicyKind.TRUST)
    statements = tuple(
        replace(statement, conditions=_conditions(statement, without))
        for statement in document.statements
        if statement.allow or _conditions(statement, without) == statement.conditions
    )
    policy = NamedPolicy(PolicyType.TRUST, "", "", replace(document, statements=statements))
    return PolicySet.of([policy])


def _conditions(
    statement: Statement, without: frozenset[str]
) -> Mapping[str, Mapping[str, tuple[str, ...]]]:
    return {
        operator: {key: tests[key] for key in tests if key.lower() not in without}
        for operator, tests in statement.conditions.items()
    }


def _own_facts(caller: Principal) -> dict[str, str]:
    if caller.kind is PrincipalKind.SERVICE:
        # A service works for the account that its resources are in.
        return {"aws:SourceAccount": caller.account_id, "aws:PrincipalIsAWSService": "true"}
    return {
        "aws:PrincipalArn": caller.role_arn or caller.arn,
        "aws:PrincipalAccount": caller.account_id,
        "aws:PrincipalType": caller.kind.value,
        "aws:userid": caller.user_id,
        "aws:MultiFactorAuthPresent": "false",
        "aws:PrincipalIsAWSService": "false",
    }
