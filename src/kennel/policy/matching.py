"""Patterns of policies against actions, resources and principals."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache

from kennel.policy.principal import Principal, PrincipalKind

__all__ = ["is_like", "names_principal"]


def is_like(value: str, pattern: str) -> bool:
    """Whether `value` fits a pattern in which `*` stands for any characters and `?` for one."""
    if "*" not in pattern and "?" not in pattern:
        return value == pattern
    return _expression(pattern).fullmatch(value) is not None


@lru_cache(maxsize=4096)
def _expression(pattern: str) -> re.Pattern[str]:
    parts = {"*": ".*", "?": "."}
    return re.compile("".join(parts.get(c) or re.escape(c) for c in pattern), re.DOTALL)


def names_principal(principals: Mapping[str, tuple[str, ...]], caller: Principal) -> bool:
    """Whether a Principal element means the caller: by name, by account or as everybody."""
    if "*" in principals:
        return True
    if caller.kind is PrincipalKind.SERVICE:
        return caller.arn in principals.get("Service", ())
    account = (caller.account_id, f"arn:aws:iam::{caller.account_id}:root", "*")
    own = (caller.arn, caller.role_arn or caller.arn, caller.user_id.partition(":")[0])
    return any(name in account or name in own for name in principals.get("AWS", ()))
