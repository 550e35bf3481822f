"""The proof: the recording played again, against the new policies and against the old."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from kennel.cli.iam.generate.calls import Calls
from kennel.cli.iam.generate.current import Holder
from kennel.cli.iam.generate.near_misses import near_misses, near_misses_in_context
from kennel.cli.iam.generate.patterns import fits, without_variables
from kennel.cli.iam.generate.replayed import as_user, request_of
from kennel.cli.iam.generate.sizes import Size, size_of
from kennel.cli.iam.generate.statements import Document
from kennel.decisions import RecordedDecision
from kennel.policy import (
    AccessRequest,
    NamedPolicy,
    Policies,
    PolicyKind,
    PolicySet,
    PolicyType,
    decide,
    parse_policy,
)
from kennel.policy.context_keys import context_keys

__all__ = ["Proof", "new_policies", "prove"]


@dataclass(frozen=True, slots=True)
class Proof:
    """What playing the recording again gave.

    `lost`: calls that the new policies should allow and don't. `opened`: calls that were denied and
    are no longer. `strayed`: near misses that the new policies allow. `old_lost`: calls that the
    old policies no longer allow, as they changed since. `near_misses` were tried, all outside what
    the new policies name; of them `old_near_misses` are allowed by the old policies.
    """

    lines: int
    calls: int
    denied_lines: int
    lost: Sequence[RecordedDecision]
    opened: Sequence[RecordedDecision]
    old_lost: Sequence[RecordedDecision]
    near_misses: int
    old_near_misses: int
    strayed: Sequence[AccessRequest]
    before: Size | None
    after: Size
    context_misses: int = 0
    """Calls that the old policies allowed, with another value of a key that these name, or none."""
    strayed_in_context: Sequence[AccessRequest] = ()
    """Those of them that the new policies allow and the old ones deny."""
    bounded: Sequence[RecordedDecision] = field(default_factory=list)
    """Calls that the boundary denies whatever the identity's policies say."""

    @property
    def holds(self) -> bool:
        return not (self.lost or self.opened or self.strayed or self.strayed_in_context)


def prove(calls: Calls, documents: Sequence[Document], holder: Holder) -> Proof:
    """Plays the recording against the documents, in the holder's old policies' place."""
    new = new_policies(documents, holder)
    bounded = [one for one in calls.wanted if _bound_denies(one, holder)]
    beyond = {one.id for one in bounded}
    misses = [one for one in near_misses(calls.wanted) if not _is_granted(one, documents)]
    old = sum(holder.is_root or decide(one, holder.policies).allowed for one in misses)
    others = _in_context(calls.wanted, holder)
    is_known = not (holder.is_root or holder.is_gone)
    return Proof(
        lines=len(calls.wanted) + len(calls.refused),
        calls=sum(one.count for one in (*calls.wanted, *calls.refused)),
        denied_lines=len(calls.refused),
        lost=[one for one in calls.wanted if one.id not in beyond and not _allowed(one, new)],
        opened=[one for one in calls.refused if _may_open(one) and _allowed(one, new)],
        old_lost=_denied_now(calls.wanted, holder.policies) if is_known else [],
        near_misses=len(misses),
        old_near_misses=old,
        strayed=[one for one in misses if decide(as_user(one), new).allowed],
        before=size_of(holder.policies.identity) if is_known else None,
        after=size_of(new.identity),
        context_misses=len(others),
        strayed_in_context=[
            one
            for one in others
            if decide(one, new).allowed and not decide(one, holder.policies).allowed
        ],
        bounded=bounded,
    )


def _in_context(wanted: Sequence[RecordedDecision], holder: Holder) -> list[AccessRequest]:
    """Calls that are allowed today, with other values of the keys that the old policies name."""
    keys = context_keys(policy.document for policy in holder.policies.identity)
    if not keys:
        return []
    allowed = [one for one in wanted if _allowed(one, holder.policies)]
    return list(near_misses_in_context(allowed, {key.lower() for key in keys}))


def new_policies(documents: Sequence[Document], holder: Holder) -> Policies:
    """The documents as the holder's only policies, within the boundary that it has."""
    identity = PolicySet(
        NamedPolicy(
            PolicyType.IDENTITY,
            f"generated-{number}",
            holder.arn,
            parse_policy(json.dumps(document), PolicyKind.IDENTITY),
        )
        for number, document in enumerate(documents, 1)
    )
    return replace(holder.policies, identity=identity)


def _allowed(one: RecordedDecision, policies: Policies) -> bool:
    return decide(as_user(request_of(one)), policies).allowed


def _denied_now(calls: Sequence[RecordedDecision], policies: Policies) -> list[RecordedDecision]:
    return [one for one in calls if not _allowed(one, policies)]


def _bound_denies(one: RecordedDecision, holder: Holder) -> bool:
    if holder.policies.boundary is None:
        return False
    free = replace(holder.policies, identity=(_EVERYTHING,))
    return not _allowed(one, free)


def _may_open(one: RecordedDecision) -> bool:
    """Whether an identity policy could have let it pass: what the resource, a boundary or a session
    denies, they go on denying."""
    return one.reason.by in ("", PolicyType.IDENTITY)


def _is_granted(request: AccessRequest, documents: Sequence[Document]) -> bool:
    """Whether the policies mean to allow it: another call needs it, or a wildcard that is stated
    covers it. Read from the text, so that it does not lean on `decide`."""
    return any(
        statement["Effect"] == "Allow"
        and request.action.lower() in (name.lower() for name in _several(statement["Action"]))
        and any(
            fits(without_variables(pattern), request.resource)
            for pattern in _several(statement["Resource"])
        )
        for document in documents
        for statement in document["Statement"]
    )


def _several(value: str | list[str]) -> list[str]:
    return [value] if isinstance(value, str) else value


_EVERYTHING = NamedPolicy(
    PolicyType.IDENTITY,
    "everything",
    "",
    parse_policy(
        '{"Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}}', PolicyKind.IDENTITY
    ),
)
