"""How an alarm reaches the service that acts on it, and how that service reads alarms.

CloudWatch evaluates alarms and knows nothing of what they are for; whoever has an action of theirs
answers under its service's name in the dispatcher.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from kennel.scaling import AlarmState

__all__ = ["AlarmActor", "AlarmCall", "AlarmReading", "AlarmReadings"]


@dataclass(frozen=True, slots=True)
class AlarmReading:
    """An alarm as it stands: its state, the newest datapoint that was evaluated (None: missing)
    and its threshold."""

    state: AlarmState
    value: float | None
    threshold: float


@dataclass(frozen=True, slots=True)
class AlarmCall:
    """An alarm invokes one of its actions, at policy time `at` (seconds)."""

    alarm_name: str
    alarm_arn: str
    action_arn: str
    reading: AlarmReading
    at: float


@runtime_checkable
class AlarmActor(Protocol):
    """The service `application-autoscaling`, to CloudWatch."""

    def alarm_invoked(self, call: AlarmCall) -> None:
        """Takes the call and returns soon. Raises AwsError if there is no such policy."""


@runtime_checkable
class AlarmReadings(Protocol):
    """The service `cloudwatch`, to those who decide by alarms."""

    def alarm_reading(self, alarm_name: str) -> AlarmReading | None:
        """The alarm as it was evaluated last; None if there is none of that name."""
