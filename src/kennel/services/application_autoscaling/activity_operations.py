"""DescribeScalingActivities."""

from __future__ import annotations

from typing import Any

from kennel.services.application_autoscaling import activity_table
from kennel.services.application_autoscaling.base import AutoScalingBase
from kennel.services.application_autoscaling.listing import check_dimension, page_size, place_of
from kennel.services.application_autoscaling.records import Activity, target_key
from kennel.services.context import Context
from kennel.services.page_token import encode_place

__all__ = ["ActivityOperations"]

_PAGE = 50
_LISTING = "DescribeScalingActivities"


class ActivityOperations(AutoScalingBase):
    """What was done and why, and on request what was not done and why not."""

    def describe_scaling_activities(
        self,
        ctx: Context,
        *,
        ServiceNamespace: str,
        ResourceId: str | None = None,
        ScalableDimension: str | None = None,
        MaxResults: int | None = None,
        NextToken: str | None = None,
        IncludeNotScaledActivities: bool = False,
    ) -> dict[str, Any]:
        """Newest first, of the last six weeks of policy time."""
        check_dimension(ScalableDimension, ResourceId)
        before = place_of(NextToken, _LISTING, int)
        size = page_size(MaxResults, _PAGE)
        prefix = f"{ServiceNamespace}:"
        if ScalableDimension is not None:
            prefix = target_key(ScalableDimension, "")
        since = self.parts.clock.policy() - activity_table.RETENTION
        found = self.parts.database.read(
            lambda connection: activity_table.page(
                connection,
                prefix,
                ResourceId,
                since,
                IncludeNotScaledActivities,
                before,
                size + 1,
            )
        )
        reply: dict[str, Any] = {"ScalingActivities": [_shown(each) for _, each in found[:size]]}
        if len(found) > size:
            reply["NextToken"] = encode_place(_LISTING, found[size - 1][0])
        return reply


def _shown(activity: Activity) -> dict[str, Any]:
    shown: dict[str, Any] = {
        "ActivityId": activity.id,
        "ServiceNamespace": activity.namespace,
        "ResourceId": activity.resource_id,
        "ScalableDimension": activity.dimension,
        "Description": activity.description,
        "Cause": activity.cause,
        "StartTime": activity.started,
        "StatusCode": activity.status.value,
    }
    for name, value in (
        ("EndTime", activity.ended),
        ("StatusMessage", activity.message or None),
        ("Details", activity.details or None),
        ("NotScaledReasons", activity.reasons or None),
    ):
        if value is not None:
            shown[name] = value
    return shown
