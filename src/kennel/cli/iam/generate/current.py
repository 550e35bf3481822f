"""The policies that a user or a role has now."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from kennel.cli.iam.holders import short_name
from kennel.policy import (
    NamedPolicy,
    Policies,
    PolicyKind,
    PolicySet,
    PolicyType,
    parse_policy,
)

__all__ = ["Holder", "read_holder"]


@dataclass(frozen=True, slots=True)
class Holder:
    """A user (`kind` "user"), a role, or the root. `inline` are names, `attached` ARNs of managed
    policies, of the holder itself; `groups` are a user's. `made` is wall time. `is_gone`: it was
    deleted, and what it was granted with it."""

    kind: str
    name: str
    arn: str
    policies: Policies
    inline: tuple[str, ...] = ()
    attached: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    is_gone: bool = False
    made: float = 0.0

    @property
    def is_root(self) -> bool:
        return self.kind == "root"


def read_holder(iam: Any, arn: str) -> Holder:
    """Asks IAM for all of it. Raises botocore's ClientError, NoSuchEntity among them."""
    kind, _, name = short_name(arn).partition("/")
    if kind not in ("user", "role"):
        return Holder("root", "root", arn, Policies())
    inline, attached = _inline(iam, kind, name, arn), list(_attached(iam, kind, name, arn))
    groups: tuple[str, ...] = ()
    of_groups: list[NamedPolicy] = []
    if kind == "user":
        pages = iam.get_paginator("list_groups_for_user").paginate(UserName=name)
        found = [group for page in pages for group in page["Groups"]]
        groups = tuple(group["GroupName"] for group in found)
        for group in found:
            of_groups += _inline(iam, "group", group["GroupName"], group["Arn"])
            of_groups += _attached(iam, "group", group["GroupName"], group["Arn"])
    described = getattr(iam, f"get_{kind}")(**{f"{kind.title()}Name": name})[kind.title()]
    bound = described.get("PermissionsBoundary", {}).get("PermissionsBoundaryArn")
    return Holder(
        kind,
        name,
        arn,
        Policies(
            identity=PolicySet([*inline, *attached, *of_groups]),
            boundary=_managed(iam, bound, arn, PolicyType.BOUNDARY) if bound else None,
        ),
        tuple(one.name for one in inline),
        tuple(one.name for one in attached),
        groups,
        made=described["CreateDate"].timestamp(),
    )


def _inline(iam: Any, kind: str, name: str, arn: str) -> list[NamedPolicy]:
    of = {f"{kind.title()}Name": name}
    pages = iam.get_paginator(f"list_{kind}_policies").paginate(**of)
    names = [policy for page in pages for policy in page["PolicyNames"]]
    read = getattr(iam, f"get_{kind}_policy")
    return [
        _named(PolicyType.IDENTITY, one, arn, read(**of, PolicyName=one)["PolicyDocument"])
        for one in names
    ]


def _attached(iam: Any, kind: str, name: str, arn: str) -> Iterator[NamedPolicy]:
    pages = iam.get_paginator(f"list_attached_{kind}_policies").paginate(
        **{f"{kind.title()}Name": name}
    )
    for page in pages:
        for policy in page["AttachedPolicies"]:
            yield _managed(iam, policy["PolicyArn"], arn, PolicyType.IDENTITY)


def _managed(iam: Any, policy_arn: str, arn: str, kind: PolicyType) -> NamedPolicy:
    policy = iam.get_policy(PolicyArn=policy_arn)["Policy"]
    version = iam.get_policy_version(PolicyArn=policy_arn, VersionId=policy["DefaultVersionId"])
    return _named(kind, policy_arn, arn, version["PolicyVersion"]["Document"])


def _named(kind: PolicyType, name: str, arn: str, document: Any) -> NamedPolicy:
    return NamedPolicy(kind, name, arn, parse_policy(json.dumps(document), PolicyKind.IDENTITY))
