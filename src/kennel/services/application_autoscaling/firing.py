"""What a scheduled action does to its target, and how that is recorded."""

from __future__ import annotations

import uuid

import msgspec

from kennel.scaling.schedule import Schedule, parse_schedule
from kennel.services.application_autoscaling.records import (
    Activity,
    ActivityStatus,
    ScheduledAction,
    Target,
)

__all__ = ["bounds_after", "firing_activity", "parsed"]


def parsed(action: ScheduledAction) -> Schedule:
    """The action's schedule. Raises BadSchedule and BadTimezone."""
    return parse_schedule(
        action.schedule,
        action.timezone or "UTC",
        start=action.start,
        end=action.end,
        created=action.created,
    )


def bounds_after(action: ScheduledAction, target: Target) -> Target:
    """The target with the bounds that the action sets."""
    return msgspec.structs.replace(
        target,
        minimum=target.minimum if action.minimum is None else action.minimum,
        maximum=target.maximum if action.maximum is None else action.maximum,
    )


def firing_activity(action: ScheduledAction, target: Target, now: float) -> Activity:
    """The record of an action that fired, `target` being as it is afterwards. Bounds that exclude
    each other fail it. Source: "Scaling activities for Application Auto Scaling"."""
    sides = [("min", action.minimum), ("max", action.maximum)]
    what = " and ".join(f"{side} capacity to {value}" for side, value in sides if value is not None)
    status, message = ActivityStatus.SUCCESSFUL, f"Successfully set {what}"
    if target.minimum > target.maximum:
        status = ActivityStatus.FAILED
        message = (
            f"Failed to set {what}. Reason: Maximum capacity cannot be less than minimum capacity"
        )
    return Activity(
        id=str(uuid.uuid4()),
        namespace=action.namespace,
        resource_id=action.resource_id,
        dimension=action.dimension,
        description=f"Setting {what}",
        cause=f"scheduled action name {action.name} was triggered",
        started=now,
        ended=now,
        status=status,
        message=message,
    )
