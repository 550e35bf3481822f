"""What the authorize step tells of each decision."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from kennel.policy import AccessRequest, Decision

__all__ = ["DecisionRecorder"]


class DecisionRecorder(Protocol):
    """Takes down decisions. Never blocks, never raises: it is on the way of every request."""

    def record(
        self,
        request: AccessRequest,
        decision: Decision,
        facts: Mapping[str, tuple[str, ...]],
        *,
        enforced: bool = True,
    ) -> None:
        """One decision on one action and resource.

        `facts` are the values of condition keys, by key in lower case, that belong to the
        decision: the action's own (`Access.context`), and of the global keys and tags those that a
        statement asked for. `enforced` is False where a denial lets the call pass
        (`--iam=observe`). The mapping is read before the call returns and not kept.
        """
