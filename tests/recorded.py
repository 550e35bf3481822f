"""Decisions written into a state folder while no plane runs on it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from kennel.decisions import MIGRATIONS, DecisionRecord, Outcome
from kennel.policy import AccessRequest, Decision, PolicyType, Principal, PrincipalKind
from kennel.store import Database

__all__ = ["ACCOUNT", "Call", "session", "tell", "user"]

ACCOUNT = "000000000000"


@dataclass(frozen=True, slots=True)
class Call:
    """One call as a test writes it."""

    principal: Principal
    action: str
    resource: str = "*"
    outcome: Outcome = Outcome.ALLOWED
    facts: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


def session(role: str, name: str = "s") -> Principal:
    """A session of the role of that name."""
    arn = f"arn:aws:iam::{ACCOUNT}:role/{role}"
    return Principal.role_session(ACCOUNT, role, "AROAEXAMPLE", arn, name)


def tell(state: Path, calls: Iterable[Call]) -> None:
    """Records the calls."""
    state.mkdir(parents=True, exist_ok=True)
    database = Database(state / "kennel.db", MIGRATIONS)
    database.start()
    record = DecisionRecord(database)
    for call in calls:
        allowed = call.outcome is Outcome.ALLOWED
        record.record(
            AccessRequest(call.principal, call.action, call.resource, ACCOUNT, call.facts),
            Decision(True) if allowed else Decision(False, False, PolicyType.IDENTITY),
            call.facts,
            enforced=call.outcome is not Outcome.OBSERVED,
        )
        record.flush()
    database.stop()


def user(name: str) -> Principal:
    """An IAM user."""
    return Principal(
        kind=PrincipalKind.USER,
        account_id=ACCOUNT,
        arn=f"arn:aws:iam::{ACCOUNT}:user/{name}",
        user_id="AIDAEXAMPLE",
    )
