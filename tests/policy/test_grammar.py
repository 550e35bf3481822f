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
        ("{", "Syntax errors in policy."),
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
        (document(Action="*", Resource="arn:aws:s3"), "must be in ARN format"),
        (document(Action="*", Resource="*", Principal="*"), "should not specify a principal"),
        (document(Action="*", Resource="*", Sid="a-b"), "must be alpha-numeric"),
        (document(Action="*", Resource="*", Condition="x"), "must be an object"),
        (document(Action="*", Resource="*", Condition={"Like": {}}), "Invalid Condition type"),
        (document(Action="*", Resource="*", Condition={"Bool": "x"}), "must map keys"),
    ],
)
def test_a_broken_policy_is_refused_with_the_reason(text: str, reason: str) -> None:
    assert reason in _reason(text)


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
