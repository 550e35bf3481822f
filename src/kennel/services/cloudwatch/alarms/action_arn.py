"""The ARNs of an alarm's actions: which there are, and what of it Kennel can do."""

from __future__ import annotations

import re
from enum import StrEnum

from kennel.services.cloudwatch.errors import ValidationException

__all__ = ["ActionKind", "check_action", "kind_of"]


class ActionKind(StrEnum):
    """What an action's ARN names; the value is how a sentence calls it."""

    SCALING_POLICY = "an Application Auto Scaling policy"
    FUNCTION = "a Lambda function"
    GROUP_POLICY = "an EC2 Auto Scaling policy"
    TOPIC = "an SNS topic"
    INSTANCE = "an EC2 instance action"
    OPS_ITEM = "a Systems Manager action"
    INVESTIGATION = "an investigation"


_PATTERNS = {
    ActionKind.SCALING_POLICY: r"autoscaling:[^:]+:\d{12}:scalingPolicy:[^:]+:resource/.+",
    ActionKind.GROUP_POLICY: r"autoscaling:[^:]+:\d{12}:scalingPolicy:[^:]+:"
    r"autoScalingGroupName/.+",
    ActionKind.FUNCTION: r"lambda:[^:]+:\d{12}:function:[^:]+(:[^:]+)?",
    ActionKind.TOPIC: r"sns:[^:]+:\d{12}:[^:]+",
    ActionKind.INSTANCE: r"automate:[^:]+:ec2:(stop|terminate|reboot|recover)"
    r"|swf:[^:]+:\d{12}:action/actions/AWS_EC2\.InstanceId\.\w+/1\.0",
    ActionKind.OPS_ITEM: r"ssm:[^:]+:\d{12}:opsitem:.+|ssm-incidents::\d{12}:responseplan/.+",
    ActionKind.INVESTIGATION: r"aiops:[^:]+:\d{12}:investigation-group[:/].+",
}
_KINDS = {kind: re.compile(f"arn:aws[\\w-]*:(?:{text})") for kind, text in _PATTERNS.items()}


def kind_of(arn: str) -> ActionKind | None:
    """What an ARN names; None if it is no action of an alarm's."""
    return next((kind for kind, pattern in _KINDS.items() if pattern.fullmatch(arn)), None)


def check_action(arn: str, region: str) -> None:
    """Raises ValidationException for what CloudWatch takes for no action, and for one in another
    region. Whether it exists is not looked at, as by AWS."""
    if kind_of(arn) is None:
        raise ValidationException(f"Invalid arn syntax: {arn}")
    named = arn.split(":")[3]
    if named not in ("", region):
        raise ValidationException(f"Invalid region {named} specified. Only {region} is supported.")
