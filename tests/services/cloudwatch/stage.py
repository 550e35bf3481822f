"""CloudWatch alone, without the rest of a plane."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any

from kennel.clock import Clock, ScaledClock
from kennel.identity import Principal
from kennel.services import Access, Context, Dispatcher, Parts
from kennel.services.cloudwatch import CloudWatch

__all__ = ["ACCOUNT", "REGION", "Stage"]

ACCOUNT = "123456789012"
REGION = "us-east-1"


class _Authorizer:
    def allows(self, context: Context, access: Access) -> bool:
        return True

    def authorize(
        self, context: Context, service: str, operation: str, parameters: Mapping[str, Any]
    ) -> None:
        """Allows everything."""


class Stage:
    """The service on a state folder. `stage.call("PutMetricData", …)` as the account's root."""

    def __init__(self, folder: Path, clock: Clock | None = None) -> None:
        self.dispatcher = Dispatcher(_Authorizer(), REGION, ACCOUNT)
        # What CloudWatch does not use is None.
        parts: dict[str, Any] = dict.fromkeys(field.name for field in fields(Parts))
        parts |= {
            "clock": clock or ScaledClock(),
            "dispatcher": self.dispatcher,
            "folder": folder,
            "region": REGION,
            "account_id": ACCOUNT,
        }
        self.cloudwatch = CloudWatch(Parts(**parts))
        self.dispatcher.add(self.cloudwatch)

    def call(self, operation: str, region: str = REGION, **parameters: Any) -> dict[str, Any]:
        context = self.dispatcher.context(Principal.root(ACCOUNT), region=region)
        return context.call("cloudwatch", operation, **parameters)

    def put(self, *data: Mapping[str, Any]) -> None:
        """PutMetricData to the namespace "N"."""
        self.call("PutMetricData", Namespace="N", MetricData=list(data))

    def statistics(self, start: float, end: float, **parameters: Any) -> list[dict[str, Any]]:
        """GetMetricStatistics of the metric "m" in "N", by the minute unless told otherwise."""
        parameters = {"Namespace": "N", "MetricName": "m", "Period": 60, **parameters}
        reply = self.call("GetMetricStatistics", StartTime=start, EndTime=end, **parameters)
        points: list[dict[str, Any]] = reply["Datapoints"]
        return points
