"""The policy grammar: what IAM takes is read, what it refuses is refused with the reason."""

from __future__ import annotations

import contextlib
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kennel.policy import PolicyError, PolicyKind, parse_policy
from kennel.services.iam.aws_managed import aws_managed_policies
from tests.services.iam.stage import ALLOW_ALL, document


def _reason(text: str, kind: PolicyKind = PolicyKind.IDENTITY) -> str:
    with pytest.raises(PolicyError) as caught:
        parse_policy(text, kind)
    return str(caught.value)


def test_single_values_become_lists() -> None:
    text = document(
        Sid="One", Action="s3:Get*", NotResource="arn:aws:s3:::b", Condition={"Bool": {"a:b": True}}
    )
    (statement,) = parse_policy(text, PolicyKind.IDENTITY).statements
    assert (statement.sid, statement.allow) == ("One", True)
    assert (statement.actions, statement.not_resources) == (("s3:Get*",), ("arn:aws:s3:::b",))
    assert statement.conditions == {"Bool": {"a:b": ("true",)}}


def test_a_single_statement_needs_no_list() -> None:
    statement = {"Effect": "Deny", "NotAction": "iam:*", "Resource": "*"}
    policy = parse_policy(json.dumps({"Statement": statement}), PolicyKind.IDENTITY)
    assert policy.version == "2008-10-17"
    assert not policy.statements[0].allow


def test_every_policy_of_awss_own_is_read() -> None:
    for policy in aws_managed_policies().values():
        assert parse_policy(policy.document, PolicyKind.IDENTITY).statements, policy.name


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "Syntax errors in policy."),
        ("{", "Syntax errors in policy. (line 1, column 2: "),
        ('{"Version": "2012-10-17",\n "Statement": [],\n}', "Syntax errors in policy. (line 3, "),
        ("7", "Syntax errors in policy."),
        ("[" * 100_000, "Syntax errors in policy."),
        ('{"Version": "2012-10-17", "Version": "2012-10-17"}', "Version is there twice"),
        (ALLOW_ALL.replace("2012-10-17", "2012-10-18"), "must be version 2012-10-17"),
        ('{"Version": "2012-10-17", "Statement": []}', "at least one statement"),
        ('{"Version": "2012-10-17", "Statement": ["x"]}', "at least one statement"),
        (ALLOW_ALL.replace("Statement", "Statements"), "Unknown element Statements"),
        (document(Action="*", Resource="*", Dog="x"), "Unknown element Dog"),
        (document(Action="*", Resource="*", Effect="Permit"), "Invalid effect: Permit"),
        (json.dumps({"Statement": {"Action": "*", "Resource": "*"}}), "Effect"),
        (document(Resource="*"), "must contain actions"),
        (document(Action=[], Resource="*"), "must contain actions"),
        (document(Action="*"), "must contain resources"),
        (document(Action="*", NotAction="*", Resource="*"), "exclude each other"),
        (document(Action="GetObject", Resource="*"), "prefaced by a vendor"),
        (document(Action="s3:Get Object", Resource="*"), "is not an action"),
        (document(Action=7, Resource="*"), "must hold strings"),
        (document(Action="*", Resource="bucket"), "must be in ARN format"),
        (document(Action="*", Resource="arn:aws"), "Resource vendor must be fully qualified"),
        (document(Action="*", Resource="arn:aws::x"), "failed legacy parsing"),
        (document(Action="*", Resource="arn:aws:sqs::x"), "failed legacy parsing"),
        (document(Action="*", Resource="urn:aws:sqs:::x"), "failed legacy parsing"),
        (
            document(Action="*", Resource="arn:dog:s3:::b"),
            'Partition "dog" is not valid for resource "arn:dog:s3:::b".',
        ),
        (
            document(Action="*", Resource="arn:dog:s3"),
            'Partition "dog" is not valid for resource "arn:dog:s3:*:*:*".',
        ),
        (
            document(Action="*", NotResource="arn:aws:s3:us-east-1::b"),
            "Resource arn:aws:s3:us-east-1::b can not contain region information.",
        ),
        (
            document(Action="*", Resource="arn:aws:iam:us-east-1:1:role/x"),
            "IAM resource arn:aws:iam:us-east-1:1:role/x cannot contain region information.",
        ),
        (document(Action="*", Resource="arn:aws:iam::1:dog/x"), "IAM resource path must either"),
        (document(Action="s3:x:y", Resource="*"), "can contain only one colon"),
        (document(Action="s*:Get", Resource="*"), "Vendor s* is not valid"),
        (document(Action="*", Resource="*", Sid=7), "must be alpha-numeric"),
        (
            document(Action="*", Resource="*", Effect="allow"),
            "The policy failed legacy parsing (Effect is Allow or Deny, not allow)",
        ),
        (document(Action="*", Resource="*", Effect=["Allow"]), "Invalid effect"),
        ('{"Version": "2012-10-17", "Statement": NaN}', "Syntax errors in policy."),
        ('{"Version": "2012-10-17", "Id": 7, "Statement": []}', "Id must be a string"),
        (
            document(Action="*", Resource="*", Condition={"Bool": {"secure": True}}),
            "must be prefaced by a vendor",
        ),
        (
            document(Action="*", Resource="*", Condition={"DateEquals": {"a:b": "soon"}}),
            "failed legacy parsing",
        ),
        (document(Action="*", Resource="*", Condition={"Bool": {"a:b": None}}), "hold strings"),
        (document(Action="*", Resource="*", Principal="*"), "should not specify a principal"),
        (document(Action="*", Resource="*", Sid="a-b"), "must be alpha-numeric"),
        (document(Action="*", Resource="*", Condition="x"), "must be an object"),
        (document(Action="*", Resource="*", Condition={"Like": {}}), "Invalid Condition type"),
        (document(Action="*", Resource="*", Condition={"Bool": "x"}), "must map keys"),
    ],
)
def test_a_broken_policy_is_refused_with_the_reason(text: str, reason: str) -> None:
    assert reason in _reason(text)


@pytest.mark.parametrize(
    "resource",
    [
        "*",
        "arn:aws:sqs",
        "arn:aws:sqs:*",
        "arn:aws-cn:s3:::b/*",
        "arn:*:s3:::b",
        "*:*:s3:::b",
        "arn:aws:s3:us-east-1:1:accesspoint/x",
        "arn:aws:iam::1:*",
        "arn:aws:iam::1:root",
        "arn:aws:iam::*:user/${aws:username}",
        "arn:aws:sns:us-east-1:${aws:PrincipalAccount}:x",
        "arn:aws:logs:*:*:log-group:g:*",
    ],
)
def test_resources_of_all_forms_are_read(resource: str) -> None:
    text = document(Action="*", Resource=[resource])
    assert parse_policy(text, PolicyKind.IDENTITY).statements[0].resources == (resource,)


_SAGEMAKER = "arn:aws:sagemaker:us-east-1:123456789012:endpoint/e"


@pytest.mark.parametrize(
    ("principal", "reason"),
    [
        ("dog", "Principal must be an object"),
        ({}, "Principal must be an object"),
        ({"Dog": "x"}, "Invalid principal in policy: Dog"),
        ({"AWS": []}, 'Invalid principal in policy: "AWS":""'),
        ({"AWS": "1234"}, 'Invalid principal in policy: "AWS":"1234"'),
        ({"AWS": "arn:aws:iam::123456789012:user/*"}, "user/*"),
        ({"AWS": "arn:aws:iam::123456789012:group/x"}, "group/x"),
        ({"AWS": "arn:aws:sts::123456789012:assumed-role/r"}, "assumed-role/r"),
        ({"Service": "lambda"}, 'Invalid principal in policy: "SERVICE":"lambda"'),
        ({"Service": "*"}, '"SERVICE":"*"'),
        ({"Federated": "*"}, '"FEDERATED":"*"'),
        ({"CanonicalUser": "x"}, '"CANONICALUSER":"x"'),
        ([[["x"]]], "Principal must be an object"),
    ],
)
@pytest.mark.parametrize("kind", [PolicyKind.TRUST, PolicyKind.RESOURCE])
def test_a_principal_is_one_that_can_be(kind: PolicyKind, principal: Any, reason: str) -> None:
    more = {"Resource": _SAGEMAKER} if kind is PolicyKind.RESOURCE else {}
    assert reason in _reason(document(Action="sts:*", Principal=principal, **more), kind)


@pytest.mark.parametrize(
    "principal",
    [
        "*",
        {"AWS": "*"},
        {"AWS": ["123456789012", "arn:aws:iam::123456789012:root"]},
        {"AWS": "arn:aws:iam::123456789012:role/a/b"},
        {"AWS": "arn:aws:sts::123456789012:assumed-role/r/s"},
        {"AWS": "arn:aws:sts::123456789012:federated-user/f"},
        {"AWS": "AROAQNZGKIQY56JQ7WMLB", "Service": "delivery.logs.amazonaws.com"},
        {"Federated": "accounts.google.com"},
        {"AWS": "arn:aws:iam::cloudfront:user/CloudFront Origin Access Identity E1"},
        {"CanonicalUser": "7" * 64},
    ],
)
def test_principals_of_all_forms_are_read(principal: Any) -> None:
    text = document(Action="s3:*", Principal=principal, Resource="*", Sid="My own, with blanks")
    assert parse_policy(text, PolicyKind.RESOURCE).statements[0].principals


def test_a_trust_policy_has_neither_resources_nor_exceptions() -> None:
    action = {"Action": "sts:AssumeRole"}
    for name, value in (("Resource", "*"), ("NotResource", "*"), ("NotPrincipal", {"AWS": "*"})):
        text = document(Principal={"AWS": "*"}, **action, **{name: value})
        assert _reason(text, PolicyKind.TRUST) == f"Has prohibited field {name}"
    assert _reason(document(**action), PolicyKind.TRUST) == "Missing required field Principal"


def test_numbers_in_conditions_keep_their_text() -> None:
    text = document(Action="*", Resource="*", Condition={"NumericEquals": {"a:b": [1, 2.5]}})
    (statement,) = parse_policy(text.replace("2.5", "2.50"), PolicyKind.IDENTITY).statements
    assert statement.conditions == {"NumericEquals": {"a:b": ("1", "2.50")}}


def test_a_sid_is_there_once() -> None:
    statement = {"Sid": "A", "Effect": "Allow", "Action": "*", "Resource": "*"}
    assert "must be unique" in _reason(json.dumps({"Statement": [statement, statement]}))


_names = st.sampled_from(
    ["Version", "Statement", "Effect", "Action", "Resource", "Principal", "AWS", "Condition", "Sid"]
)
_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_names, inner, max_size=4),
    max_leaves=20,
)


@given(st.dictionaries(_names, _json, max_size=5), st.sampled_from(PolicyKind))
def test_any_json_is_read_or_refused(value: dict[str, Any], kind: PolicyKind) -> None:
    with contextlib.suppress(PolicyError):
        parse_policy(json.dumps(value), kind)


_members = st.sampled_from(["*", "s3:*", "arn:aws:s3:::b", "AWS", "Allow", "Deny", "${x:y}"])
_ELEMENTS = (
    *("Sid", "Effect", "Action", "NotAction", "Resource", "NotResource"),
    *("Principal", "NotPrincipal", "Condition"),
)
_values = st.lists(_members | st.text(max_size=8), max_size=2) | _members | _json
_statements = st.fixed_dictionaries({}, optional=dict.fromkeys(_ELEMENTS, _values))


@given(_statements, st.sampled_from(PolicyKind))
def test_any_statement_is_read_or_refused(statement: dict[str, Any], kind: PolicyKind) -> None:
    with contextlib.suppress(PolicyError):
        parse_policy(json.dumps({"Statement": statement}), kind)


@given(st.text() | st.text('{}[]":,0e.-\\ ntu', max_size=40), st.sampled_from(PolicyKind))
def test_any_text_is_read_or_refused(text: str, kind: PolicyKind) -> None:
    with contextlib.suppress(PolicyError):
        parse_policy(text, kind)


@pytest.mark.parametrize("depth", [100, 900, 990, 100_000])
@pytest.mark.parametrize("element", ["Principal", "Condition", "Action", "Sid", "Effect"])
def test_deep_nesting_is_refused(element: str, depth: int) -> None:
    deep = "[" * depth + "]" * depth
    text = f'{{"Statement": {{"Effect": "Allow", "{element}": {deep}}}}}'
    for kind in PolicyKind:
        assert _reason(text, kind)
