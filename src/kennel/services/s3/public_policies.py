"""Which bucket policies are public, and what is left of them in a restricted bucket.

Source: "Blocking public access to your Amazon S3 storage", the meaning of "public".
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from functools import lru_cache

from kennel.policy import PolicyError, PolicyKind, Statement, parse_policy

__all__ = ["is_public", "restricted"]

_CONFINING = frozenset(
    {
        "aws:principalaccount",
        "aws:principalarn",
        "aws:principalorgid",
        "aws:sourceaccount",
        "aws:sourcearn",
        "aws:sourceip",
        "aws:sourceowner",
        "aws:sourcevpc",
        "aws:sourcevpce",
        "aws:userid",
        "s3:dataaccesspointaccount",
        "s3:dataaccesspointarn",
    }
)
_WIDEST_PREFIX = 8  # bits of an address range: one that is wider is everybody's


@lru_cache(maxsize=256)
def is_public(text: str) -> bool:
    """Whether the policy lets in others than it names. One that can't be read lets nobody in."""
    try:
        document = parse_policy(text, PolicyKind.RESOURCE)
    except PolicyError:
        return False
    return any(one.allow and _is_public(one) for one in document.statements)


@lru_cache(maxsize=256)
def restricted(text: str) -> str:
    """The policy with a Deny to all but accounts and AWS's services: what RestrictPublicBuckets
    makes of a public one. It may say so because all accounts' callers here are the owner's own."""
    policy = json.loads(text)
    statements = policy["Statement"]
    outside = {
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:*",
        "Resource": "*",
        "Condition": {
            "Null": {"aws:PrincipalAccount": "true"},
            "Bool": {"aws:PrincipalIsAWSService": "false"},
        },
    }
    known = statements if isinstance(statements, list) else [statements]
    return json.dumps({**policy, "Statement": [*known, outside]})


def _is_public(statement: Statement) -> bool:
    if statement.not_principals:
        return True
    principals = statement.principals
    if "*" not in principals and "*" not in principals.get("AWS", ()):
        return False
    return not any(_confines(operator, tests) for operator, tests in statement.conditions.items())


def _confines(operator: str, tests: Mapping[str, Iterable[str]]) -> bool:
    """Whether a condition holds for fixed callers alone."""
    if "Not" in operator or operator == "Null" or operator.endswith("IfExists"):
        return False
    return any(
        key.lower() in _CONFINING and all(_is_fixed(key.lower(), value) for value in values)
        for key, values in tests.items()
    )


def _is_fixed(key: str, value: str) -> bool:
    if key == "aws:sourceip":
        _, slash, bits = value.partition("/")
        return not slash or (bits.isdecimal() and int(bits) >= _WIDEST_PREFIX)
    if key == "aws:userid":  # any session of one role
        value = value.removesuffix(":*")
    return "*" not in value and "?" not in value and "${" not in value
