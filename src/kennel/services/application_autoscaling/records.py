"""What Application Auto Scaling keeps. All times are seconds of policy time."""

from __future__ import annotations

from enum import StrEnum
from typing import Any

import msgspec

from kennel.scaling import Bounds, History, Suspended
from kennel.store import Document

__all__ = [
    "Activity",
    "ActivityStatus",
    "Move",
    "Policy",
    "PolicyType",
    "ScheduledAction",
    "Target",
    "target_key",
]


class PolicyType(StrEnum):
    """botocore's, of those that Kennel runs."""

    STEP = "StepScaling"
    TRACKING = "TargetTrackingScaling"


class ActivityStatus(StrEnum):
    """botocore's ScalingActivityStatusCode. Pending and InProgress are passed through in this
    order, one of the others is for good."""

    PENDING = "Pending"
    IN_PROGRESS = "InProgress"
    SUCCESSFUL = "Successful"
    OVERRIDDEN = "Overridden"
    UNFULFILLED = "Unfulfilled"
    FAILED = "Failed"


class Move(msgspec.Struct, frozen=True, kw_only=True):
    """A change of capacity under way. `activity` is the number of its record, `policy` the name
    of who asked for it (empty: bounds did)."""

    activity: int
    before: int
    after: int
    policy: str = ""
    is_requested: bool = False
    """Whether the service has taken the new capacity; it may not have been asked yet."""


class Target(Document):
    """A scalable target. `moving` is the change that is under way; there is never a second one.
    `is_to_check` says that its bounds changed and its capacity was not compared since."""

    namespace: str
    resource_id: str
    dimension: str
    arn: str
    role_arn: str
    created: float
    minimum: int
    maximum: int
    is_out_suspended: bool = False
    is_in_suspended: bool = False
    is_schedule_suspended: bool = False
    tags: dict[str, str] = msgspec.field(default_factory=dict)
    moving: Move | None = None
    is_to_check: bool = False

    @property
    def key(self) -> str:
        return target_key(self.dimension, self.resource_id)

    @property
    def bounds(self) -> Bounds:
        return Bounds(self.minimum, self.maximum)

    @property
    def suspended(self) -> Suspended:
        return Suspended(self.is_out_suspended, self.is_in_suspended, self.is_schedule_suspended)


class Policy(Document):
    """A scaling policy; `configuration` is that of its type, as it was put. `alarms` are the names
    of those that this service made for it."""

    name: str
    namespace: str
    resource_id: str
    dimension: str
    kind: PolicyType
    arn: str
    created: float
    configuration: dict[str, Any]
    alarms: list[str] = msgspec.field(default_factory=list)
    history: History = msgspec.field(default_factory=History)

    @property
    def key(self) -> str:
        return f"{target_key(self.dimension, self.resource_id)}|{self.name}"


class ScheduledAction(Document):
    """A scheduled action; `due` is when it fires next."""

    name: str
    namespace: str
    resource_id: str
    dimension: str
    arn: str
    created: float
    schedule: str
    due: float
    timezone: str | None = None
    start: float | None = None
    end: float | None = None
    minimum: int | None = None
    maximum: int | None = None

    @property
    def key(self) -> str:
        return f"{target_key(self.dimension, self.resource_id)}|{self.name}"


class Activity(msgspec.Struct, kw_only=True, omit_defaults=True):
    """A scaling activity, or a not scaled one, which has `reasons`."""

    id: str
    namespace: str
    resource_id: str
    dimension: str
    description: str
    cause: str
    started: float
    ended: float | None = None
    status: ActivityStatus = ActivityStatus.PENDING
    message: str = ""
    details: str = ""
    reasons: list[dict[str, Any]] = msgspec.field(default_factory=list)

    @property
    def target_key(self) -> str:
        return target_key(self.dimension, self.resource_id)


def target_key(dimension: str, resource_id: str) -> str:
    """Under which a target is kept; what belongs to it is under the same and `|` and its name. A
    namespace's begin with it and a colon."""
    return f"{dimension}|{resource_id}"
