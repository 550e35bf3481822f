"""The order of policies: what stands against what."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest

from kennel.policy import (
    AccessRequest,
    Decision,
    NamedPolicy,
    Policies,
    PolicyKind,
    PolicySet,
    PolicyType,
    Principal,
    PrincipalKind,
    decide,
    parse_policy,
)

ACCOUNT, OTHER = "111122223333", "444455556666"
BUCKET = "arn:aws:s3:::dogs"
KEY = f"{BUCKET}/rex.jpg"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/team/job"
ANN_ARN = f"arn:aws:iam::{ACCOUNT}:user/ann"
ANN = Principal(PrincipalKind.USER, ACCOUNT, ANN_ARN, "AIDAQNZGKIQY56JQ7WMLA")
JOB = Principal.role_session(ACCOUNT, "job", "AROAQNZGKIQY56JQ7WMLB", ROLE, "s1")
ROOT = Principal.root(ACCOUNT)
SERVICE = Principal.service(ACCOUNT, "logs.amazonaws.com")
STRANGER = Principal(PrincipalKind.USER, OTHER, f"arn:aws:iam::{OTHER}:user/x", "AIDAX")
NOBODY = Principal.anonymous()


def policy(kind: PolicyType, *statements: Mapping[str, Any]) -> NamedPolicy:
    """A policy; a statement without Effect allows s3:GetObject, on everything."""
    made = [{"Effect": "Allow", "Action": "s3:GetObject", **one} for one in statements]
    grammar = PolicyKind.RESOURCE if kind is PolicyType.RESOURCE else PolicyKind.IDENTITY
    if kind is PolicyType.TRUST:
        grammar = PolicyKind.TRUST
    else:
        made = [{"Resource": "*", **one} for one in made]
    document = parse_policy(json.dumps({"Version": "2012-10-17", "Statement": made}), grammar)
    return NamedPolicy(kind, kind.name.lower(), BUCKET, document)


def ask(
    caller: Principal = ANN,
    *,
    owner: str = ACCOUNT,
    action: str = "s3:GetObject",
    on: str = KEY,
    context: Mapping[str, tuple[str, ...]] | None = None,
    **policies: Any,
) -> Decision:
    request = AccessRequest(caller, action, on, owner, context or {})
    return decide(request, Policies(**policies))


ALLOW = policy(PolicyType.IDENTITY, {})
NONE = policy(PolicyType.IDENTITY, {"Action": "ec2:RunInstances"})
BOUNDARY_NONE = policy(PolicyType.BOUNDARY, {"Action": "ec2:RunInstances"})
SESSION_NONE = policy(PolicyType.SESSION, {"Action": "ec2:RunInstances"})


def _for(principal: Any, **more: Any) -> NamedPolicy:
    return policy(PolicyType.RESOURCE, {"Principal": principal, **more})


def test_without_an_allow_everything_is_denied() -> None:
    assert ask() == Decision(False, by=PolicyType.IDENTITY)
    assert ask(identity=[NONE]) == Decision(False, by=PolicyType.IDENTITY)
    assert ask(identity=[NONE, ALLOW]).allowed


@pytest.mark.parametrize("kind", [PolicyType.IDENTITY, PolicyType.BOUNDARY, PolicyType.SESSION])
def test_an_explicit_deny_wins_wherever_it_is(kind: PolicyType) -> None:
    denying = policy(kind, {}, {"Effect": "Deny"})
    given: dict[str, Any] = {"identity": [ALLOW], "resource": _for({"AWS": JOB.arn})}
    if kind is PolicyType.IDENTITY:
        given["identity"] = [ALLOW, denying]
    else:
        given[kind.name.lower()] = denying if kind is PolicyType.BOUNDARY else [denying]
    decision = ask(JOB, **given)
    assert (decision.allowed, decision.explicit, decision.by) == (False, True, kind)
    (matched,) = decision.statements
    assert (matched.policy, matched.index) == (denying, 1)


def test_a_deny_of_the_resource_binds_whom_it_names() -> None:
    denying = _for({"AWS": ANN.arn}, Effect="Deny")
    assert ask(identity=[ALLOW], resource=denying).by is PolicyType.RESOURCE
    assert ask(JOB, identity=[ALLOW], resource=denying).allowed
    everyone = _for("*", Effect="Deny")
    assert ask(ROOT, resource=everyone).explicit
    assert ask(ROOT, resource=_for({"AWS": ACCOUNT}, Effect="Deny")).explicit


def test_boundary_and_session_only_narrow() -> None:
    boundary = policy(PolicyType.BOUNDARY, {})
    session = policy(PolicyType.SESSION, {})
    assert ask(JOB, identity=[ALLOW], boundary=boundary, session=[SESSION_NONE, session]).allowed
    assert ask(JOB, boundary=boundary, session=[session]).by is PolicyType.IDENTITY
    assert ask(JOB, identity=[ALLOW], boundary=BOUNDARY_NONE).by is PolicyType.BOUNDARY
    assert ask(JOB, identity=[ALLOW], session=[SESSION_NONE]).by is PolicyType.SESSION
    assert ask(JOB, identity=[ALLOW], session=[]).by is PolicyType.SESSION


NARROW: dict[str, Any] = {"boundary": BOUNDARY_NONE, "session": [SESSION_NONE]}


@pytest.mark.parametrize(
    ("caller", "principal", "given", "denied_by"),
    [
        (JOB, {"AWS": JOB.arn}, NARROW, None),
        (JOB, "*", NARROW, None),
        (JOB, {"AWS": ROLE}, {}, None),
        (JOB, {"AWS": "AROAQNZGKIQY56JQ7WMLB"}, {}, None),
        (JOB, {"AWS": ROLE}, {"boundary": BOUNDARY_NONE}, PolicyType.BOUNDARY),
        (JOB, {"AWS": ROLE}, {"session": [SESSION_NONE]}, PolicyType.SESSION),
        (JOB, {"AWS": ACCOUNT}, {}, PolicyType.IDENTITY),
        (JOB, {"AWS": JOB.arn + "x"}, {}, PolicyType.IDENTITY),
        (ANN, {"AWS": ANN.arn}, {"boundary": BOUNDARY_NONE}, None),
        (ANN, {"AWS": "AIDAQNZGKIQY56JQ7WMLA"}, {}, None),
        (ANN, {"AWS": ROOT.arn}, {}, PolicyType.IDENTITY),
        (ANN, {"AWS": ROOT.arn}, {"identity": [ALLOW]}, None),
        (ROOT, {"AWS": "*"}, {}, None),
        (SERVICE, {"Service": SERVICE.arn}, {}, None),
        (SERVICE, {"AWS": ACCOUNT}, {"identity": [ALLOW]}, PolicyType.RESOURCE),
        (SERVICE, {"AWS": "*"}, {}, PolicyType.RESOURCE),
        (NOBODY, "*", {}, None),
        (NOBODY, {"AWS": "*"}, {}, None),
        (NOBODY, {"AWS": ACCOUNT}, {}, PolicyType.RESOURCE),
    ],
)
def test_whom_the_resources_policy_names_decides_what_else_is_asked(
    caller: Principal, principal: Any, given: dict[str, Any], denied_by: PolicyType | None
) -> None:
    assert ask(caller, resource=_for(principal), **given).by is denied_by


def test_across_accounts_both_sides_must_allow() -> None:
    granted = _for({"AWS": STRANGER.arn})
    assert ask(STRANGER, identity=[ALLOW], resource=granted).allowed
    assert ask(STRANGER, identity=[ALLOW], resource=_for({"AWS": OTHER})).allowed
    assert ask(STRANGER, identity=[ALLOW], resource=_for("*")).allowed
    assert ask(STRANGER, resource=granted).by is PolicyType.IDENTITY
    assert ask(STRANGER, identity=[ALLOW]).by is PolicyType.RESOURCE
    narrowed = ask(STRANGER, identity=[ALLOW], resource=granted, boundary=BOUNDARY_NONE)
    assert narrowed.by is PolicyType.BOUNDARY
    foreign_root = Principal.root(OTHER)
    assert ask(foreign_root).by is PolicyType.RESOURCE
    assert ask(foreign_root, resource=_for({"AWS": OTHER})).allowed


def test_awss_own_policies_are_in_every_account() -> None:
    arn = "arn:aws:iam::aws:policy/ReadOnlyAccess"
    reading = policy(PolicyType.IDENTITY, {"Action": "iam:GetPolicy"})
    assert ask(identity=[reading], action="iam:GetPolicy", on=arn, owner="aws").allowed


def test_root_may_everything_in_its_account() -> None:
    assert ask(ROOT).allowed
    denied = _for("*", Effect="Deny", Action="s3:*")
    assert ask(ROOT, resource=denied).explicit
    own = AccessRequest(ROOT, "s3:PutBucketPolicy", BUCKET, ACCOUNT)
    assert decide(own, Policies(resource=denied)).allowed
    foreign = AccessRequest(Principal.root(OTHER), "s3:PutBucketPolicy", BUCKET, ACCOUNT)
    assert decide(foreign, Policies(resource=denied)).explicit


def test_a_role_is_taken_only_by_whom_its_trust_policy_allows() -> None:
    assume = policy(PolicyType.IDENTITY, {"Action": "sts:AssumeRole"})

    def assumed(caller: Principal, principal: Any, *identity: NamedPolicy) -> PolicyType | None:
        trust = policy(PolicyType.TRUST, {"Principal": principal, "Action": "sts:AssumeRole"})
        request = AccessRequest(caller, "sts:AssumeRole", ROLE, ACCOUNT)
        return decide(request, Policies(identity, resource=trust, resource_must_allow=True)).by

    assert assumed(ANN, {"AWS": ANN.arn}) is None
    assert assumed(ANN, {"AWS": ACCOUNT}) is PolicyType.IDENTITY
    assert assumed(ANN, {"AWS": ACCOUNT}, assume) is None
    assert assumed(ANN, {"Service": "ec2.amazonaws.com"}, assume) is PolicyType.TRUST
    assert assumed(STRANGER, {"AWS": OTHER}, assume) is None
    assert assumed(STRANGER, {"AWS": OTHER}) is PolicyType.IDENTITY
    assert assumed(SERVICE, {"Service": SERVICE.arn}) is None
    assert assumed(SERVICE, {"Service": "ec2.amazonaws.com"}) is PolicyType.TRUST


@pytest.mark.parametrize(
    ("caller", "names", "denied"),
    [
        (ANN, [ANN.arn, ROOT.arn], False),
        (ANN, [ANN.arn], True),
        (ANN, [ROOT.arn], True),
        (ROOT, [ROOT.arn], False),
        (JOB, [JOB.arn, ROLE, ACCOUNT], False),
        (JOB, [ROLE, ACCOUNT], True),
        (JOB, [JOB.arn, ACCOUNT], True),
        (NOBODY, [ANN.arn, ROOT.arn], True),
    ],
)
def test_a_deny_spares_only_whom_not_principal_names_whole(
    caller: Principal, names: list[str], denied: bool
) -> None:
    denying = policy(PolicyType.RESOURCE, {"NotPrincipal": {"AWS": names}, "Effect": "Deny"})
    assert ask(caller, identity=[ALLOW], resource=denying).explicit is denied


def test_an_allow_with_not_principal_leaves_out_whoever_it_names() -> None:
    allowing = policy(PolicyType.RESOURCE, {"NotPrincipal": {"AWS": ANN.arn}})
    assert not ask(resource=allowing).allowed
    assert ask(JOB, resource=allowing).allowed


@pytest.mark.parametrize(
    ("statement", "fits"),
    [
        ({"Action": "S3:getobject"}, True),
        ({"Action": "s3:Get*"}, True),
        ({"Action": "s3:?etObject"}, True),
        ({"Action": "*"}, True),
        ({"Action": ["s3:PutObject", "s3:*Object"]}, True),
        ({"Action": "s3:GetObjectVersion"}, False),
        ({"NotAction": "iam:*", "Action": None}, True),
        ({"NotAction": ["iam:*", "s3:Get*"], "Action": None}, False),
        ({"Resource": KEY}, True),
        ({"Resource": [BUCKET, KEY]}, True),
        ({"Resource": BUCKET}, False),
        ({"Resource": f"{BUCKET}/*"}, True),
        ({"NotResource": BUCKET, "Resource": None}, True),
        ({"NotResource": f"{BUCKET}/*", "Resource": None}, False),
        ({"Resource": f"{BUCKET}/${{aws:username}}.jpg"}, True),
        ({"Resource": f"{BUCKET}/${{aws:userid}}.jpg"}, False),
        ({"NotResource": f"{BUCKET}/${{aws:username}}.jpg", "Resource": None}, False),
        ({"NotResource": f"{BUCKET}/${{aws:userid}}.jpg", "Resource": None}, True),
        ({"Condition": {"StringLike": {"aws:username": "r*"}}}, True),
        ({"Condition": {"StringLike": {"aws:username": "x*"}}}, False),
    ],
)
def test_a_statement_fits_by_action_resource_and_conditions(
    statement: dict[str, Any], fits: bool
) -> None:
    made = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*", **statement}
    text = json.dumps({name: value for name, value in made.items() if value is not None})
    document = parse_policy(
        f'{{"Version": "2012-10-17", "Statement": {text}}}', PolicyKind.IDENTITY
    )
    known = PolicySet.of([NamedPolicy(PolicyType.IDENTITY, "p", ANN.arn, document)])
    for _ in range(2):  # remembered or not
        assert ask(identity=known, context={"aws:username": ("rex",)}).allowed is fits


def test_all_statements_that_allow_are_named_in_order() -> None:
    twice = policy(PolicyType.IDENTITY, {"Resource": BUCKET}, {"Resource": f"{BUCKET}/*"}, {})
    statements = ask(identity=[ALLOW, twice]).statements
    assert [(one.policy, one.index) for one in statements] == [(ALLOW, 0), (twice, 1), (twice, 2)]
