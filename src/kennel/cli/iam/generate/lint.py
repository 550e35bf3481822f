"""What AWS's own reference and limits say of a policy."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

from kennel.cli.iam.actions import LISTED_ON_PATHS, Action, action_reference
from kennel.cli.iam.audit.account import Account, Identity
from kennel.cli.iam.audit.granting import passing, takeover
from kennel.cli.iam.generate.current import Holder
from kennel.cli.iam.generate.patterns import fits, unescaped
from kennel.cli.iam.generate.proof import new_policies
from kennel.cli.iam.generate.statements import Document
from kennel.policy import PolicyError, PolicyKind, parse_policy

__all__ = ["lint"]


def lint(documents: Sequence[Document], holder: Holder) -> list[str]:
    """A sentence for each thing that IAM would refuse, or that can't have an effect, or that is
    wider than it must be, or with which `kennel iam audit` would find fault at the holder."""
    found = [finding for document in documents for finding in _findings(document)]
    return found or list(_audit(documents, holder))


def _audit(documents: Sequence[Document], holder: Holder) -> Iterator[str]:
    changed = replace(holder, policies=new_policies(documents, holder))
    account = Account(holder.arn.split(":")[4], (Identity(changed, created=0.0, used=None),))
    for rule in (takeover, passing):
        yield from (f"{one.rule.name}: the policy {one.message}." for one in rule(account))


def _findings(document: Document) -> Iterator[str]:
    try:
        parse_policy(json.dumps(document), PolicyKind.IDENTITY)
    except PolicyError as error:
        yield f"IAM refuses the policy: {error}"
    for statement in document["Statement"]:
        if statement["Effect"] == "Deny":
            continue  # not ours to judge
        sid = statement["Sid"]
        for name in _several(statement["Action"]):
            action = action_reference().find(name)
            if action is None:
                yield f"{sid}: AWS's reference has no action {name}."
                continue
            for resource in _several(statement["Resource"]):
                yield from _of_resource(sid, action, resource)
            for key in _keys(statement):
                if not _takes(action, key):
                    yield f"{sid}: {action.name} has no condition key {key}."


def _of_resource(sid: str, action: Action, resource: str) -> Iterator[str]:
    if resource == "*":
        if action.arns:
            yield f"{sid}: {action.name} could name its resource, and was asked of `*`."
    elif (kind := LISTED_ON_PATHS.get(action.name)) and _overlaps(
        f"arn:aws:iam::*:{kind}/*", resource
    ):
        return
    elif not action.arns:
        yield f"{sid}: {action.name} takes no resource but `*`; {resource} never fits."
    elif not any(_overlaps(arn, resource) for arn in action.arns):
        kinds = ", ".join(action.types)
        yield f"{sid}: {action.name} takes {kinds}; {resource} is none of these."


def _overlaps(arn: str, resource: str) -> bool:
    plain = unescaped(resource)
    return fits(arn, plain) or fits(resource, arn)


def _takes(action: Action, key: str) -> bool:
    known = {one.partition("/")[0].lower() for one in action.condition_keys}
    return key.lower().startswith("aws:") or key.partition("/")[0].lower() in known


def _keys(statement: dict[str, Any]) -> list[str]:
    return [key for tests in statement.get("Condition", {}).values() for key in tests]


def _several(value: Any) -> list[str]:
    return [value] if isinstance(value, str) else value
