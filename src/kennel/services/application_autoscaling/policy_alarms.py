"""The pair of alarms of a target tracking policy: what they watch and how they are called.

They belong to this service, which makes, changes and deletes them. Source: "Target tracking scaling
policies for Application Auto Scaling"; the names' form and the alarms' description are observed.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from kennel.scaling import AlarmRule
from kennel.scaling.target_tracking import TargetTracking, high_alarm, low_alarm
from kennel.services.application_autoscaling import endpoint_variants, provisioned_concurrency
from kennel.services.application_autoscaling.records import Policy
from kennel.services.context import Context

__all__ = ["PREDEFINED", "Predefined", "alarm_names", "period_of", "put_alarms"]

HIGH, LOW = "AlarmHigh", "AlarmLow"
_MINUTE = 60


@dataclass(frozen=True, slots=True)
class Predefined:
    """A predefined metric as CloudWatch has it. `dimensions` are its names for the two parts of a
    resource id; `is_joined` puts the whole id into the second one."""

    namespace: str
    name: str
    statistic: str
    period: int = _MINUTE
    dimensions: tuple[str, str] = field(default=("EndpointName", "VariantName"))
    is_joined: bool = False


PREDEFINED: Mapping[str, Predefined] = {
    "SageMakerVariantInvocationsPerInstance": Predefined(
        "AWS/SageMaker", "InvocationsPerInstance", "Sum"
    ),
    # The statistic is observed by third parties, as that of Lambda's metric is.
    "SageMakerVariantConcurrentRequestsPerModelHighResolution": Predefined(
        "AWS/SageMaker", "ConcurrentRequestsPerModel", "Maximum", 10
    ),
    "LambdaProvisionedConcurrencyUtilization": Predefined(
        "AWS/Lambda",
        "ProvisionedConcurrencyUtilization",
        "Average",
        dimensions=("FunctionName", "Resource"),
        is_joined=True,
    ),
}


def period_of(configuration: Mapping[str, Any]) -> int:
    """The period of a tracking configuration's metric, in seconds."""
    chosen = configuration.get("PredefinedMetricSpecification")
    return _MINUTE if chosen is None else PREDEFINED[chosen["PredefinedMetricType"]].period


def alarm_names(resource_id: str, former: list[str], *, scales_in: bool) -> list[str]:
    """The names of a policy's alarms, high before low; those it has are kept. A policy that never
    scales in has no low one."""
    found = []
    for kind in (HIGH, LOW) if scales_in else (HIGH,):
        start = f"TargetTracking-{resource_id}-{kind}-"
        kept = next((name for name in former if name.startswith(start)), "")
        found.append(kept or f"{start}{uuid.uuid4()}")
    return found


def put_alarms(ctx: Context, policy: Policy, tracking: TargetTracking) -> None:
    """Makes the policy's alarms, or changes them. Raises CloudWatch's AwsError."""
    rules = {HIGH: high_alarm(tracking), LOW: low_alarm(tracking)}
    for name in policy.alarms:
        rule = rules[HIGH if f"-{HIGH}-" in name else LOW]
        ctx.call(
            "cloudwatch",
            "PutMetricAlarm",
            AlarmName=name,
            AlarmDescription=(
                f"DO NOT EDIT OR DELETE. For TargetTrackingScaling policy {policy.arn}."
            ),
            ActionsEnabled=True,
            AlarmActions=[policy.arn],
            **_compared(rule),
            **_watched(policy, rule.period),
        )


def _compared(rule: AlarmRule) -> dict[str, Any]:
    return {
        "ComparisonOperator": rule.comparison.value,
        "Threshold": rule.threshold,
        "EvaluationPeriods": rule.periods,
    }


def _watched(policy: Policy, period: int) -> dict[str, Any]:
    configuration = policy.configuration
    chosen = configuration.get("PredefinedMetricSpecification")
    if chosen is not None:
        metric = PREDEFINED[chosen["PredefinedMetricType"]]
        return {
            "Namespace": metric.namespace,
            "MetricName": metric.name,
            "Statistic": metric.statistic,
            "Period": period,
            "Dimensions": _dimensions(metric, policy.resource_id),
        }
    custom = configuration["CustomizedMetricSpecification"]
    if "Metrics" in custom:
        return {"Metrics": [_query(query, period) for query in custom["Metrics"]]}
    return {
        **{name: custom[name] for name in ("Namespace", "MetricName", "Statistic")},
        **{name: custom[name] for name in ("Dimensions", "Unit") if name in custom},
        "Period": period,
    }


def _dimensions(metric: Predefined, resource_id: str) -> list[dict[str, str]]:
    if metric.is_joined:
        first, second = provisioned_concurrency.names_of(resource_id)
        second = f"{first}:{second}"
    else:
        first, second = endpoint_variants.names_of(resource_id)
    pairs = zip(metric.dimensions, (first, second), strict=True)
    return [{"Name": name, "Value": value} for name, value in pairs]


def _query(query: Mapping[str, Any], period: int) -> dict[str, Any]:
    """A query of the policy as one of the alarm's: those have periods."""
    if "MetricStat" in query:
        return {**query, "MetricStat": {**query["MetricStat"], "Period": period}}
    return dict(query)
