"""One line of the record."""

from __future__ import annotations

from enum import StrEnum

import msgspec

from kennel.policy import Decision, PolicyType, Principal

__all__ = ["Outcome", "Reason", "RecordedDecision"]


class Outcome(StrEnum):
    """How a call fared: allowed, denied, or let pass although policies deny it (`observed`)."""

    ALLOWED = "allowed"
    DENIED = "denied"
    OBSERVED = "observed"


class Reason(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """By what a decision came about: the kind of policy that denies or allows (empty where nobody
    had to be asked), whether a Deny says so, and the statements that decided, as `POLICY SID` or
    `POLICY #INDEX`."""

    by: str = ""
    explicit: bool = False
    statements: tuple[str, ...] = ()

    @classmethod
    def of(cls, decision: Decision) -> Reason:
        """The reason of a decision."""
        statements = []
        for matched in decision.statements:
            sid = matched.policy.document.statements[matched.index].sid
            statements.append(f"{matched.policy.name} {sid or f'#{matched.index}'}".strip())
        return cls(
            by=_by(decision),
            explicit=decision.explicit,
            statements=tuple(statements),
        )

    @staticmethod
    def kind_of(decision: Decision) -> str:
        """What keeps lines apart: the kind of policy, after `!` where a Deny says so."""
        return f"!{_by(decision)}" if decision.explicit else _by(decision)


def _by(decision: Decision) -> str:
    if not decision.allowed:
        return str(decision.by or "")
    kinds = [matched.policy.type for matched in decision.statements]
    # Where both sides allow, what the caller carries is what it needs.
    return str(PolicyType.IDENTITY if PolicyType.IDENTITY in kinds else min(kinds, default=""))


class RecordedDecision(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """All calls of one user or role that took one action on one resource and fared alike,
    for the same kind of reason.

    `holder` is the ARN of the user, or of the role behind the sessions. `principal` and `reason`
    are of the latest call. `facts` are values of condition keys by the key in lower case. `first`
    and `last` are wall time in seconds. `folded`: the resource is a pattern that stands for more
    resources than the record keeps apart, or the facts are only those that many calls shared.
    """

    id: int
    holder: str
    action: str
    resource: str
    resource_account: str
    outcome: Outcome
    principal: Principal
    count: int
    first: float
    last: float
    facts: dict[str, tuple[str, ...]] = msgspec.field(default_factory=dict)
    reason: Reason = Reason()
    folded: bool = False
