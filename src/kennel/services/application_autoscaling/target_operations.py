"""RegisterScalableTarget, DescribeScalableTargets, DeregisterScalableTarget."""

from __future__ import annotations

import secrets
import sqlite3
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from kennel.errors import AwsError
from kennel.services.application_autoscaling.agenda import Kind
from kennel.services.application_autoscaling.base import AutoScalingBase, check_bounds
from kennel.services.application_autoscaling.dimensions import SCALABLES
from kennel.services.application_autoscaling.errors import (
    LimitExceededException,
    ValidationException,
)
from kennel.services.application_autoscaling.listing import page_of, page_size, those_of
from kennel.services.application_autoscaling.records import Target, target_key
from kennel.services.application_autoscaling.scalable import Scalable
from kennel.services.application_autoscaling.tag_operations import first_tags
from kennel.services.context import Context
from kennel.services.roles import role_directory

__all__ = ["MOST_TARGETS", "TargetOperations"]

MOST_TARGETS = 500
"""Source: "Quotas for Application Auto Scaling", scalable targets per resource type."""

_PAGE = 50
_SUSPENDED = {
    "DynamicScalingOutSuspended": "is_out_suspended",
    "DynamicScalingInSuspended": "is_in_suspended",
    "ScheduledScalingSuspended": "is_schedule_suspended",
}


class TargetOperations(AutoScalingBase):
    """Scalable targets."""

    def register_scalable_target(
        self,
        ctx: Context,
        *,
        ServiceNamespace: str,
        ResourceId: str,
        ScalableDimension: str,
        MinCapacity: int | None = None,
        MaxCapacity: int | None = None,
        RoleARN: str | None = None,
        SuspendedState: Mapping[str, bool] | None = None,
        Tags: Mapping[str, str] | None = None,
    ) -> dict[str, Any]:
        """Makes a target, or changes what is given of one. Its capacity follows its bounds. RoleARN
        is passed over: the service has its service-linked role, as AWS does for these services."""
        scalable = self._scalable(ServiceNamespace, ResourceId, ScalableDimension)
        changes = {
            name: value
            for name, value in (("minimum", MinCapacity), ("maximum", MaxCapacity))
            if value is not None
        } | {_SUSPENDED[name]: value for name, value in (SuspendedState or {}).items()}
        known = self._book.targets.get(target_key(ScalableDimension, ResourceId))
        if known is None:
            for side, value in (("Minimum", MinCapacity), ("Maximum", MaxCapacity)):
                if value is None:
                    raise ValidationException(f"{side} capacity must be specified")
        elif Tags is not None:
            raise ValidationException(
                "The scalable target that you tried to tag already exists. To update tags on an "
                "existing scalable target, use the TagResource API."
            )
        wanted = _checked(known, changes, scalable)
        scalable.admit(ctx, ResourceId)
        fresh = Target(
            namespace=ServiceNamespace,
            resource_id=ResourceId,
            dimension=ScalableDimension,
            arn=self._arn("application-autoscaling", f"scalable-target/{secrets.token_hex(18)}"),
            role_arn=_linked_role(ctx, scalable),
            created=self.parts.clock.policy(),
            tags=first_tags(Tags or {}),
            **wanted,
        )
        stored = self.parts.database.write(lambda connection: self._put(connection, fresh, changes))
        self._actor.agenda.put(Kind.CHECK, stored.key)
        return {"ScalableTargetARN": stored.arn}

    def _put(
        self, connection: sqlite3.Connection, fresh: Target, changes: Mapping[str, Any]
    ) -> Target:
        """Writes the new target, or the changes of one that is there."""
        stored = self._book.targets.get_in(connection, fresh.key)
        if stored is None:
            prefix = f"{fresh.dimension}|"
            if len(self._book.targets.list_in(connection, prefix)) >= MOST_TARGETS:
                raise LimitExceededException(
                    f"You can't have more than {MOST_TARGETS} scalable targets of "
                    f"{fresh.dimension}."
                )
            stored = fresh
        else:
            _checked(stored, changes, SCALABLES[stored.dimension])
            stored = msgspec.structs.replace(stored, **changes)
        stored.is_to_check = True
        self._book.targets.put_in(connection, stored.key, stored)
        return stored

    def describe_scalable_targets(
        self,
        ctx: Context,
        *,
        ServiceNamespace: str,
        ResourceIds: Sequence[str] | None = None,
        ScalableDimension: str | None = None,
        MaxResults: int | None = None,
        NextToken: str | None = None,
    ) -> dict[str, Any]:
        """By dimension and resource."""
        found = those_of(self._book.targets, ServiceNamespace, ResourceIds, ScalableDimension)
        size = page_size(MaxResults, _PAGE)
        page, more = page_of(found, "DescribeScalableTargets", NextToken, size, _shown)
        return {"ScalableTargets": page, **more}

    def deregister_scalable_target(
        self, ctx: Context, *, ServiceNamespace: str, ResourceId: str, ScalableDimension: str
    ) -> None:
        """The capacity stays as it is; policies with their alarms and scheduled actions go."""
        self._remove(self._target(ServiceNamespace, ResourceId, ScalableDimension, "found"))


def _checked(
    known: Target | None, changes: Mapping[str, Any], scalable: Scalable
) -> dict[str, Any]:
    """What a target will have. Raises ValidationException for bounds that none has."""
    minimum = changes.get("minimum", 0 if known is None else known.minimum)
    maximum = changes.get("maximum", 0 if known is None else known.maximum)
    check_bounds(scalable, minimum, maximum)
    return {**changes, "minimum": minimum, "maximum": maximum}


def _linked_role(ctx: Context, scalable: Scalable) -> str:
    """The ARN of the service-linked role, which the caller makes if it is not there."""
    path = f"aws-service-role/{scalable.role_service}/{scalable.role_name}"
    arn = f"arn:aws:iam::{ctx.account_id}:role/{path}"
    if role_directory(ctx).find_role(arn) is None:
        try:
            ctx.call("iam", "CreateServiceLinkedRole", AWSServiceName=scalable.role_service)
        except AwsError:
            if role_directory(ctx).find_role(arn) is None:  # nobody else just made it
                raise
    return arn


def _shown(target: Target) -> dict[str, Any]:
    return {
        "ServiceNamespace": target.namespace,
        "ResourceId": target.resource_id,
        "ScalableDimension": target.dimension,
        "MinCapacity": target.minimum,
        "MaxCapacity": target.maximum,
        "RoleARN": target.role_arn,
        "CreationTime": target.created,
        "SuspendedState": {
            name: getattr(target, attribute) for name, attribute in _SUSPENDED.items()
        },
        "ScalableTargetARN": target.arn,
    }
