"""Conditions: each operator, and how keys and values of one condition count together."""

from __future__ import annotations

import base64
from typing import Any

import pytest

from kennel.policy.conditions import read_conditions

CONTEXT: dict[str, tuple[str, ...]] = {
    "aws:username": ("ann",),
    "aws:currenttime": ("2026-03-01T12:00:00Z",),
    "aws:epochtime": ("1772366400",),
    "aws:sourceip": ("203.0.113.7",),
    "aws:sourcearn": ("arn:aws:s3:::dogs:x",),
    "aws:securetransport": ("true",),
    "aws:tagkeys": ("team", "cost"),
    "aws:requesttag/empty": ("",),
    "s3:max-keys": ("10",),
    "x:v6": ("2001:db8:1234:5678::9",),
    "x:mapped": ("::ffff:10.0.0.1",),
    "x:bytes": (base64.b64encode(b"dog").decode(),),
    "x:word": ("ten",),
}


def _holds(operator: str, key: str, *values: str, variables: bool = True) -> bool:
    (condition,) = read_conditions({operator: {key: values}}, variables=variables)
    return condition.holds(CONTEXT)


@pytest.mark.parametrize(
    ("operator", "key", "values", "holds"),
    [
        ("StringEquals", "AWS:UserName", ["ann"], True),
        ("StringEquals", "aws:username", ["Ann"], False),
        ("StringEquals", "aws:username", ["bob", "ann"], True),
        ("StringEquals", "aws:username", ["a*"], False),
        ("StringNotEquals", "aws:username", ["bob", "ann"], False),
        ("StringNotEquals", "aws:username", ["bob", "cid"], True),
        ("StringEqualsIgnoreCase", "aws:username", ["ANN"], True),
        ("StringNotEqualsIgnoreCase", "aws:username", ["ANN"], False),
        ("StringLike", "aws:username", ["a?n"], True),
        ("StringLike", "aws:username", ["A*"], False),
        ("StringNotLike", "aws:username", ["a*"], False),
        ("StringEquals", "aws:username", ["${aws:username}"], True),
        ("StringEquals", "aws:username", ["${x:none}"], False),
        ("StringNotEquals", "aws:username", ["${x:none}"], True),
        ("StringLike", "aws:username", ["${x:none, 'ann'}"], True),
        ("NumericEquals", "s3:max-keys", ["10.0"], True),
        ("NumericNotEquals", "s3:max-keys", ["10"], False),
        ("NumericLessThan", "s3:max-keys", ["10"], False),
        ("NumericLessThanEquals", "s3:max-keys", ["10"], True),
        ("NumericGreaterThan", "s3:max-keys", ["9.99"], True),
        ("NumericGreaterThanEquals", "s3:max-keys", ["11"], False),
        ("NumericLessThan", "x:word", ["11"], False),
        ("NumericLessThan", "s3:max-keys", ["eleven"], False),
        ("NumericLessThan", "s3:max-keys", ["1e9"], False),
        ("DateEquals", "aws:currenttime", ["2026-03-01T13:00:00+01:00"], True),
        ("DateEquals", "aws:currenttime", ["1772366400"], True),
        ("DateEquals", "aws:epochtime", ["2026-03-01T12:00Z"], True),
        ("DateNotEquals", "aws:currenttime", ["2026-03-01"], True),
        ("DateGreaterThan", "aws:currenttime", ["2026"], True),
        ("DateLessThan", "aws:currenttime", ["2026-03"], False),
        ("DateLessThanEquals", "aws:epochtime", ["2026-03-01T12:00:00.000Z"], True),
        ("DateGreaterThanEquals", "aws:currenttime", ["2026-03-01T12:00:00.001Z"], False),
        ("DateLessThan", "aws:currenttime", ["2026-13-01"], False),
        ("Bool", "aws:securetransport", ["TRUE"], True),
        ("Bool", "aws:securetransport", ["false"], False),
        ("Bool", "aws:username", ["ann"], False),
        ("BinaryEquals", "x:bytes", ["ZG9n"], True),
        ("BinaryEquals", "x:bytes", ["dog!"], False),
        ("IpAddress", "aws:sourceip", ["203.0.113.0/24"], True),
        ("IpAddress", "aws:sourceip", ["203.0.113.7"], True),
        ("IpAddress", "aws:sourceip", ["10.0.0.0/8", "2001:db8::/32"], False),
        ("IpAddress", "x:v6", ["2001:DB8:1234:5678::/64"], True),
        ("IpAddress", "x:mapped", ["10.0.0.0/8"], True),
        ("IpAddress", "aws:sourceip", ["203.0.113.0/33"], False),
        ("IpAddress", "aws:username", ["0.0.0.0/0"], False),
        ("NotIpAddress", "aws:sourceip", ["203.0.113.0/24"], False),
        ("NotIpAddress", "aws:sourceip", ["10.0.0.0/8"], True),
        ("ArnEquals", "aws:sourcearn", ["arn:aws:s3:*:*:dogs:?"], True),
        ("ArnLike", "aws:sourcearn", ["arn:aws:s3:*"], True),
        ("ArnLike", "aws:sourcearn", ["arn:*:dogs:x"], False),
        ("ArnNotLike", "aws:sourcearn", ["arn:aws:s3:::dogs:*"], False),
        ("Null", "x:none", ["true"], True),
        ("Null", "x:none", ["false"], False),
        ("Null", "aws:username", ["false"], True),
    ],
)
def test_an_operator_compares(operator: str, key: str, values: list[str], holds: bool) -> None:
    assert _holds(operator, key, *values) is holds


@pytest.mark.parametrize(
    ("operator", "holds"),
    [
        ("StringEquals", False),
        ("StringNotEquals", True),
        ("StringEqualsIfExists", True),
        ("StringNotEqualsIfExists", True),
        ("NumericLessThan", False),
        ("NumericLessThanIfExists", True),
        ("NotIpAddress", True),
        ("ArnNotLike", True),
        ("ForAllValues:StringEquals", True),
        ("ForAllValues:StringNotEquals", True),
        ("ForAnyValue:StringEquals", False),
        ("ForAnyValue:StringNotEquals", False),
        ("ForAnyValue:StringEqualsIfExists", True),
    ],
)
def test_an_absent_key_fails_unless_the_operator_negates(operator: str, holds: bool) -> None:
    assert _holds(operator, "x:none", "1") is holds


@pytest.mark.parametrize(
    ("operator", "key", "values", "holds"),
    [
        ("ForAllValues:StringEquals", "aws:tagkeys", ["team", "cost", "other"], True),
        ("ForAllValues:StringEquals", "aws:tagkeys", ["team"], False),
        ("ForAnyValue:StringEquals", "aws:tagkeys", ["cost"], True),
        ("ForAnyValue:StringLike", "aws:tagkeys", ["x*", "t*"], True),
        ("ForAnyValue:StringEquals", "aws:tagkeys", ["other"], False),
        ("ForAllValues:StringNotEquals", "aws:tagkeys", ["other"], True),
        ("ForAllValues:StringNotEquals", "aws:tagkeys", ["team"], False),
        ("ForAnyValue:StringNotEquals", "aws:tagkeys", ["team"], True),
        ("ForAnyValue:StringNotEquals", "aws:tagkeys", ["team", "cost"], False),
        ("ForAllValues:StringEquals", "aws:requesttag/empty", ["x"], True),
        ("ForAnyValue:StringEquals", "aws:requesttag/empty", [""], False),
        ("StringEquals", "aws:requesttag/empty", [""], True),
    ],
)
def test_a_set_operator_asks_each_value(
    operator: str, key: str, values: list[str], holds: bool
) -> None:
    assert _holds(operator, key, *values) is holds


def test_all_keys_of_all_operators_must_hold() -> None:
    both: dict[str, Any] = {
        "StringEquals": {"aws:username": ("ann",), "s3:max-keys": ("10",)},
        "Bool": {"aws:securetransport": ("true",)},
    }
    read = read_conditions(both, variables=True)
    assert len(read) == 3
    assert all(condition.holds(CONTEXT) for condition in read)


def test_variables_stay_text_in_old_policies_and_with_typed_operators() -> None:
    assert not _holds("StringEquals", "aws:username", "${aws:username}", variables=False)
    assert not _holds("NumericEquals", "s3:max-keys", "${s3:max-keys}")


def test_a_condition_says_what_it_looks_at() -> None:
    values = ("${aws:PrincipalTag/a}-${aws:PrincipalTag/b, 'x'}",)
    (condition,) = read_conditions({"StringLike": {"X:Y": values}}, variables=True)
    assert condition.keys == ("x:y", "aws:principaltag/a", "aws:principaltag/b")
