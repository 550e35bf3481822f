"""Unique ids and ARNs."""

from __future__ import annotations

import base64
import re
import secrets

__all__ = ["account_and_resource", "iam_arn", "new_unique_id", "policy_arn_problem"]

_ARN = re.compile(r"arn:aws:iam::([0-9]{12}|aws):(.+)", re.DOTALL)


def new_unique_id(prefix: str) -> str:
    """An id that no other resource ever has: `AROA` for roles, `AIDA` for users, `AGPA` groups,
    `ANPA` managed policies, `AIPA` instance profiles, and 17 letters and digits."""
    return prefix + base64.b32encode(secrets.token_bytes(11)).decode()[:17]


def iam_arn(account_id: str, kind: str, path: str, name: str) -> str:
    """`arn:aws:iam::123456789012:role/service-role/name`. `path` starts and ends with a slash."""
    return f"arn:aws:iam::{account_id}:{kind}{path}{name}"


def account_and_resource(arn: str) -> tuple[str, str] | None:
    """`("123456789012", "role/path/name")`; None if it is no ARN of IAM's."""
    match = _ARN.fullmatch(arn)
    return None if match is None else (match[1], match[2])


def policy_arn_problem(arn: str) -> str:
    """What is wrong with a managed policy's ARN; empty if nothing is."""
    found = account_and_resource(arn)
    if found is None or not found[1].startswith("policy/"):
        return f"ARN {arn} is not valid."
    return ""
