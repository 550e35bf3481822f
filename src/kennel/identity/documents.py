"""Keys and sessions as the store keeps them."""

from __future__ import annotations

import msgspec

from kennel.policy import Principal, PrincipalKind, SessionScope
from kennel.store import Document

__all__ = ["AccessKey", "Session"]


class AccessKey(Document):
    """A user's access key. `created` is wall time."""

    secret: str
    account_id: str
    arn: str
    user_id: str
    active: bool = True
    created: float = 0.0

    @property
    def principal(self) -> Principal:
        """The user that the key stands for."""
        return Principal(PrincipalKind.USER, self.account_id, self.arn, self.user_id)


class Session(Document):
    """Temporary credentials, and what narrows them. `issued` and `expires` are wall time."""

    secret: str
    token: str
    expires: float
    kind: PrincipalKind
    account_id: str
    arn: str
    user_id: str
    role_arn: str = ""
    policy: str = ""
    policy_arns: tuple[str, ...] = ()
    tags: dict[str, str] = msgspec.field(default_factory=dict)
    issued: float = 0.0

    @property
    def principal(self) -> Principal:
        """Whom the session acts as, and what narrows it."""
        scope = SessionScope(
            self.policy, tuple(self.policy_arns), tuple(self.tags.items()), self.issued
        )
        return Principal(self.kind, self.account_id, self.arn, self.user_id, self.role_arn, scope)
