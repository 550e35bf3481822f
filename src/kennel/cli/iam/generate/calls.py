"""Which recorded calls a policy is made from, and which it must go on refusing."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from kennel.decisions import Outcome, RecordedDecision
from kennel.policy import PolicyType

__all__ = ["Calls", "since_made", "sort_calls"]


_ELSEWHERE = (PolicyType.RESOURCE, PolicyType.TRUST)


@dataclass(frozen=True, slots=True)
class Calls:
    """`wanted` are to be allowed, `refused` to stay denied. `elsewhere` were allowed by the
    resource's own policy and need nothing of the identity's; `settled` were denied and, the same
    call, allowed another time."""

    wanted: Sequence[RecordedDecision]
    refused: Sequence[RecordedDecision] = ()
    elsewhere: Sequence[RecordedDecision] = ()
    settled: Sequence[RecordedDecision] = ()

    @property
    def denied_resources(self) -> dict[str, frozenset[str]]:
        """By action, the resources that no pattern may fit."""
        allowed = {(one.action, one.resource) for one in self.wanted}
        found: dict[str, set[str]] = {}
        for one in self.refused:
            if (one.action, one.resource) not in allowed:
                found.setdefault(one.action, set()).add(one.resource)
        return {action: frozenset(resources) for action, resources in found.items()}


def sort_calls(found: Iterable[RecordedDecision], *, with_denied: bool = False) -> Calls:
    """Sorts them. A call that `--iam=observe` let pass counts as wanted, as the program went on,
    unless an explicit Deny covers it, which no grant cures."""
    wanted: list[RecordedDecision] = []
    elsewhere: list[RecordedDecision] = []
    denied: list[RecordedDecision] = []
    for one in found:
        if one.action.startswith("kennel:"):
            continue  # not AWS's
        if one.reason.explicit or (one.outcome is Outcome.DENIED and not with_denied):
            denied.append(one)
        elif one.outcome is Outcome.ALLOWED and one.reason.by in _ELSEWHERE:
            elsewhere.append(one)
        else:
            wanted.append(one)
    same = {_identity(one) for one in (*wanted, *elsewhere)}
    return Calls(
        wanted,
        [one for one in denied if _identity(one) not in same],
        elsewhere,
        [one for one in denied if _identity(one) in same],
    )


def since_made(found: Iterable[RecordedDecision], made: float) -> list[RecordedDecision]:
    """The calls without those of another of the same ARN, who was deleted before this one was
    `made` (wall time)."""
    return [one for one in found if one.last >= made]


def _identity(one: RecordedDecision) -> tuple[object, ...]:
    return one.action, one.resource, tuple(sorted(one.facts.items()))
