"""All rules together."""

from __future__ import annotations

from collections.abc import Iterator

from kennel.cli.iam.audit import exposing, granting, trusting, unused
from kennel.cli.iam.audit.account import Account
from kennel.cli.iam.audit.finding import SEVERITIES, Finding, Rule

__all__ = ["RULES", "audit"]

RULES: tuple[Rule, ...] = (
    *exposing.RULES,
    *trusting.RULES,
    *granting.RULES,
    *unused.RULES,
)


def audit(account: Account, now: float, unused_for: float, key_age: float) -> list[Finding]:
    """All findings, the worst first. `now` is wall time; the others are seconds."""
    found = list(_found(account, now, unused_for, key_age))
    return sorted(
        found, key=lambda one: (SEVERITIES.index(one.rule.severity), one.rule.name, one.subject)
    )


def _found(account: Account, now: float, unused_for: float, key_age: float) -> Iterator[Finding]:
    yield from exposing.buckets(account)
    yield from exposing.functions(account)
    yield from trusting.trusts(account)
    yield from granting.everything(account)
    yield from granting.exceptions(account)
    yield from granting.takeover(account)
    yield from granting.passing(account)
    yield from granting.wide_policies(account)
    yield from granting.grants(account)
    yield from unused.identities(account, now, unused_for)
    yield from unused.keys(account, now, unused_for, key_age)
    yield from unused.permissions(account)
