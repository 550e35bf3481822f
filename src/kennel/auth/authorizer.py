"""The authorize step: for now it lets every authenticated principal do everything, and records it.

Policy evaluation takes its place at `RecordingAuthorizer.authorize` later. The record is what
least-privilege policies are written from: which principal used which action, and how often.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from kennel.auth.actions import iam_action
from kennel.errors import AccessDeniedException, ClientError
from kennel.identity import PrincipalKind
from kennel.services import Context

__all__ = ["AccessDenied", "Decision", "RecordingAuthorizer", "Usage"]

_KEPT_DECISIONS = 10_000


@dataclass(frozen=True, slots=True)
class Decision:
    """One answer of the authorize step. `time` is wall time."""

    time: float
    principal_arn: str
    action: str
    allowed: bool


@dataclass(frozen=True, slots=True)
class Usage:
    """How often a principal (a role, for its sessions) used an action."""

    principal_arn: str
    action: str
    allowed: bool
    count: int


class AccessDenied(ClientError):
    """AccessDeniedException as S3 and the query services call it."""

    status = 403


class RecordingAuthorizer:
    """Allows whoever is authenticated, refuses the anonymous caller, records both.

    Sessions that have expired never get here: their signature is refused. Costs under 1 µs.
    """

    def __init__(self, now: Callable[[], float] = time.time) -> None:
        self._now = now
        self._decisions: deque[tuple[float, str, str, bool]] = deque(maxlen=_KEPT_DECISIONS)
        self._counts: dict[tuple[str, str, bool], int] = {}
        self._lock = threading.Lock()

    def authorize(
        self, context: Context, service: str, operation: str, parameters: Mapping[str, Any]
    ) -> None:
        """Raises AccessDeniedException (AccessDenied, where the service calls it so) for the
        anonymous caller."""
        principal = context.principal
        action = iam_action(service, operation)
        allowed = principal.kind is not PrincipalKind.ANONYMOUS
        key = (principal.role_arn or principal.arn, action, allowed)
        with self._lock:
            self._counts[key] = self._counts.get(key, 0) + 1
        self._decisions.append((self._now(), principal.arn, action, allowed))
        if not allowed:
            kind = AccessDenied if service in ("s3", "iam", "sts") else AccessDeniedException
            raise kind(
                f"An anonymous caller is not authorized to perform: {action}. Sign the request."
            )

    def decisions(self) -> list[Decision]:
        """The latest decisions, oldest first."""
        return [Decision(*row) for row in self._decisions.copy()]

    def usage(self) -> list[Usage]:
        """What was used since the plane started, by principal and action."""
        with self._lock:
            rows = sorted(self._counts.items())
        return [Usage(*key, count) for key, count in rows]
