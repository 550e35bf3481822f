"""CloudWatch Logs alone, without the rest of a plane."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any

from kennel.clock import Clock, ScaledClock
from kennel.errors import AccessDeniedException
from kennel.identity import Principal
from kennel.services import Access, Context, Dispatcher, Parts
from kennel.services.logs import Logs

__all__ = ["ACCOUNT", "REGION", "Stage"]

ACCOUNT = "123456789012"
REGION = "us-east-1"


class _Authorizer:
    def __init__(self, denies: Callable[[Context, str], bool] | None = None) -> None:
        self._denies = denies

    def allows(self, context: Context, access: Access) -> bool:
        return True

    def authorize(
        self, context: Context, service: str, operation: str, parameters: Mapping[str, Any]
    ) -> None:
        if self._denies is not None and self._denies(context, operation):
            raise AccessDeniedException(f"{context.principal.arn} may not {operation}")


class Stage:
    """The service on a state folder. `stage.call("PutLogEvents", …)` as the account's root."""

    def __init__(
        self,
        folder: Path,
        clock: Clock | None = None,
        denies: Callable[[Context, str], bool] | None = None,
    ) -> None:
        self.dispatcher = Dispatcher(_Authorizer(denies), REGION, ACCOUNT)
        # What Logs does not use is None.
        parts: dict[str, Any] = dict.fromkeys(field.name for field in fields(Parts))
        parts |= {
            "clock": clock or ScaledClock(),
            "dispatcher": self.dispatcher,
            "folder": folder,
            "region": REGION,
            "account_id": ACCOUNT,
        }
        self.logs = Logs(Parts(**parts))
        self.dispatcher.add(self.logs)
        self.root = Principal.root(ACCOUNT)
        self.role = Principal.role_session(
            ACCOUNT, "job", "AROAEXAMPLE", f"arn:aws:iam::{ACCOUNT}:role/job", "session"
        )

    def call(self, operation: str, region: str = REGION, **parameters: Any) -> dict[str, Any]:
        context = self.dispatcher.context(self.root, region=region)
        return context.call("logs", operation, **parameters)

    def messages(self, group: str, stream: str) -> list[str]:
        """Every message of a stream, oldest first, read page by page."""
        found: list[str] = []
        token: dict[str, str] = {}
        while True:
            page = self.call(
                "GetLogEvents",
                logGroupName=group,
                logStreamName=stream,
                startFromHead=True,
                **token,
            )
            found += [event["message"] for event in page["events"]]
            if token.get("nextToken") == page["nextForwardToken"]:
                return found
            token = {"nextToken": page["nextForwardToken"]}
