"""PutScheduledAction, DescribeScheduledActions, DeleteScheduledAction."""

from __future__ import annotations

import sqlite3
import uuid
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import msgspec

from kennel.scaling.schedule import BadSchedule, BadTimezone, next_firing
from kennel.services.application_autoscaling.agenda import Kind
from kennel.services.application_autoscaling.base import AutoScalingBase, check_bounds, named
from kennel.services.application_autoscaling.dimensions import SCALABLES
from kennel.services.application_autoscaling.errors import (
    LimitExceededException,
    ObjectNotFoundException,
    ValidationException,
)
from kennel.services.application_autoscaling.firing import parsed
from kennel.services.application_autoscaling.listing import page_of, page_size, those_of
from kennel.services.application_autoscaling.records import ScheduledAction, Target, target_key
from kennel.services.application_autoscaling.scalable import Scalable
from kennel.services.context import Context

__all__ = ["MOST_ACTIONS", "ScheduleOperations"]

MOST_ACTIONS = 200
"""Source: "Quotas for Application Auto Scaling", scheduled actions per scalable target."""

_PAGE = 50
_SYNTAX = (
    "Invalid schedule expression. Details: Schedule expressions must have the following syntax: "
    r"rate(<number>\s?(minutes?|hours?|days?)), cron(<cron_expression>) or "
    "at(yyyy-MM-dd'T'HH:mm:ss)."
)


class ScheduleOperations(AutoScalingBase):
    """Scheduled actions. All their times are policy time."""

    def put_scheduled_action(
        self,
        ctx: Context,
        *,
        ServiceNamespace: str,
        ScheduledActionName: str,
        ResourceId: str,
        ScalableDimension: str,
        Schedule: str | None = None,
        Timezone: str | None = None,
        StartTime: datetime | float | None = None,
        EndTime: datetime | float | None = None,
        ScalableTargetAction: Mapping[str, int] | None = None,
    ) -> None:
        """Of an action that is there, what is not given stays, but for start and end."""
        target = self._target(ServiceNamespace, ResourceId, ScalableDimension, "registered")
        known = self._book.actions.get(f"{target.key}|{ScheduledActionName}")
        fresh = known or self._fresh(target, ScheduledActionName)
        bounds = ScalableTargetAction
        action = msgspec.structs.replace(
            fresh,
            schedule=fresh.schedule if Schedule is None else Schedule,
            timezone=fresh.timezone if Timezone is None else Timezone,
            start=_epoch(StartTime),
            end=_epoch(EndTime),
            minimum=fresh.minimum if bounds is None else bounds.get("MinCapacity"),
            maximum=fresh.maximum if bounds is None else bounds.get("MaxCapacity"),
        )
        _check_bounds(action, SCALABLES[ScalableDimension])
        action.due = self._first_firing(action)

        def work(connection: sqlite3.Connection) -> None:
            if self._book.targets.get_in(connection, target.key) is None:
                where = named(ServiceNamespace, ResourceId, ScalableDimension)
                raise ObjectNotFoundException(f"No scalable target registered for {where}")
            keys = {key for key, _ in self._book.actions.list_in(connection, f"{target.key}|")}
            if len(keys | {action.key}) > MOST_ACTIONS:
                raise LimitExceededException(
                    f"A scalable target can't have more than {MOST_ACTIONS} scheduled actions."
                )
            self._book.actions.put_in(connection, action.key, action)

        self.parts.database.write(work)
        self._actor.agenda.put(Kind.FIRE, action.key, action.due)

    def _fresh(self, target: Target, name: str) -> ScheduledAction:
        resource = f"resource/{target.namespace}/{target.resource_id}:scheduledActionName/{name}"
        return ScheduledAction(
            name=name,
            namespace=target.namespace,
            resource_id=target.resource_id,
            dimension=target.dimension,
            arn=self._arn("autoscaling", f"scheduledAction:{uuid.uuid4()}:{resource}"),
            created=self.parts.clock.policy(),
            schedule="",
            due=0.0,
        )

    def _first_firing(self, action: ScheduledAction) -> float:
        """Raises ValidationException for a schedule that is none, or is over."""
        if not action.schedule:
            raise ValidationException("Schedule must be specified for a new scheduled action.")
        try:
            schedule = parsed(action)
        except BadTimezone:
            raise ValidationException(
                f"Invalid time zone: {action.timezone}. Use the name of an IANA time zone."
            ) from None
        except BadSchedule as error:
            raise ValidationException(f"{_SYNTAX} This one is not valid: {error}.") from None
        now = self.parts.clock.policy()
        if action.start is not None and action.end is not None and action.end <= action.start:
            raise ValidationException("The end time must be after the start time.")
        if action.end is not None and action.end <= now:
            raise ValidationException("The end time must be in the future.")
        due = next_firing(schedule, now)
        if due is None:
            raise ValidationException(
                f"The schedule {action.schedule} has no time in the future (it is "
                f"{datetime.fromtimestamp(now, UTC):%Y-%m-%dT%H:%M:%S} UTC in policy time)."
            )
        return due

    def describe_scheduled_actions(
        self,
        ctx: Context,
        *,
        ServiceNamespace: str,
        ScheduledActionNames: Sequence[str] | None = None,
        ResourceId: str | None = None,
        ScalableDimension: str | None = None,
        MaxResults: int | None = None,
        NextToken: str | None = None,
    ) -> dict[str, Any]:
        """By dimension, resource and name; those that are over are gone."""
        found = those_of(self._book.actions, ServiceNamespace, ResourceId, ScalableDimension)
        if ScheduledActionNames:
            found = [pair for pair in found if pair[1].name in ScheduledActionNames]
        size = page_size(MaxResults, _PAGE)
        page, more = page_of(found, "DescribeScheduledActions", NextToken, size, _shown)
        return {"ScheduledActions": page, **more}

    def delete_scheduled_action(
        self,
        ctx: Context,
        *,
        ServiceNamespace: str,
        ScheduledActionName: str,
        ResourceId: str,
        ScalableDimension: str,
    ) -> None:
        self._scalable(ServiceNamespace, ResourceId, ScalableDimension)
        key = f"{target_key(ScalableDimension, ResourceId)}|{ScheduledActionName}"
        if not self._book.actions.delete(key):
            where = named(ServiceNamespace, ResourceId, ScalableDimension)
            raise ObjectNotFoundException(
                f"No scheduled action found for {where}, "
                f"scheduled action name: {ScheduledActionName}"
            )


def _check_bounds(action: ScheduledAction, scalable: Scalable) -> None:
    minimum, maximum = action.minimum, action.maximum
    if minimum is None and maximum is None:
        raise ValidationException(
            "At least one of MinCapacity and MaxCapacity must be specified in the "
            "ScalableTargetAction."
        )
    check_bounds(scalable, minimum, maximum)


def _epoch(value: datetime | float | None) -> float | None:
    if isinstance(value, datetime):
        return (value if value.tzinfo else value.replace(tzinfo=UTC)).timestamp()
    return None if value is None else float(value)


def _shown(action: ScheduledAction) -> dict[str, Any]:
    shown: dict[str, Any] = {
        "ScheduledActionName": action.name,
        "ScheduledActionARN": action.arn,
        "ServiceNamespace": action.namespace,
        "Schedule": action.schedule,
        "ResourceId": action.resource_id,
        "ScalableDimension": action.dimension,
        "CreationTime": action.created,
    }
    for name, value in (
        ("Timezone", action.timezone),
        ("StartTime", action.start),
        ("EndTime", action.end),
    ):
        if value is not None:
            shown[name] = value
    bounds = {"MinCapacity": action.minimum, "MaxCapacity": action.maximum}
    shown["ScalableTargetAction"] = {
        name: value for name, value in bounds.items() if value is not None
    }
    return shown
