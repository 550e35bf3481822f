"""The categories of instance metadata, as a tree that is made for each question."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime

from kennel.services.instance_metadata.facts import InstanceFacts

__all__ = ["look_up"]

_IDENTITY_VERSION = "2017-09-30"

Leaf = str | bytes | Callable[[], str]
Tree = dict[str, "Leaf | Tree"]


def look_up(
    facts: InstanceFacts, path: str, credentials: Callable[[], Mapping[str, str]]
) -> bytes | None:
    """What GET answers for a path such as `latest/meta-data/instance-id`; None if it is not there.

    A category with others below it lists them, one a line, with a slash behind those that have
    more. `credentials` is asked for the role's only where they are wanted.
    """
    found: Leaf | Tree = {"latest": _latest(facts, credentials)}
    for step in filter(None, path.split("/")):
        if not isinstance(found, dict) or step not in found:
            return None
        found = found[step]
    if isinstance(found, dict):
        found = "\n".join(
            f"{name}/" if isinstance(below, dict) else name for name, below in sorted(found.items())
        )
    text = found() if callable(found) else found
    return text.encode() if isinstance(text, str) else text


def _latest(facts: InstanceFacts, credentials: Callable[[], Mapping[str, str]]) -> Tree:
    tree: Tree = {
        "dynamic": {"instance-identity": {"document": lambda: _identity(facts)}},
        "meta-data": _meta_data(facts, credentials),
    }
    if facts.user_data:
        tree["user-data"] = facts.user_data
    return tree


def _meta_data(facts: InstanceFacts, credentials: Callable[[], Mapping[str, str]]) -> Tree:
    tree: Tree = {
        "placement": {"availability-zone": facts.availability_zone, "region": facts.region},
        "services": {"domain": "amazonaws.com", "partition": "aws"},
    }
    plain = {
        "ami-id": facts.image_id,
        "ami-launch-index": "0",
        "hostname": facts.host_name,
        "instance-id": facts.instance_id,
        "instance-life-cycle": facts.life_cycle,
        "instance-type": facts.instance_type,
        "local-hostname": facts.host_name,
        "local-ipv4": facts.private_ip,
        "security-groups": "\n".join(facts.security_groups),
    }
    tree.update({name: text for name, text in plain.items() if text})
    iam: Tree = {}
    if facts.profile_arn:
        iam["info"] = lambda: _profile(facts)
    if facts.role_name:
        iam["security-credentials"] = {facts.role_name: lambda: _shown(credentials())}
    if iam:
        tree["iam"] = iam
    if facts.tags:
        tree["tags"] = {"instance": dict(facts.tags)}
    for path, text in facts.more.items():
        *folders, name = path.split("/")
        branch = tree
        for folder in folders:
            below = branch.setdefault(folder, {})
            assert isinstance(below, dict), f"{path} lies below a leaf"
            branch = below
        branch[name] = text
    return tree


def _profile(facts: InstanceFacts) -> str:
    return _shown(
        {
            "Code": "Success",
            "LastUpdated": _time(facts.started),
            "InstanceProfileArn": facts.profile_arn,
            "InstanceProfileId": facts.profile_id,
        }
    )


def _identity(facts: InstanceFacts) -> str:
    return _shown(
        {
            "accountId": facts.account_id,
            "architecture": facts.architecture,
            "availabilityZone": facts.availability_zone,
            "billingProducts": None,
            "devpayProductCodes": None,
            "marketplaceProductCodes": None,
            "imageId": facts.image_id or None,
            "instanceId": facts.instance_id,
            "instanceType": facts.instance_type,
            "kernelId": None,
            "pendingTime": _time(facts.started),
            "privateIp": facts.private_ip or None,
            "ramdiskId": None,
            "region": facts.region,
            "version": _IDENTITY_VERSION,
        }
    )


def _shown(document: Mapping[str, str | None]) -> str:
    return json.dumps(document, indent=2)


def _time(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
