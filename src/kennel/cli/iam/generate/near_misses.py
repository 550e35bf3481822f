"""Calls that lie beside the recorded ones: another resource of the same type, another action."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import islice

from kennel.cli.iam.actions import action_reference
from kennel.cli.iam.generate.patterns import fits
from kennel.decisions import RecordedDecision
from kennel.policy import AccessRequest

__all__ = ["near_misses", "siblings"]

_HEAD = 5  # arn, partition, service, region, account
_OTHER = "kennel-near-miss"
_OTHER_ACCOUNT = "999999999999"
_RESOURCES = 200  # whose neighbours are tried
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
