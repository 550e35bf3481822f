"""Who may assume a role, by its trust policy alone."""

from __future__ import annotations

import json
from typing import Any

import pytest

from kennel.identity import Principal, PrincipalKind
from kennel.services.iam.trust import trusts
from tests.services.iam.stage import ACCOUNT, trust

ROOT = Principal.root(ACCOUNT)
ANN = Principal(
    PrincipalKind.USER, ACCOUNT, f"arn:aws:iam::{ACCOUNT}:user/ann", "AIDAQNZGKIQY56JQ7WMLA"
)
JOB_ARN = f"arn:aws:iam::{ACCOUNT}:role/job"
JOB = Principal.role_session(ACCOUNT, "job", "AROAQNZGKIQY56JQ7WMLB", JOB_ARN, "s1")
LAMBDA = Principal.service(ACCOUNT, "lambda.amazonaws.com")
STRANGER = Principal(
    PrincipalKind.USER, "999999999999", "arn:aws:iam::999999999999:user/x", "AIDAX"
)


@pytest.mark.parametrize(
    ("principal", "caller", "answer"),
    [
        ("*", ANN, True),
        ("*", LAMBDA, True),
        ({"AWS": "*"}, STRANGER, True),
        ({"AWS": "*"}, LAMBDA, False),
        ({"AWS": ACCOUNT}, ANN, True),
        ({"AWS": f"arn:aws:iam::{ACCOUNT}:root"}, ANN, True),
        ({"AWS": f"arn:aws:iam::{ACCOUNT}:root"}, JOB, True),
        ({"AWS": f"arn:aws:iam::{ACCOUNT}:root"}, ROOT, True),
        ({"AWS": ACCOUNT}, STRANGER, False),
        ({"AWS": ACCOUNT}, LAMBDA, False),
        ({"AWS": ANN.arn}, ANN, True),
        ({"AWS": ANN.arn}, JOB, False),
        ({"AWS": "AIDAQNZGKIQY56JQ7WMLA"}, ANN, True),
        ({"AWS": JOB_ARN}, JOB, True),
        ({"AWS": JOB.arn}, JOB, True),
        ({"AWS": JOB.arn + "x"}, JOB, False),
        ({"AWS": [ANN.arn, JOB_ARN]}, JOB, True),
        ({"Service": "lambda.amazonaws.com"}, LAMBDA, True),
        ({"Service": "ec2.amazonaws.com"}, LAMBDA, False),
        ({"Service": ["ec2.amazonaws.com", "lambda.amazonaws.com"]}, LAMBDA, True),
        ({"Federated": "accounts.google.com"}, ANN, False),
    ],
)
def test_the_principal_decides(principal: Any, caller: Principal, answer: bool) -> None:
    assert trusts(trust(principal), caller, {}) is answer


@pytest.mark.parametrize(
    ("condition", "facts", "answer"),
    [
        ({"StringEquals": {"sts:ExternalId": "dog"}}, {"sts:ExternalId": "dog"}, True),
        ({"StringEquals": {"STS:externalid": "dog"}}, {"sts:ExternalId": "dog"}, True),
        ({"StringEquals": {"sts:ExternalId": "dog"}}, {"sts:ExternalId": "Dog"}, False),
        ({"StringEquals": {"sts:ExternalId": ["cat", "dog"]}}, {"sts:ExternalId": "dog"}, True),
        ({"StringEquals": {"sts:ExternalId": "dog"}}, {}, False),
        ({"StringEqualsIfExists": {"sts:ExternalId": "dog"}}, {}, True),
        ({"StringNotEquals": {"sts:ExternalId": "dog"}}, {"sts:ExternalId": "cat"}, True),
        ({"StringNotEquals": {"sts:ExternalId": "dog"}}, {"sts:ExternalId": "dog"}, False),
        ({"StringLike": {"sts:RoleSessionName": "job-*"}}, {"sts:RoleSessionName": "job-1"}, True),
        ({"StringLike": {"sts:RoleSessionName": "[j]ob"}}, {"sts:RoleSessionName": "job"}, False),
        ({"ArnLike": {"aws:PrincipalArn": "arn:aws:iam::*:user/*"}}, {}, True),
        ({"Bool": {"aws:MultiFactorAuthPresent": "true"}}, {}, False),
        ({"Null": {"sts:ExternalId": "true"}}, {}, True),
        ({"NumericLessThan": {"aws:MultiFactorAuthAge": "5"}}, {}, False),
    ],
)
def test_all_conditions_must_hold(
    condition: dict[str, Any], facts: dict[str, str], answer: bool
) -> None:
    assert trusts(trust({"AWS": ACCOUNT}, Condition=condition), ANN, facts) is answer


def test_a_services_account_is_known_and_its_resource_comes_later() -> None:
    source = "arn:aws:lambda:*:123456789012:function:f"
    condition = {
        "StringEquals": {"aws:SourceAccount": ACCOUNT},
        "ArnLike": {"aws:SourceArn": source},
    }
    text = trust({"Service": "lambda.amazonaws.com"}, Condition=condition)
    assert trusts(text, LAMBDA, {})
    assert trusts(text, LAMBDA, {"aws:SourceArn": source.replace("*", "eu-west-1")})
    assert not trusts(text, LAMBDA, {"aws:SourceArn": "arn:aws:lambda:r:1:function:other"})
    other = Principal.service("999999999999", "lambda.amazonaws.com")
    assert not trusts(text, other, {})


def test_a_deny_on_a_resource_that_comes_later_denies_once_it_is_known() -> None:
    service = {"Service": "lambda.amazonaws.com"}
    allow = {"Effect": "Allow", "Principal": service, "Action": "sts:AssumeRole"}
    mine = "arn:aws:lambda:us-east-1:123456789012:function:mine"
    deny = allow | {"Effect": "Deny", "Condition": {"ArnNotLike": {"aws:SourceArn": mine}}}
    text = _policy(allow, deny)
    assert trusts(text, LAMBDA, {})
    assert trusts(text, LAMBDA, {"aws:SourceArn": mine})
    assert not trusts(text, LAMBDA, {"aws:SourceArn": mine + "-not"})


def _policy(*statements: dict[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": statements})


def test_a_deny_is_stronger() -> None:
    allow = {"Effect": "Allow", "Principal": "*", "Action": "sts:*"}
    deny = {"Effect": "Deny", "Principal": {"AWS": ANN.arn}, "Action": "sts:AssumeRole"}
    assert not trusts(_policy(allow, deny), ANN, {})
    assert trusts(_policy(allow, deny), JOB, {})
    since = deny | {"Condition": {"DateGreaterThan": {"aws:CurrentTime": "2024-01-01"}}}
    assert not trusts(_policy(allow, since), ANN, {"aws:CurrentTime": "2024-01-02T00:00:00Z"})
    assert trusts(_policy(allow, since), ANN, {"aws:CurrentTime": "2023-12-31T00:00:00Z"})


def test_only_assuming_the_role_counts() -> None:
    tag = {"Effect": "Allow", "Principal": "*", "Action": "sts:TagSession"}
    assert not trusts(_policy(tag), ANN, {})
    others = {"Effect": "Allow", "Principal": "*", "NotAction": "sts:TagSession"}
    assert trusts(_policy(others), ANN, {})
