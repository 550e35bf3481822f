"""Whether a role's trust policy lets somebody assume the role. Pure: no store, no clock.

Condition operators that are not here (numbers, dates, addresses) never hold in an Allow and always
hold in a Deny: a trust policy is rather too strict than too wide.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from fnmatch import fnmatchcase
from functools import lru_cache

from kennel.policy import (
    PolicyDocument,
    PolicyKind,
    Principal,
    PrincipalKind,
    Statement,
    parse_policy,
)

__all__ = ["trusts"]

_ACTION = "sts:assumerole"

# A service asks whether it may take the role before the resource has an ARN.
_KNOWN_LATER = frozenset({"aws:sourcearn"})


def trusts(trust_policy: str, caller: Principal, facts: Mapping[str, str]) -> bool:
    """Whether the policy allows sts:AssumeRole to `caller`.

    `facts` are values of condition keys (`sts:ExternalId`, …); the caller's own are added.
    """
    known = {key.lower(): value for key, value in {**_own_facts(caller), **facts}.items()}
    fitting = [
        statement
        for statement in _parsed(trust_policy).statements
        if _is_for(statement, caller) and _names_action(statement)
    ]
    later = _KNOWN_LATER if caller.kind is PrincipalKind.SERVICE else frozenset()
    if any(not one.allow and _holds(one, known, later, unknown=True) for one in fitting):
        return False
    return any(one.allow and _holds(one, known, later, unknown=False) for one in fitting)


@lru_cache(maxsize=256)
def _parsed(text: str) -> PolicyDocument:
    return parse_policy(text, PolicyKind.TRUST)


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


def _names_action(statement: Statement) -> bool:
    if statement.actions:
        return any(_like(_ACTION, action.lower()) for action in statement.actions)
    return not any(_like(_ACTION, action.lower()) for action in statement.not_actions)


def _is_for(statement: Statement, caller: Principal) -> bool:
    if statement.principals:
        return _named(statement.principals, caller)
    return not _named(statement.not_principals, caller)


def _named(principals: Mapping[str, tuple[str, ...]], caller: Principal) -> bool:
    if "*" in principals:
        return True
    if caller.kind is PrincipalKind.SERVICE:
        return caller.arn in principals.get("Service", ())
    account = (caller.account_id, f"arn:aws:iam::{caller.account_id}:root", "*")
    own = (caller.arn, caller.role_arn or caller.arn, caller.user_id.partition(":")[0])
    return any(name in account or name in own for name in principals.get("AWS", ()))


def _like(value: str, pattern: str) -> bool:
    # fnmatch gives [ a meaning that policies do not have.
    return fnmatchcase(value, pattern.replace("[", "[[]"))


def _equal(value: str, pattern: str) -> bool:
    return value == pattern


def _equal_ignoring_case(value: str, pattern: str) -> bool:
    return value.lower() == pattern.lower()


_TESTS: Mapping[str, Callable[[str, str], bool]] = {
    "StringEquals": _equal,
    "StringEqualsIgnoreCase": _equal_ignoring_case,
    "StringLike": _like,
    "ArnEquals": _like,
    "ArnLike": _like,
    "Bool": _equal_ignoring_case,
}


def _holds(
    statement: Statement, facts: Mapping[str, str], later: frozenset[str], *, unknown: bool
) -> bool:
    """Whether all conditions hold. `later` are keys whose values are not known yet and may be
    anything; `unknown` is what an operator that is not here counts as."""
    return all(
        (key.lower() in later and key.lower() not in facts)
        or _condition_holds(operator, facts.get(key.lower()), values, unknown)
        for operator, tests in statement.conditions.items()
        for key, values in tests.items()
    )


def _condition_holds(
    operator: str, value: str | None, patterns: tuple[str, ...], unknown: bool
) -> bool:
    if operator == "Null":
        return str(value is None).lower() in (pattern.lower() for pattern in patterns)
    if_exists = operator.endswith("IfExists")
    name = operator.removesuffix("IfExists")
    negated = "Not" in name
    test = _TESTS.get(name.replace("Not", ""))
    if test is None:
        return unknown
    if value is None:
        return if_exists or negated
    return any(test(value, pattern) for pattern in patterns) is not negated
