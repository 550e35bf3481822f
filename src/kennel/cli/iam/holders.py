"""Whom a name on the command line means."""

from __future__ import annotations

from collections.abc import Iterable

from kennel.cli.errors import UsageError

__all__ = ["HOLDER_HELP", "matching_holder", "short_name"]

HOLDER_HELP = "a role's or a user's name, role/NAME, user/NAME, `root`, or an ARN"


def short_name(arn: str) -> str:
    """`role/trainer` of a role's ARN, `root` of the root's; a service's DNS name stays."""
    kind, _, name = arn.rpartition(":")[2].partition("/")
    return f"{kind}/{name.rpartition('/')[2]}" if name else kind


def matching_holder(named: str, arns: Iterable[str]) -> str | None:
    """The one ARN that `named` means, or None. Raises UsageError if it means several."""
    found = sorted({arn for arn in arns if named in _names(arn)})
    if len(found) > 1:
        raise UsageError(f"{named} is the name of several; say which: {' or '.join(found)}.")
    return found[0] if found else None


def _names(arn: str) -> tuple[str, str, str]:
    short = short_name(arn)
    return arn, short, short.rpartition("/")[2]
