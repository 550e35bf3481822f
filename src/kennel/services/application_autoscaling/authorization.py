"""What Application Auto Scaling tells the authorizer: what an operation needs, targets' tags."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from kennel.services.access import Access
from kennel.services.access_rules import AccessRules, Need, need
from kennel.services.application_autoscaling.base import AutoScalingBase
from kennel.services.application_autoscaling.records import target_key
from kennel.services.context import Context

__all__ = ["AuthorizationAnswers"]

_ARN = "-Arn"
"""The target's, which the service looks up: its id is AWS's own. One that is yet to be registered
has none: any target."""
_TARGET = f"{{{_ARN}}}"
_KEYS = {
    "application-autoscaling:service-namespace": "ServiceNamespace",
    "application-autoscaling:scalable-dimension": "ScalableDimension",
}


def _on_target(operation: str, tags: str = "") -> tuple[Need, ...]:
    return (need(operation, _TARGET, keys=_KEYS, tags=tags),)


_TABLE: Mapping[str, Sequence[Need]] = {
    **{
        operation: _on_target(operation)
        for operation in (
            "DeleteScalingPolicy",
            "DeleteScheduledAction",
            "DeregisterScalableTarget",
            "PutScalingPolicy",
            "PutScheduledAction",
        )
    },
    **{
        operation: (need(operation),)
        for operation in (
            "DescribeScalableTargets",
            "DescribeScalingActivities",
            "DescribeScalingPolicies",
            "DescribeScheduledActions",
            "GetPredictiveScalingForecast",
        )
    },
    "ListTagsForResource": (need("ListTagsForResource", "{ResourceARN}"),),
    "RegisterScalableTarget": (
        *_on_target("RegisterScalableTarget", tags="Tags"),
        need("TagResource", _TARGET, tags="Tags", when="Tags"),
    ),
    "TagResource": (need("TagResource", "{ResourceARN}", tags="Tags"),),
    "UntagResource": (need("UntagResource", "{ResourceARN}", tags="TagKeys"),),
}
_RULES = AccessRules("application-autoscaling", _TABLE)


class AuthorizationAnswers(AutoScalingBase):
    """One indexed read for a target's ARN; its tags are found among all targets."""

    @property
    def actions(self) -> frozenset[str]:
        return _RULES.actions

    def accesses(
        self, ctx: Context, operation: str, parameters: Mapping[str, Any]
    ) -> Sequence[Access]:
        known = dict(parameters)
        dimension, resource_id = known.get("ScalableDimension"), known.get("ResourceId")
        if dimension and resource_id:
            target = self._book.targets.get(target_key(dimension, resource_id))
            any_target = ctx.arn("application-autoscaling", "scalable-target/*")
            known[_ARN] = any_target if target is None else target.arn
        return _RULES.accesses(ctx, operation, known)

    def resource_tags(self, arn: str) -> Mapping[str, str]:
        for _, target in self._book.targets.list():
            if target.arn == arn:
                return target.tags
        return {}
