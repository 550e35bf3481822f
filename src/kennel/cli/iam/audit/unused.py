"""Rules on what is there and not used."""

from __future__ import annotations

import shlex
from collections.abc import Iterator

from kennel.cli.iam.audit.account import Account, Identity
from kennel.cli.iam.audit.finding import Finding, Rule, Severity
from kennel.cli.iam.generate.sizes import size_of

__all__ = ["RULES", "identities", "keys", "permissions"]

ROLE = Rule("unused-role", Severity.LOW, "The role was not used for long")
USER = Rule("unused-user", Severity.LOW, "The user was not heard of for long")
KEY = Rule("unused-key", Severity.MEDIUM, "The access key was not used for long")
OLD_KEY = Rule("old-key", Severity.MEDIUM, "The access key is old")
PERMISSIONS = Rule("unused-permissions", Severity.MEDIUM, "Much is granted and little ever used")
RULES = (ROLE, USER, KEY, OLD_KEY, PERMISSIONS)

_DAY = 86400.0


def identities(account: Account, now: float, unused: float) -> Iterator[Finding]:
    """Roles and users without a call for `unused` seconds, since they were made or last used."""
    for identity in account.identities:
        if _quiet(identity.created, identity.used, now, unused):
            rule = ROLE if identity.holder.kind == "role" else USER
            text = _since(identity.created, identity.used, now)
            yield Finding(rule, identity.holder.arn, text, _delete(identity))


def keys(account: Account, now: float, unused: float, age: float) -> Iterator[Finding]:
    """Active keys without a call for `unused` seconds, and those made more than `age` ago."""
    for identity in account.identities:
        for key in identity.keys:
            if not key.active:
                continue
            of = f"--user-name {shlex.quote(identity.holder.name)}"
            off = f"aws iam update-access-key {of} --access-key-id {key.id} --status Inactive"
            if _quiet(key.created, key.used, now, unused):
                text = f"key {key.id} {_since(key.created, key.used, now)}"
                yield Finding(KEY, identity.holder.arn, text, off)
            elif now - key.created >= age:
                text = f"key {key.id} is {_days(now - key.created)} old"
                mend = f"aws iam create-access-key {of} && {off}"
                yield Finding(OLD_KEY, identity.holder.arn, text, mend)


def permissions(account: Account) -> Iterator[Finding]:
    """Who has calls on record and is granted twice the actions that these were, or more."""
    for identity in account.identities:
        granted = size_of(identity.holder.policies.identity).actions if identity.actions else 0
        used = len(identity.actions)
        if granted >= 2 * used and granted > 1:
            text = f"{used:,} of {granted:,} granted actions were ever used"
            kind, name = identity.holder.kind, identity.holder.name
            mend = f"kennel iam generate {shlex.quote(f'{kind}/{name}')} --apply"
            yield Finding(PERMISSIONS, identity.holder.arn, text, mend)


def _quiet(created: float, used: float | None, now: float, unused: float) -> bool:
    return now - max(created, used or 0.0) >= unused


def _since(created: float, used: float | None, now: float) -> str:
    if used is None:
        return f"was never used since it was made, {_days(now - created)} ago"
    return f"was last used {_days(now - used)} ago"


def _days(seconds: float) -> str:
    days = int(seconds // _DAY)
    return "less than a day" if days < 1 else "a day" if days == 1 else f"{days:,} days"


def _delete(identity: Identity) -> str:
    """One line that takes everything away that keeps IAM from deleting it, and then it."""
    holder = identity.holder
    kind, of = holder.kind, f"--{holder.kind}-name {shlex.quote(holder.name)}"
    lines = [f"aws iam detach-{kind}-policy {of} --policy-arn {one}" for one in holder.attached]
    lines += [
        f"aws iam delete-{kind}-policy {of} --policy-name {shlex.quote(one)}"
        for one in holder.inline
    ]
    lines += [
        f"aws iam remove-user-from-group {of} --group-name {shlex.quote(one)}"
        for one in holder.groups
    ]
    lines += [f"aws iam delete-access-key {of} --access-key-id {key.id}" for key in identity.keys]
    return " && ".join([*lines, f"aws iam delete-{kind} {of}"])
