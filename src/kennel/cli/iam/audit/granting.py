"""Rules on what users and roles are granted."""

from __future__ import annotations

import shlex
from collections.abc import Iterator

from kennel.cli.iam.actions import action_reference
from kennel.cli.iam.audit.account import Account, Identity
from kennel.cli.iam.audit.finding import Finding, Rule, Severity
from kennel.cli.iam.audit.probes import UNNAMED, granting_policies
from kennel.cli.iam.generate.current import Holder
from kennel.cli.iam.holders import short_name
from kennel.policy import NamedPolicy, Statement

__all__ = ["RULES", "everything", "exceptions", "grants", "passing", "takeover", "wide_policies"]

EVERYTHING = Rule("allows-everything", Severity.HIGH, "May take every action on every resource")
EXCEPTIONS = Rule("allows-all-but", Severity.HIGH, "Allows all but what it names")
TAKEOVER = Rule("can-take-over", Severity.HIGH, "Can give itself or others any permission")
PASSING = Rule("passes-any-role", Severity.HIGH, "May pass any role to any service")
PASSING_TO = Rule("passes-any-role-to-one", Severity.MEDIUM, "May pass any role to a service")
FULL_ACCESS = Rule("full-access-policy", Severity.MEDIUM, "Has a full-access policy of AWS")
ALL_ACTIONS = Rule("all-actions-of-service", Severity.MEDIUM, "May take all actions of a service")
ANY_RESOURCE = Rule("any-resource", Severity.LOW, "May change things without naming which")
RULES = (
    EVERYTHING,
    EXCEPTIONS,
    TAKEOVER,
    PASSING,
    PASSING_TO,
    FULL_ACCESS,
    ALL_ACTIONS,
    ANY_RESOURCE,
)

_AWS = "arn:aws:iam::aws:policy/"

# "IAM JSON policy elements" and AWS's own list of actions of the level "Permissions management":
# with any of these on anything, whoever has it can become administrator.
_TAKEOVERS = (
    ("iam:AttachGroupPolicy", "group"),
    ("iam:AttachRolePolicy", "role"),
    ("iam:AttachUserPolicy", "user"),
    ("iam:CreateAccessKey", "user"),
    ("iam:CreatePolicyVersion", "policy"),
    ("iam:PutGroupPolicy", "group"),
    ("iam:PutRolePolicy", "role"),
    ("iam:PutUserPolicy", "user"),
    ("iam:SetDefaultPolicyVersion", "policy"),
    ("iam:UpdateAssumeRolePolicy", "role"),
)
_SERVICES = ("sagemaker.amazonaws.com", "lambda.amazonaws.com", "ec2.amazonaws.com")


def everything(account: Account) -> Iterator[Finding]:
    """An action that no service has, on a resource that nobody names."""
    for identity in account.identities:
        for policy in _everything(identity.holder):
            yield _finding(EVERYTHING, identity, policy, "allows every action on every resource")


def exceptions(account: Account) -> Iterator[Finding]:
    """Allow with NotAction or NotResource: what AWS adds tomorrow is granted too."""
    for identity in account.identities:
        for policy in identity.holder.policies.identity:
            used = {
                "NotAction" if one.not_actions else "NotResource"
                for one in policy.document.statements
                if one.allow and (one.not_actions or one.not_resources)
            }
            if used and not policy.name.startswith(_AWS):
                text = f"allows by {' and '.join(sorted(used))} all but what it names"
                yield _finding(EXCEPTIONS, identity, policy, text)


def takeover(account: Account) -> Iterator[Finding]:
    """Permissions management on anything."""
    for identity in account.identities:
        holder = identity.holder
        if _everything(holder):
            continue
        found: dict[str, tuple[NamedPolicy, list[str]]] = {}
        for action, kind in _TAKEOVERS:
            resource = f"arn:aws:iam::{account.id}:{kind}/{UNNAMED}"
            for policy in granting_policies(holder, action, resource):
                found.setdefault(policy.name, (policy, []))[1].append(action)
        for policy, actions in found.values():
            more = f" and {len(actions) - 1} more such actions" if len(actions) > 1 else ""
            text = (
                f"allows {actions[0]}{more} on anything, so it can make an administrator of itself"
            )
            yield _finding(TAKEOVER, identity, policy, text)


def passing(account: Account) -> Iterator[Finding]:
    """iam:PassRole on any role."""
    resource = f"arn:aws:iam::{account.id}:role/{UNNAMED}"
    for identity in account.identities:
        holder = identity.holder
        if _everything(holder):
            continue
        anywhere = granting_policies(
            holder, "iam:PassRole", resource, {"iam:PassedToService": f"{UNNAMED}.amazonaws.com"}
        )
        for policy in anywhere:
            yield _finding(PASSING, identity, policy, "allows to pass any role to any service")
        for service in () if anywhere else _SERVICES:
            facts = {"iam:PassedToService": service}
            for policy in granting_policies(holder, "iam:PassRole", resource, facts):
                text = f"allows to pass any role to {service}"
                yield _finding(PASSING_TO, identity, policy, text)


def wide_policies(account: Account) -> Iterator[Finding]:
    """AWS's full-access policies, and all actions of a service on anything."""
    for identity in account.identities:
        for policy in identity.holder.policies.identity:
            wide = sorted(
                {action for one in _open(policy) for action in one.actions if _all(action)}
            )
            if policy.name.startswith(_AWS):
                if wide or policy.name.endswith("FullAccess"):
                    text = "is AWS's and made to fit everybody, not what is needed here"
                    yield _finding(FULL_ACCESS, identity, policy, text)
            elif wide:
                yield _finding(ALL_ACTIONS, identity, policy, f"allows {_few(wide)} on *")


def grants(account: Account) -> Iterator[Finding]:
    """Actions that change things and could name what they change, on `*`."""
    reference = action_reference()
    for identity in account.identities:
        for policy in identity.holder.policies.identity:
            if policy.name.startswith(_AWS):
                continue
            named = {a for one in _open(policy) for a in one.actions if ":" in a and not _all(a)}
            changing = sorted(
                {
                    one.name
                    for action in named
                    for one in reference.expand(action)
                    if one.arns and one.level in ("Write", "Permissions management")
                }
            )
            if changing:
                text = f"allows {_few(changing)} on *, which take ARNs"
                yield _finding(ANY_RESOURCE, identity, policy, text)


def _everything(holder: Holder) -> list[NamedPolicy]:
    arn = f"arn:aws:{UNNAMED}:::{UNNAMED}"
    return granting_policies(holder, f"{UNNAMED}:Anything", arn)


def _open(policy: NamedPolicy) -> list[Statement]:
    return [
        one
        for one in policy.document.statements
        if one.allow and "*" in one.resources and not one.conditions
    ]


def _all(action: str) -> bool:
    vendor, _, name = action.partition(":")
    return name == "*" and vendor != "*"


def _few(names: list[str]) -> str:
    more = f" and {len(names) - 3} more" if len(names) > 3 else ""
    return ", ".join(names[:3]) + more


def _finding(rule: Rule, identity: Identity, policy: NamedPolicy, text: str) -> Finding:
    whose = "" if policy.holder == identity.holder.arn else f" of {short_name(policy.holder)}"
    return Finding(
        rule,
        identity.holder.arn,
        f"{policy.name.rpartition('/')[2]}{whose} {text}",
        _command(identity, policy),
    )


def _command(identity: Identity, policy: NamedPolicy) -> str:
    """The policy that was needed in its place; where nothing was ever done, none."""
    own = policy.holder == identity.holder.arn
    if own and identity.actions:
        return f"kennel iam generate {shlex.quote(short_name(policy.holder))} --apply"
    kind, _, name = short_name(policy.holder).partition("/")
    of = f"--{kind}-name {shlex.quote(name)}"
    if policy.name.startswith("arn:"):
        return f"aws iam detach-{kind}-policy {of} --policy-arn {policy.name}"
    return f"aws iam delete-{kind}-policy {of} --policy-name {shlex.quote(policy.name)}"
