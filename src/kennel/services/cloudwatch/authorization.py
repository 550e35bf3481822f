"""What CloudWatch tells the authorizer: what an operation needs, alarms' tags."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from kennel.services.access import Access
from kennel.services.access_rules import AccessRules, Need, need
from kennel.services.cloudwatch.alarms import AlarmOperations
from kennel.services.cloudwatch.alarms.record import AlarmKey
from kennel.services.context import Context

__all__ = ["AuthorizationAnswers"]

_ALARM = "alarm:{AlarmName}"
_ALARMS = "alarm:{AlarmNames}"


def _on(resource: str, *operations: str) -> dict[str, tuple[Need, ...]]:
    """Operations that need the action of their own name on one thing and nothing else."""
    return {operation: (need(operation, resource),) for operation in operations}


_TABLE: Mapping[str, Sequence[Need]] = {
    **_on("*", "DescribeAlarmsForMetric", "GetMetricData", "GetMetricStatistics", "ListMetrics"),
    # Without names these mean all alarms: `alarm:*`.
    **_on(_ALARM, "DescribeAlarmHistory", "SetAlarmState"),
    **_on(_ALARMS, "DeleteAlarms", "DescribeAlarms", "DisableAlarmActions", "EnableAlarmActions"),
    "ListTagsForResource": (need("ListTagsForResource", "{ResourceARN}"),),
    "PutMetricAlarm": (
        need(
            "PutMetricAlarm",
            _ALARM,
            tags="Tags",
            keys={"cloudwatch:AlarmActions": "AlarmActions|OKActions|InsufficientDataActions"},
        ),
        # "You must have both the cloudwatch:PutMetricAlarm and cloudwatch:TagResource permissions"
        need("TagResource", _ALARM, tags="Tags", when="Tags"),
    ),
    "PutMetricData": (need("PutMetricData", keys={"cloudwatch:namespace": "Namespace"}),),
    "TagResource": (need("TagResource", "{ResourceARN}", tags="Tags"),),
    "UntagResource": (need("UntagResource", "{ResourceARN}", tags="TagKeys"),),
}
_RULES = AccessRules("cloudwatch", _TABLE)


class AuthorizationAnswers(AlarmOperations):
    """From memory."""

    @property
    def actions(self) -> frozenset[str]:
        return _RULES.actions

    def accesses(
        self, ctx: Context, operation: str, parameters: Mapping[str, Any]
    ) -> Sequence[Access]:
        return _RULES.accesses(ctx, operation, parameters)

    def resource_tags(self, arn: str) -> Mapping[str, str]:
        pieces = arn.split(":", 6)
        if len(pieces) < 7 or pieces[5] != "alarm":
            return {}
        alarm = self.book.get(AlarmKey(pieces[3], pieces[6]))
        return {} if alarm is None else alarm.tags
