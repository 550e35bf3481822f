"""What recorded calls need: actions on patterns, under conditions where they narrow."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from kennel.cli.iam.actions import LISTED_ON_PATHS, action_reference
from kennel.cli.iam.generate.calls import Calls
from kennel.cli.iam.generate.conditions import Condition, Scope, merged
from kennel.cli.iam.generate.folders import Thresholds
from kennel.cli.iam.generate.patterns import escaped, fits, unescaped
from kennel.cli.iam.generate.widening import Widened, Widening, widen, widen_values
from kennel.decisions import RecordedDecision

__all__ = ["Grant", "Granted", "grants_of"]

_NARROWING: Mapping[str, str] = {
    "cloudwatch:PutMetricData": "cloudwatch:namespace",
    "iam:CreateServiceLinkedRole": "iam:AWSServiceName",
    "iam:PassRole": "iam:PassedToService",
    "s3:ListBucket": "s3:prefix",
    "s3:ListBucketVersions": "s3:prefix",
}
"""The condition key that says most of what an action was used for."""

_PATHS = frozenset({"s3:prefix"})
"""Keys whose values are paths, and vary as names do."""


@dataclass(frozen=True, slots=True)
class Grant:
    """An action on what fits any of the patterns, if all conditions hold."""

    action: str
    resources: frozenset[str]
    conditions: tuple[Condition, ...] = ()


@dataclass(frozen=True, slots=True)
class Granted:
    """All grants, and the reasons of their wildcards by action."""

    grants: Sequence[Grant]
    reasons: Sequence[tuple[str, Widening]]


def grants_of(
    calls: Calls,
    scopes: Mapping[int, Scope] = MappingProxyType({}),
    *,
    exact: bool = False,
    thresholds: Thresholds = Thresholds(),  # noqa: B008 - frozen
) -> Granted:
    """The grants that the wanted calls need, those with a scope (by line's id) within it. `exact`:
    no wildcard but those that the record itself put where it had too many resources to keep apart,
    and those of scopes."""
    by_action: dict[str, list[RecordedDecision]] = defaultdict(list)
    for call in calls.wanted:
        by_action[call.action].append(call)
    denied = calls.denied_resources
    grants: list[Grant] = []
    reasons: list[tuple[str, Widening]] = []
    for action, needed in sorted(by_action.items()):
        made: list[Grant] = []
        for scope, values, resources in _by_scope(action, needed, scopes):
            condition, why = _condition(action, values, exact)
            conditions = merged(scope.conditions, condition)
            if scope.pattern:
                made.append(Grant(action, frozenset({scope.pattern}), conditions))
                reasons += [(action, widening) for widening in why]
                continue
            if _has_no_resource(action):
                resources = {("*", False)}
            beyond = denied.get(action, frozenset()) | _of_others(needed, scopes, scope)
            found = _widened(resources, beyond, exact, thresholds)
            made.append(Grant(action, found.patterns, conditions))
            reasons += [(action, widening) for widening in (*found.widenings, *why)]
        grants += _without_covered(made)
    return Granted(grants, reasons)


def _has_no_resource(action: str) -> bool:
    """Whether AWS's reference gives the action no type of resource: it wants `*`, whatever ARN
    policies are asked with. Listings that AWS asks on their path are left as they are."""
    known = action_reference().find(action)
    return known is not None and not known.arns and action not in LISTED_ON_PATHS


_Resource = tuple[str, bool]
"""A resource and whether it is the record's own pattern."""


def _of_others(
    needed: Sequence[RecordedDecision], scopes: Mapping[int, Scope], scope: Scope
) -> frozenset[str]:
    """Resources of calls in other scopes: no wildcard may free them of their conditions."""
    return frozenset(one.resource for one in needed if scopes.get(one.id, Scope()) != scope)


def _by_scope(
    action: str, needed: Sequence[RecordedDecision], scopes: Mapping[int, Scope]
) -> Iterator[tuple[Scope, frozenset[str], set[_Resource]]]:
    groups: dict[Scope, list[RecordedDecision]] = defaultdict(list)
    for call in needed:
        groups[scopes.get(call.id, Scope())].append(call)
    for scope, calls in groups.items():
        for values, resources in _by_condition(action, calls):
            yield scope, values, resources


def _by_condition(
    action: str, needed: Sequence[RecordedDecision]
) -> list[tuple[frozenset[str], set[_Resource]]]:
    """Resources by the values that the action's narrowing key had; no values where the key was
    absent once, so that a condition would have refused a call."""
    key = _NARROWING.get(action, "").lower()
    values: dict[_Resource, set[str]] = {}
    without: set[_Resource] = set()
    for call in needed:
        resource = (call.resource, call.folded and call.resource.endswith("*"))
        found = call.facts.get(key, ()) if key else ()
        values.setdefault(resource, set()).update(found)
        if not found:
            without.add(resource)
    groups: dict[frozenset[str], set[_Resource]] = defaultdict(set)
    for resource, found_values in values.items():
        groups[frozenset() if resource in without else frozenset(found_values)].add(resource)
    return sorted(groups.items(), key=lambda group: sorted(group[0]))


def _condition(
    action: str, values: frozenset[str], exact: bool
) -> tuple[Condition | None, tuple[Widening, ...]]:
    if not values:
        return None, ()
    key = _NARROWING[action]
    if exact or key not in _PATHS:
        return Condition("StringEquals", key, tuple(sorted(map(_escaped_variable, values)))), ()
    found = widen_values(values)
    if not found.widenings:
        return Condition("StringEquals", key, tuple(sorted(map(_escaped_variable, values)))), ()
    return Condition("StringLike", key, tuple(sorted(found.patterns))), found.widenings


def _escaped_variable(value: str) -> str:
    return value.replace("${", "${$}{")


def _widened(
    resources: set[_Resource], denied: frozenset[str], exact: bool, thresholds: Thresholds
) -> Widened:
    names = {name for name, is_pattern in resources if not is_pattern}
    patterns = frozenset(escaped(one[:-1]) + "*" for one, is_pattern in resources if is_pattern)
    names = {name for name in names if not any(fits(pattern, name) for pattern in patterns)}
    reason = "the record folds resources of one kind when there are more than it keeps apart"
    told = tuple(Widening(pattern, (), reason) for pattern in sorted(patterns))
    if "*" in names:  # what has no resource, or what was asked of all
        return Widened(frozenset("*"), ())
    if exact:
        return Widened(patterns | {escaped(name) for name in names}, told)
    found = widen(names, denied, thresholds)
    return Widened(found.patterns | patterns, (*found.widenings, *told))


def _without_covered(grants: Sequence[Grant]) -> list[Grant]:
    """The grants of one action, without what the unconditional one allows anyway."""
    free = {pattern for one in grants if not one.conditions for pattern in one.resources}
    kept = []
    for grant in grants:
        resources = grant.resources
        if grant.conditions:
            resources = frozenset(
                one for one in resources if not any(fits(wide, unescaped(one)) for wide in free)
            )
        if resources:
            kept.append(Grant(grant.action, resources, grant.conditions))
    return kept
