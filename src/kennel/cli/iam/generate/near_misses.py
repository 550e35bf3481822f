"""Calls that lie beside the recorded ones: another resource of the same type, another action,
another tag or address."""

from __future__ import annotations

import contextlib
from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace
from ipaddress import ip_address
from itertools import islice

from kennel.cli.iam.actions import action_reference
from kennel.cli.iam.generate.patterns import fits
from kennel.cli.iam.generate.replayed import as_user, request_of
from kennel.decisions import RecordedDecision
from kennel.policy import AccessRequest

__all__ = ["near_misses", "near_misses_in_context", "siblings"]

_HEAD = 5  # arn, partition, service, region, account
_OTHER = "kennel-near-miss"
_OTHER_ACCOUNT = "999999999999"
_RESOURCES = 200  # whose neighbours are tried
_VALUES = 5  # of other calls, tried for one key
_ACTIONS = 40  # tried on one resource


def near_misses(wanted: Sequence[RecordedDecision]) -> Iterator[AccessRequest]:
    """A sample. None of them was recorded as wanted."""
    recorded = {(one.action.lower(), one.resource) for one in wanted}
    seen: set[tuple[str, str]] = set()
    for one in islice(_first_of_each_kind(wanted), _RESOURCES):
        request = AccessRequest(
            one.principal, one.action, one.resource, one.resource_account, dict(one.facts)
        )
        tried = [replace(request, resource=arn) for arn in siblings(one.resource)]
        tried += [replace(request, action=name) for name in _other_actions(one)]
        for near in tried:
            key = near.action.lower(), near.resource
            if key not in recorded and key not in seen:
                seen.add(key)
                yield near


def near_misses_in_context(
    wanted: Sequence[RecordedDecision], keys: Collection[str]
) -> Iterator[AccessRequest]:
    """The same calls with another value of one of the keys (in lower case), or without it: another
    tag, another address. Other values are those of other calls, too."""
    seen: defaultdict[str, set[tuple[str, ...]]] = defaultdict(set)
    for one in wanted:
        for key, values in one.facts.items():
            if key in keys:
                seen[key].add(values)
    for one in islice(_first_of_each_kind(wanted), _RESOURCES):
        request = as_user(request_of(one))
        for key in sorted(set(keys) & request.context.keys()):
            values = request.context[key]
            others = islice(sorted(seen[key] - {values}), _VALUES)
            rest = {name: known for name, known in request.context.items() if name != key}
            yield replace(request, context=rest)
            for other in ((_other(values[0]),) if values else (_OTHER,), *others):
                yield replace(request, context={**rest, key: other})


def _other(value: str) -> str:
    """A value of the same kind that nobody gave."""
    if value.lower() in ("true", "false"):
        return "false" if value.lower() == "true" else "true"
    with contextlib.suppress(ValueError):
        return "2001:db8::7" if ip_address(value).version == 6 else "198.51.100.7"
    return str(int(value) + 1) if value.isascii() and value.isdigit() else _OTHER


def siblings(arn: str) -> list[str]:
    """Resources of the same type with a name that nobody gave: of the same parent, of another one,
    of another account."""
    parts = arn.split(":", _HEAD)
    if len(parts) <= _HEAD:
        return []
    head, name = parts[:_HEAD], parts[_HEAD]
    cut = next((i for i, character in enumerate(name) if character in "/:"), -1)
    names = [name[: cut + 1] + _OTHER]
    if arn.startswith("arn:aws:s3:::") and cut >= 0:
        names.append(_OTHER + name[cut:])
    made = [":".join([*head, other]) for other in names]
    if head[4]:
        made.append(":".join([*head[:4], _OTHER_ACCOUNT, name]))
    return [one for one in made if one != arn]


def _other_actions(one: RecordedDecision) -> Iterator[str]:
    """Actions of the service that take such a resource."""
    actions = action_reference().service(one.action.partition(":")[0])
    found = (
        action.name
        for action in actions.values()
        if action.name.lower() != one.action.lower()
        and (
            any(fits(arn, one.resource) for arn in action.arns)
            if one.resource != "*"
            else not action.arns
        )
    )
    return islice(found, _ACTIONS)


def _first_of_each_kind(wanted: Sequence[RecordedDecision]) -> Iterator[RecordedDecision]:
    """One call of each action first, then the rest, so that the sample has all of them."""
    seen: set[str] = set()
    rest = []
    for one in wanted:
        if one.folded:
            continue  # a pattern is no resource
        if one.action in seen:
            rest.append(one)
        else:
            seen.add(one.action)
            yield one
    yield from rest
