"""A service that takes alarms' calls, as Application Auto Scaling does."""

from __future__ import annotations

from typing import Any, ClassVar

from kennel.errors import ValidationException
from kennel.services import Service
from kennel.services.alarm_actions import AlarmCall

__all__ = ["POLICY", "TOPIC", "Actor"]

POLICY = (
    "arn:aws:autoscaling:us-east-1:123456789012:scalingPolicy:"
    "8a1b6c2e-0000-4000-8000-000000000000:resource/sagemaker/endpoint/e/variant/v:policyName/p"
)
TOPIC = "arn:aws:sns:us-east-1:123456789012:topic"


class Actor(Service):
    """Keeps the calls. With `refuses` there is no such policy."""

    name: ClassVar[str] = "application-autoscaling"

    def __init__(self, parts: Any = None) -> None:
        super().__init__(parts)
        self.calls: list[AlarmCall] = []
        self.refuses = False

    def alarm_invoked(self, call: AlarmCall) -> None:
        if self.refuses:
            raise ValidationException("there is no such policy")
        self.calls.append(call)
