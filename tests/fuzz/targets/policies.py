"""Policies: read or refused with a reason, and never a permission that no Allow gives."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from functools import cache
from typing import Any

from kennel.policy import (
    AccessRequest,
    NamedPolicy,
    Policies,
    PolicyDocument,
    PolicyError,
    PolicyKind,
    PolicyType,
    Principal,
    PrincipalKind,
    decide,
    parse_policy,
)
from tests.fuzz.target import Target, simple

__all__ = ["POLICIES"]

_ACCOUNT = "000000000000"
_OPERATORS: dict[str, tuple[str, Any]] = {
    "StringEquals": ("aws:username", ["a", "${aws:username}"]),
    "StringNotEqualsIgnoreCase": ("s3:prefix", "A"),
    "StringLike": ("aws:PrincipalTag/team", "dog*${*}"),
    "ForAllValues:StringLike": ("aws:TagKeys", ["a", "b*"]),
    "ForAnyValue:StringEqualsIfExists": ("aws:TagKeys", "A"),
    "NumericLessThanEquals": ("s3:max-keys", "10"),
    "DateGreaterThan": ("aws:CurrentTime", "2024-01-01T00:00:00Z"),
    "Bool": ("aws:SecureTransport", "true"),
    "BinaryEquals": ("s3:x", "YQ=="),
    "IpAddress": ("aws:SourceIp", ["10.0.0.0/8", "2001:db8::/32"]),
    "ArnLike": ("aws:PrincipalArn", "arn:aws:iam::*:role/a?"),
    "Null": ("aws:TokenIssueTime", "true"),
}
_CONTEXT = {
    "aws:username": ("a",),
    "aws:principaltag/team": ("dogs",),
    "aws:tagkeys": ("a", "B"),
    "s3:max-keys": ("5",),
    "s3:prefix": ("b",),
    "aws:currenttime": ("2026-01-01T00:00:00Z",),
    "aws:securetransport": ("false",),
    "aws:sourceip": ("10.1.2.3",),
    "aws:principalarn": (f"arn:aws:iam::{_ACCOUNT}:role/ab",),
}
_ASKED = (
    ("s3:GetObject", "arn:aws:s3:::dogs/a/b"),
    ("s3:ListBucket", "arn:aws:s3:::dogs"),
    ("sagemaker:CreateEndpoint", f"arn:aws:sagemaker:us-east-1:{_ACCOUNT}:endpoint/x"),
    ("iam:ListUsers", "*"),
    ("sts:AssumeRole", f"arn:aws:iam::{_ACCOUNT}:role/r"),
)
_PRINCIPALS = (
    Principal.root(_ACCOUNT),
    Principal(PrincipalKind.USER, _ACCOUNT, f"arn:aws:iam::{_ACCOUNT}:user/a", "AIDA"),
    Principal.role_session(_ACCOUNT, "r", "AROA", f"arn:aws:iam::{_ACCOUNT}:role/r", "s"),
    Principal.service(_ACCOUNT, "sagemaker.amazonaws.com"),
    Principal.anonymous(),
)


@cache
def _seeds() -> Sequence[bytes]:
    texts = []
    for effect in ("Allow", "Deny"):
        for operator, (key, value) in _OPERATORS.items():
            statement: dict[str, Any] = {
                "Sid": "a",
                "Effect": effect,
                "Action": ["s3:Get*", "sagemaker:*"],
                "Resource": ["arn:aws:s3:::dogs/${aws:username}/*", "*"],
                "Condition": {operator: {key: value}},
            }
            texts.append({"Version": "2012-10-17", "Id": "i", "Statement": [statement]})
        outside = {
            "Effect": effect,
            "NotAction": "iam:*",
            "NotResource": "arn:aws:s3:::cats*",
            "NotPrincipal": {"AWS": f"arn:aws:iam::{_ACCOUNT}:user/b"},
        }
        shared = {
            "Effect": effect,
            "Principal": {"AWS": [_ACCOUNT, "*"], "Service": "sagemaker.amazonaws.com"},
            "Action": "s3:*",
            "Resource": "arn:aws:s3:::dogs*",
        }
        trust = {"Effect": effect, "Principal": {"AWS": _ACCOUNT}, "Action": "sts:AssumeRole"}
        texts += [{"Version": "2012-10-17", "Statement": [one]} for one in (outside, shared, trust)]
    return tuple(json.dumps(text).encode() for text in texts)


def _check(data: bytes) -> None:
    text = data.decode("utf-8", "surrogateescape" if data[:1] == b" " else "replace")
    for kind in PolicyKind:
        try:
            document = parse_policy(text, kind)
        except PolicyError as error:
            assert str(error)
            continue
        _check_decisions(document, kind, data)


def _check_decisions(document: PolicyDocument, kind: PolicyKind, data: bytes) -> None:
    number = int.from_bytes(hashlib.sha256(data).digest()[:4], "big")
    action, resource = _ASKED[number % len(_ASKED)]
    principal = _PRINCIPALS[number // 8 % len(_PRINCIPALS)]
    request = AccessRequest(principal, action, resource, _ACCOUNT, _CONTEXT)
    decision = decide(request, _held(document, kind))
    by_root = principal.kind is PrincipalKind.ROOT
    if not any(one.allow for one in document.statements):
        assert not decision.allowed or by_root, "allowed without an Allow"
    denying = parse_policy(_deny_all(kind), kind)
    both = PolicyDocument(document.version, document.statements + denying.statements)
    assert not decide(request, _held(both, kind)).allowed, "allowed in spite of a Deny"


def _held(document: PolicyDocument, kind: PolicyKind) -> Policies:
    type_ = PolicyType.IDENTITY if kind is PolicyKind.IDENTITY else PolicyType.RESOURCE
    named = NamedPolicy(type_, "name", "holder", document)
    if kind is PolicyKind.IDENTITY:
        return Policies(identity=(named,))
    return Policies(resource=named, resource_must_allow=kind is PolicyKind.TRUST)


def _deny_all(kind: PolicyKind) -> str:
    statement: dict[str, Any] = {"Effect": "Deny", "Action": "*"}
    if kind is not PolicyKind.IDENTITY:
        statement["Principal"] = "*"
    if kind is not PolicyKind.TRUST:
        statement["Resource"] = "*"
    else:
        statement["Action"] = "sts:*"
    return json.dumps({"Version": "2012-10-17", "Statement": statement})


POLICIES: Target = simple("policies", _seeds, _check)
