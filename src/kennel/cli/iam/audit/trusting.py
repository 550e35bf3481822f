"""Rules on who may assume roles."""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterator, Mapping
from typing import Any

from kennel.cli.iam.audit.account import Account, Identity
from kennel.cli.iam.audit.finding import Finding, Rule, Severity
from kennel.policy import NamedPolicy, Statement

__all__ = ["RULES", "trusts"]

ANYONE = Rule("anyone-assumes", Severity.CRITICAL, "Anyone in any account may assume the role")
OUTSIDER = Rule("outsider-assumes", Severity.MEDIUM, "Another account may, without an external ID")
DEPUTY = Rule("service-for-anyone", Severity.LOW, "A service may, for whichever account asks it")
RULES = (ANYONE, OUTSIDER, DEPUTY)

_SOURCE_KEYS = {"aws:sourceaccount", "aws:sourcearn", "aws:sourceorgid", "aws:sourceorgpaths"}


def trusts(account: Account) -> Iterator[Finding]:
    """One finding a statement and kind of principal."""
    for identity in account.identities:
        if identity.trust is None:
            continue
        for index, one in enumerate(identity.trust.document.statements):
            if one.allow:
                yield from _of_statement(account, identity, identity.trust, index)


def _of_statement(
    account: Account, identity: Identity, trust: NamedPolicy, index: int
) -> Iterator[Finding]:
    one, arn = trust.document.statements[index], identity.holder.arn
    keys = {key.lower() for tests in one.conditions.values() for key in tests}
    names = one.principals.get("AWS", ())
    if "*" in one.principals or "*" in names or one.not_principals:
        if not one.conditions:
            ours = {"Principal": {"AWS": f"arn:aws:iam::{account.id}:root"}}
            mend = _command(identity, trust, index, ours)
            yield Finding(ANYONE, arn, "its trust policy names everybody", mend)
        return
    others = sorted({other for name in names if (other := _account_of(name)) != account.id})
    if others and "sts:externalid" not in keys:
        mend = _command(identity, trust, index, _asking("sts:ExternalId", "A-SECRET-OF-BOTH"))
        text = f"account {', '.join(others)} may assume it without an external ID"
        yield Finding(OUTSIDER, arn, text, mend)
    services = one.principals.get("Service", ())
    if services and not keys & _SOURCE_KEYS:
        mend = _command(identity, trust, index, _asking("aws:SourceAccount", account.id))
        text = f"{', '.join(services)} may assume it without aws:SourceAccount or aws:SourceArn"
        yield Finding(DEPUTY, arn, text, mend)


def _account_of(name: str) -> str:
    return name.split(":")[4] if name.startswith("arn:") else name


def _asking(key: str, value: str) -> dict[str, Any]:
    return {"Condition": {"StringEquals": {key: value}}}


def _command(identity: Identity, trust: NamedPolicy, index: int, changed: Mapping[str, Any]) -> str:
    """The trust policy as it is, but for what changes in one statement."""
    statements = [_as_json(one) for one in trust.document.statements]
    condition = dict(statements[index].get("Condition", {}))
    for operator, tests in changed.get("Condition", {}).items():
        condition[operator] = {**condition.get(operator, {}), **tests}
    statements[index] |= {**changed, **({"Condition": condition} if condition else {})}
    document = json.dumps({"Version": trust.document.version, "Statement": statements})
    return (
        f"aws iam update-assume-role-policy --role-name {shlex.quote(identity.holder.name)} "
        f"--policy-document {shlex.quote(document)}"
    )


def _as_json(one: Statement) -> dict[str, Any]:
    principals = {kind: list(names) for kind, names in one.principals.items()}
    return {
        **({"Sid": one.sid} if one.sid else {}),
        "Effect": "Allow" if one.allow else "Deny",
        "Principal": "*" if "*" in principals else principals,
        **({"Action": list(one.actions)} if one.actions else {"NotAction": list(one.not_actions)}),
        **(
            {
                "Condition": {
                    operator: {key: list(values) for key, values in tests.items()}
                    for operator, tests in one.conditions.items()
                }
            }
            if one.conditions
            else {}
        ),
    }
