"""Whom a name on the command line means."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from kennel.cli.errors import UsageError

__all__ = ["HOLDER_HELP", "matching_holder", "short_name", "who_is_absent"]

HOLDER_HELP = "a role's or a user's name, role/NAME, user/NAME, `root`, or an ARN, a session's too"


def short_name(arn: str) -> str:
    """`role/trainer` of a role's ARN, `root` of the root's; a service's DNS name stays."""
    kind, _, name = arn.rpartition(":")[2].partition("/")
    return f"{kind}/{name.rpartition('/')[2]}" if name else kind


def matching_holder(named: str, arns: Iterable[str]) -> str | None:
    """The one ARN that `named` means, or None. Raises UsageError if it means several."""
    wanted = _role_of(named)
    found = sorted({arn for arn in arns if wanted in _names(arn)})
    if len(found) > 1:
        raise UsageError(f"{named} is the name of several; say which: {' or '.join(found)}.")
    return found[0] if found else None


def who_is_absent(iam: Any, named: str) -> str:
    """A sentence if there is no such role or user, with what is called so; empty if there is one,
    or for what is neither. `iam` is a client. Raises botocore's ClientError."""
    kind, _, name = short_name(_role_of(named)).rpartition("/")
    if named == "root" or kind not in ("", "role", "user"):
        return ""
    kinds = (kind,) if kind else ("role", "user")
    if any(_is_there(iam, one, name) for one in kinds):
        return ""
    return f"There is no {' or '.join(kinds)} {name}"


def _is_there(iam: Any, kind: str, name: str) -> bool:
    from botocore.exceptions import ClientError

    try:
        getattr(iam, f"get_{kind}")(**{f"{kind.title()}Name": name})
    except ClientError as error:
        if error.response["Error"]["Code"] in ("NoSuchEntity", "ValidationError"):
            return False
        raise
    return True


def _role_of(named: str) -> str:
    """`role/NAME` of a session's ARN, as denials print it; other names stay."""
    kind, slash, rest = named.rpartition(":")[2].partition("/")
    if kind != "assumed-role" or not slash:
        return named
    return f"role/{rest.partition('/')[0]}"


def _names(arn: str) -> tuple[str, str, str]:
    short = short_name(arn)
    return arn, short, short.rpartition("/")[2]
