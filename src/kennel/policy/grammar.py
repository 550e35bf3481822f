"""The grammar of policies: text in, statements out, or the reason why not.

Source: "Grammar of the IAM JSON policy language" in the IAM user guide; the sentences are the ones
that IAM answers where it is known to answer them.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NoReturn

from kennel.policy.elements import (
    LEGACY_PARSING,
    PolicyError,
    PolicyKind,
    check_action,
    check_condition,
    check_principal,
    check_resource,
)

__all__ = ["PolicyDocument", "Statement", "parse_policy"]


@dataclass(frozen=True, slots=True)
class Statement:
    """One statement, single values made lists. Exactly one of `actions` and `not_actions` has
    members, and so have resources and principals where the kind of policy has them. A principal
    `"*"` is `{"*": ("*",)}`."""

    sid: str
    allow: bool
    actions: tuple[str, ...]
    not_actions: tuple[str, ...]
    resources: tuple[str, ...]
    not_resources: tuple[str, ...]
    principals: Mapping[str, tuple[str, ...]]
    not_principals: Mapping[str, tuple[str, ...]]
    conditions: Mapping[str, Mapping[str, tuple[str, ...]]]


@dataclass(frozen=True, slots=True)
class PolicyDocument:
    """A policy whose grammar is right."""

    version: str
    statements: tuple[Statement, ...]


_VERSIONS = ("2012-10-17", "2008-10-17")
_POLICY_KEYS = {"Version", "Id", "Statement"}
_STATEMENT_KEYS = {
    "Sid",
    "Effect",
    "Principal",
    "NotPrincipal",
    "Action",
    "NotAction",
    "Resource",
    "NotResource",
    "Condition",
}
_PRINCIPAL_KEYS = {"AWS", "Service", "Federated", "CanonicalUser"}
_SID = re.compile(r"[A-Za-z0-9]*")


@dataclass(frozen=True, slots=True)
class _Number:
    """A number as it was written: `10` and `10.0` stay what they are."""

    text: str


def parse_policy(text: str, kind: PolicyKind) -> PolicyDocument:
    """Reads a policy. Raises PolicyError, and nothing else, whatever the text."""
    try:
        return _policy(_object(text, kind), kind)
    except RecursionError:
        raise PolicyError(_broken(kind)) from None


def _policy(document: dict[str, Any], kind: PolicyKind) -> PolicyDocument:
    unknown = document.keys() - _POLICY_KEYS
    if unknown:
        raise PolicyError(f"Syntax errors in policy. Unknown element {sorted(unknown)[0]}.")
    version = document.get("Version", "2008-10-17")
    if not isinstance(document.get("Id", ""), str):
        raise PolicyError("Syntax errors in policy. Id must be a string.")
    if not isinstance(version, str) or version not in _VERSIONS:
        raise PolicyError("Policy document must be version 2012-10-17 or greater.")
    raw = document.get("Statement")
    statements: list[Any] = raw if isinstance(raw, list) else [raw]
    if not raw or not all(isinstance(one, dict) for one in statements):
        raise PolicyError("Syntax errors in policy. Statement must hold at least one statement.")
    parsed = tuple(_statement(one, kind) for one in statements)
    sids = [one.sid for one in parsed if one.sid]
    if len(sids) != len(set(sids)):
        raise PolicyError("Statement IDs (SID) in a single policy must be unique.")
    return PolicyDocument(version, parsed)


def _broken(kind: PolicyKind, error: ValueError | None = None) -> str:
    """AWS's sentence, which tells no place, and behind it the place in our own words."""
    where = ""
    if isinstance(error, json.JSONDecodeError):
        where = f" (line {error.lineno}, column {error.colno}: {error.msg})"
    if kind is PolicyKind.TRUST:
        return f"This policy contains invalid Json{where}"
    return f"Syntax errors in policy.{where}"


def _object(text: str, kind: PolicyKind) -> dict[str, Any]:
    try:
        document = json.loads(
            text,
            object_pairs_hook=_without_duplicates,
            parse_int=_Number,
            parse_float=_Number,
            parse_constant=_no_constant,
        )
    except _DuplicateKey as error:
        raise PolicyError(f"Syntax errors in policy. {error}") from None
    except ValueError as error:
        raise PolicyError(_broken(kind, error)) from None
    if not isinstance(document, dict):
        raise PolicyError(_broken(kind))
    return document


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


class _DuplicateKey(ValueError):
    pass


def _without_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) != len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise _DuplicateKey(f"{twice} is there twice.")
    return made


def _statement(raw: dict[str, Any], kind: PolicyKind) -> Statement:
    unknown = raw.keys() - _STATEMENT_KEYS
    if unknown:
        raise PolicyError(f"Syntax errors in policy. Unknown element {sorted(unknown)[0]}.")
    effect = raw.get("Effect")
    if effect is None:
        raise PolicyError("Missing required field Effect")
    if effect not in ("Allow", "Deny"):
        if isinstance(effect, str) and effect.lower() in ("allow", "deny"):
            raise PolicyError(f"{LEGACY_PARSING} (Effect is Allow or Deny, not {effect})")
        raise PolicyError(f"Syntax errors in policy. Invalid effect: {effect}")
    actions, not_actions = _one_of(raw, "Action", "NotAction", "actions")
    for action in actions + not_actions:
        check_action(action, kind)
    if kind is PolicyKind.TRUST:
        resources: tuple[str, ...] = ()
        not_resources: tuple[str, ...] = ()
        for name in ("Resource", "NotResource", "NotPrincipal"):
            if name in raw:
                raise PolicyError(f"Has prohibited field {name}")
        principals, not_principals = _principals(raw, kind)
    elif kind is PolicyKind.RESOURCE:
        resources, not_resources = _resources(raw)
        principals, not_principals = _principals(raw, kind)
    else:
        if "Principal" in raw or "NotPrincipal" in raw:
            raise PolicyError("Policy document should not specify a principal.")
        resources, not_resources = _resources(raw)
        principals, not_principals = {}, {}
    return Statement(
        sid=_sid(raw, kind),
        allow=effect == "Allow",
        actions=actions,
        not_actions=not_actions,
        resources=resources,
        not_resources=not_resources,
        principals=principals,
        not_principals=not_principals,
        conditions=_conditions(raw.get("Condition")),
    )


def _sid(raw: dict[str, Any], kind: PolicyKind) -> str:
    sid = raw.get("Sid", "")
    if not isinstance(sid, str) or not (kind is PolicyKind.RESOURCE or _SID.fullmatch(sid)):
        raise PolicyError(
            "Statement IDs (SID) must be alpha-numeric. Check that your input satisfies the "
            "regular expression [0-9A-Za-z]*"
        )
    return sid


def _one_of(
    raw: dict[str, Any], name: str, other: str, noun: str
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    if name in raw and other in raw:
        raise PolicyError(f"Syntax errors in policy. {name} and {other} exclude each other.")
    if name not in raw and other not in raw:
        raise PolicyError(f"Policy statement must contain {noun}.")
    values = _strings(raw.get(name, raw.get(other)), name)
    if not values:
        raise PolicyError(f"Policy statement must contain {noun}.")
    return (values, ()) if name in raw else ((), values)


def _resources(raw: dict[str, Any]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    resources, not_resources = _one_of(raw, "Resource", "NotResource", "resources")
    for resource in resources + not_resources:
        check_resource(resource)
    return resources, not_resources


_Principals = Mapping[str, tuple[str, ...]]


def _principals(raw: dict[str, Any], kind: PolicyKind) -> tuple[_Principals, _Principals]:
    if "Principal" in raw and "NotPrincipal" in raw:
        raise PolicyError("Syntax errors in policy. Principal and NotPrincipal exclude each other.")
    if "Principal" in raw:
        return _principal_map(raw["Principal"], kind), {}
    if "NotPrincipal" in raw:
        return {}, _principal_map(raw["NotPrincipal"], kind)
    raise PolicyError("Missing required field Principal")


def _principal_map(value: Any, kind: PolicyKind) -> _Principals:
    if value == "*":
        return {"*": ("*",)}
    if not isinstance(value, dict) or not value:
        raise PolicyError("Syntax errors in policy. Principal must be an object or *.")
    unknown = value.keys() - _PRINCIPAL_KEYS
    if unknown:
        raise PolicyError(f"Invalid principal in policy: {sorted(unknown)[0]}")
    made = {name: _strings(members, "Principal") for name, members in value.items()}
    for name, members in made.items():
        for member in members or ("",):
            check_principal(name, member, kind)
    return made


def _conditions(value: Any) -> Mapping[str, Mapping[str, tuple[str, ...]]]:
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise PolicyError("Syntax errors in policy. Condition must be an object.")
    made: dict[str, Mapping[str, tuple[str, ...]]] = {}
    for operator, tests in value.items():
        if not isinstance(tests, dict):
            raise PolicyError("Syntax errors in policy. A condition must map keys to values.")
        made[operator] = {key: _strings(values, "Condition") for key, values in tests.items()}
        for key, values in made[operator].items() or [("x:none", ())]:
            check_condition(operator, key, values)
    return made


def _strings(value: Any, where: str) -> tuple[str, ...]:
    """One value or a list of them; numbers and booleans (in conditions) as their JSON text."""
    values = value if isinstance(value, list) else [value]
    made: list[str] = []
    for one in values:
        if where == "Condition" and isinstance(one, bool):
            made.append("true" if one else "false")
        elif where == "Condition" and isinstance(one, _Number):
            made.append(one.text)
        elif isinstance(one, str):
            made.append(one)
        else:
            raise PolicyError(f"Syntax errors in policy. {where} must hold strings.")
    return tuple(made)
