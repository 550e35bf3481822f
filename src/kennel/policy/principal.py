"""Who makes a call."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

__all__ = ["Principal", "PrincipalKind", "SessionScope"]


class PrincipalKind(StrEnum):
    """What AWS distinguishes in `aws:PrincipalType`, and the unsigned caller."""

    ROOT = "Account"
    USER = "User"
    ASSUMED_ROLE = "AssumedRole"
    SERVICE = "Service"
    ANONYMOUS = "Anonymous"


@dataclass(frozen=True, slots=True)
class SessionScope:
    """What a session of temporary credentials carries besides whom it acts as: an inline session
    policy (JSON, or empty), the ARNs of managed session policies, the session's tags, and the wall
    time at which it was issued."""

    policy: str = ""
    policy_arns: tuple[str, ...] = ()
    tags: tuple[tuple[str, str], ...] = ()
    issued: float = 0.0


@dataclass(frozen=True, slots=True)
class Principal:
    """An authenticated caller.

    `arn` is what GetCallerIdentity answers (`arn:aws:sts::ACCOUNT:assumed-role/ROLE/SESSION` for
    a role's session; the service's DNS name for a service). `role_arn` is the role behind a
    session, else empty. `session` is there for temporary credentials.
    """

    kind: PrincipalKind
    account_id: str
    arn: str
    user_id: str
    role_arn: str = ""
    session: SessionScope | None = None

    @classmethod
    def root(cls, account_id: str) -> Principal:
        """The account itself."""
        return cls(PrincipalKind.ROOT, account_id, f"arn:aws:iam::{account_id}:root", account_id)

    @classmethod
    def service(cls, account_id: str, name: str) -> Principal:
        """An AWS service such as `sagemaker.amazonaws.com`, acting in the account."""
        return cls(PrincipalKind.SERVICE, account_id, name, name)

    @classmethod
    def anonymous(cls) -> Principal:
        """The caller that signed nothing."""
        return cls(PrincipalKind.ANONYMOUS, "", "*", "anonymous")

    @classmethod
    def role_session(
        cls, account_id: str, role_name: str, role_id: str, role_arn: str, session_name: str
    ) -> Principal:
        """A session of a role, as AssumeRole makes it. `role_name` is without its path."""
        arn = f"arn:aws:sts::{account_id}:assumed-role/{role_name}/{session_name}"
        return cls(
            PrincipalKind.ASSUMED_ROLE, account_id, arn, f"{role_id}:{session_name}", role_arn
        )
