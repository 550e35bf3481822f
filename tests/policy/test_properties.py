"""What holds of every decision, whatever the policies."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

from hypothesis import assume, given
from hypothesis import strategies as st

from kennel.policy import (
    AccessRequest,
    NamedPolicy,
    Policies,
    PolicyError,
    PolicyKind,
    PolicyType,
    Principal,
    PrincipalKind,
    decide,
    parse_policy,
)

ACCOUNT, OTHER = "111111111111", "222222222222"
ADA = f"arn:aws:iam::{ACCOUNT}:user/ada"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/trainer"
SESSION = f"arn:aws:sts::{ACCOUNT}:assumed-role/trainer/s1"

# Few values, so that requests and statements meet often.
_actions = st.sampled_from(["s3:GetObject", "s3:PutObject", "s3:Get*", "s3:*", "*", "iam:PassRole"])
_resources = st.sampled_from(["*", "arn:aws:s3:::b/*", "arn:aws:s3:::b/k", "arn:aws:s3:::b/${k:a}"])
_conditions: st.SearchStrategy[dict[str, Any]] = st.sampled_from(
    [
        {},
        {"StringEquals": {"k:a": "x"}},
        {"StringEquals": {"K:A": ["x", "5"], "k:b": "${k:a, 'x'}"}},
        {"StringNotLike": {"k:a": "x*"}},
        {"ForAllValues:StringLike": {"k:a": ["x", "t*"]}},
        {"ForAnyValue:StringEquals": {"k:a": ["x", "true"]}, "Null": {"k:b": "false"}},
        {"NumericLessThan": {"k:a": "10"}},
        {"DateGreaterThanIfExists": {"k:a": "2026-01-01"}},
        {"Bool": {"k:b": "true"}},
        {"NotIpAddress": {"k:b": "10.0.0.0/8"}},
        {"ArnLike": {"k:a": "arn:aws:s3:::*"}},
    ]
)
_principals: st.SearchStrategy[Any] = st.sampled_from(
    [
        "*",
        *({"AWS": one} for one in ("*", ACCOUNT, OTHER, ADA, ROLE, [SESSION, ADA])),
        {"Service": "lambda.amazonaws.com"},
    ]
)


def _statement(effect: str, *, principal: bool) -> st.SearchStrategy[dict[str, Any]]:
    action = st.sampled_from(["Action", "NotAction"])
    resource = st.sampled_from(["Resource", "NotResource"])
    names = ["Principal", "NotPrincipal"] if effect == "Deny" else ["Principal"]
    who = st.tuples(st.sampled_from(names), _principals)
    return st.builds(
        lambda a, actions, r, resources, condition, of: {
            "Effect": effect,
            a: actions,
            r: resources,
            **({"Condition": condition} if condition else {}),
            **({of[0]: of[1]} if principal else {}),
        },
        action,
        _actions,
        resource,
        _resources,
        _conditions,
        who,
    )


def _statements(*, principal: bool = False, least: int = 1) -> st.SearchStrategy[list[Any]]:
    allow, deny = (_statement(effect, principal=principal) for effect in ("Allow", "Deny"))
    return st.lists(allow | allow | deny, min_size=least, max_size=3)


def _named(type_: PolicyType, statements: list[Any]) -> NamedPolicy:
    kind = PolicyKind.RESOURCE if type_ is PolicyType.RESOURCE else PolicyKind.IDENTITY
    text = json.dumps({"Version": "2012-10-17", "Statement": statements})
    return NamedPolicy(type_, "p", "holder", parse_policy(text, kind))


def _policy(type_: PolicyType) -> st.SearchStrategy[NamedPolicy]:
    statements = _statements(principal=type_ is PolicyType.RESOURCE)
    return statements.map(lambda some: _named(type_, some))


_policies = st.builds(
    Policies,
    identity=st.lists(_policy(PolicyType.IDENTITY), max_size=2),
    boundary=st.none() | _policy(PolicyType.BOUNDARY),
    session=st.none() | st.lists(_policy(PolicyType.SESSION), min_size=1, max_size=2),
    resource=st.none() | _policy(PolicyType.RESOURCE),
    resource_must_allow=st.booleans(),
)
_callers = st.sampled_from(
    [
        Principal.root(ACCOUNT),
        Principal(PrincipalKind.USER, ACCOUNT, ADA, "AIDAEXAMPLEEXAMPLEXX"),
        Principal.role_session(ACCOUNT, "trainer", "AROAEXAMPLEEXAMPLEXX", ROLE, "s1"),
        Principal.service(ACCOUNT, "lambda.amazonaws.com"),
        Principal.anonymous(),
    ]
)
_requests = st.builds(
    AccessRequest,
    principal=_callers,
    action=st.sampled_from(["s3:GetObject", "s3:PutObject", "iam:PassRole"]),
    resource=st.sampled_from(["*", "arn:aws:s3:::b/k", "arn:aws:s3:::b/x", "arn:aws:s3:::c/k"]),
    resource_account=st.sampled_from([ACCOUNT, OTHER]),
    context=st.dictionaries(
        st.sampled_from(["k:a", "k:b"]),
        st.lists(st.sampled_from(["x", "5", "true", "10.1.1.1", "2026-02-01"]), max_size=2).map(
            tuple
        ),
    ),
)
_allow, _deny = (_statement(effect, principal=False) for effect in ("Allow", "Deny"))
_more = st.sampled_from(["identity", "boundary", "session", "resource"])


def _with_statement(policies: Policies, where: str, effect: str, statement: Any) -> Policies:
    """The policies with one more statement at the place, or as they are if nothing stands there."""
    if where == "identity":
        return replace(
            policies, identity=[*policies.identity, _named(PolicyType.IDENTITY, [statement])]
        )
    if where == "session" and policies.session is not None:
        return replace(
            policies, session=[*policies.session, _named(PolicyType.SESSION, [statement])]
        )
    policy = getattr(policies, where)
    if not isinstance(policy, NamedPolicy):
        return policies
    if where == "resource":
        statement = {**statement, "Principal": "*"}
    added = _named(policy.type, [statement]).document.statements
    document = replace(policy.document, statements=(*policy.document.statements, *added))
    changed: dict[str, Any] = {where: replace(policy, document=document)}
    return replace(policies, **changed)


@given(_requests, _policies, _more, _allow)
def test_one_more_allow_never_takes_access_away(
    request: AccessRequest, policies: Policies, where: str, statement: Any
) -> None:
    before = decide(request, policies)
    after = decide(request, _with_statement(policies, where, "Allow", statement))
    assert after.allowed or not before.allowed
    assert after.explicit == before.explicit


@given(_requests, _policies, _more, _deny)
def test_one_more_deny_never_gives_access(
    request: AccessRequest, policies: Policies, where: str, statement: Any
) -> None:
    before = decide(request, policies)
    after = decide(request, _with_statement(policies, where, "Deny", statement))
    assert before.allowed or not after.allowed
    assert after.explicit or not before.explicit


@given(_requests, _policies, st.randoms(use_true_random=False))
def test_the_order_of_statements_and_policies_never_matters(
    request: AccessRequest, policies: Policies, random: Any
) -> None:
    def shuffled(policy: Any) -> Any:
        statements = list(policy.document.statements)
        random.shuffle(statements)
        return replace(policy, document=replace(policy.document, statements=tuple(statements)))

    def some(given: Any) -> Any:
        return None if given is None else [shuffled(one) for one in reversed(given)]

    other = replace(
        policies,
        identity=some(policies.identity),
        session=some(policies.session),
        boundary=policies.boundary and shuffled(policies.boundary),
        resource=policies.resource and shuffled(policies.resource),
    )
    one, two = decide(request, policies), decide(request, other)
    assert (one.allowed, one.explicit, one.by) == (two.allowed, two.explicit, two.by)


@given(_requests, _policies)
def test_a_policy_twice_is_a_policy_once(request: AccessRequest, policies: Policies) -> None:
    twice = replace(
        policies,
        identity=[*policies.identity, *policies.identity],
        session=None if policies.session is None else [*policies.session, *policies.session],
    )
    one, two = decide(request, policies), decide(request, twice)
    assert (one.allowed, one.explicit, one.by) == (two.allowed, two.explicit, two.by)


@given(_requests, _policies, _policy(PolicyType.BOUNDARY), _policy(PolicyType.SESSION))
def test_a_boundary_or_a_session_policy_never_gives_access(
    request: AccessRequest, policies: Policies, boundary: NamedPolicy, session: NamedPolicy
) -> None:
    bare = replace(policies, boundary=None, session=None)
    allowed = decide(request, bare).allowed
    assert allowed or not decide(request, replace(bare, boundary=boundary)).allowed
    assert allowed or not decide(request, replace(bare, session=[session])).allowed


_DENY = {"Effect": "Deny", "Action": "*", "Resource": "*"}


@given(_requests, _policies, st.sampled_from(["identity", "boundary", "session"]))
def test_deny_everything_denies_everybody(
    request: AccessRequest, policies: Policies, where: str
) -> None:
    if where == "session":
        policies = replace(policies, session=policies.session or [])
    if where == "boundary" and policies.boundary is None:
        policies = replace(policies, boundary=_named(PolicyType.BOUNDARY, [_DENY]))
    decision = decide(request, _with_statement(policies, where, "Deny", _DENY))
    assert (decision.allowed, decision.explicit) == (False, True)


@given(_requests, _policies)
def test_an_allowed_request_was_allowed_by_somebody(
    request: AccessRequest, policies: Policies
) -> None:
    decision = decide(request, policies)
    assert decision.allowed is (decision.by is None)
    if decision.allowed and request.principal.kind is not PrincipalKind.ROOT:
        assert any(one.policy.document.statements[one.index].allow for one in decision.statements)


_any_text = st.text(max_size=12)


@given(
    _requests,
    st.text(max_size=30),
    st.lists(_any_text, max_size=2).map(tuple),
    st.lists(_any_text, min_size=1, max_size=2),
    st.sampled_from(["StringLike", "NumericEquals", "IpAddress", "ArnLike", "Bool", "Null"]),
    st.sampled_from(["", "ForAnyValue:", "ForAllValues:"]),
)
def test_no_values_of_keys_make_a_decision_raise(
    request: AccessRequest, resource: str, given: Any, values: Any, operator: str, sets: str
) -> None:
    name = operator if operator == "Null" else sets + operator
    condition = {name: {"k:a": values}, "DateEquals": {"k:a": "2026-01-01"}}
    statement = {"Effect": "Allow", "Action": "*", "Resource": "*", "Condition": condition}
    try:
        policies = Policies(identity=[_named(PolicyType.IDENTITY, [statement])])
    except PolicyError:
        assume(False)
    decide(replace(request, resource=resource, context={"k:a": given}), policies)
