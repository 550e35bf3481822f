"""A scalable target as AWS describes it, as the simulation and the explanation take it.

Input is what boto3 answers: of DescribeScalableTargets, DescribeScalingPolicies,
DescribeScheduledActions and DescribeAlarms. No calls here.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from kennel.planner.errors import BadPlan
from kennel.planner.policy_text import STATISTICS
from kennel.planner.simulation import (
    Metric,
    Scaling,
    ScheduledAction,
    Statistic,
    SteppingPolicy,
    TrackingPolicy,
)
from kennel.scaling import AlarmRule, Bounds, Comparison, MissingData, Suspended
from kennel.scaling.step_scaling import Adjustment, Step, StepScaling
from kennel.scaling.target_tracking import TargetTracking

__all__ = ["ReadScaling", "read_scaling"]

Document = Mapping[str, Any]

_PREDEFINED = {
    "SageMakerVariantInvocationsPerInstance": (Metric.INVOCATIONS_PER_INSTANCE, 60),
    "SageMakerVariantConcurrentRequestsPerModelHighResolution": (
        Metric.CONCURRENT_REQUESTS_PER_MODEL,
        10,
    ),
    "LambdaProvisionedConcurrencyUtilization": (Metric.PROVISIONED_CONCURRENCY_UTILIZATION, 60),
}
_COOLDOWNS = {"lambda": 0.0}  # target tracking's default, if not five minutes
_COOLDOWN = 300.0


@dataclass(frozen=True, slots=True)
class ReadScaling:
    """What could be read, and sentences on policies that can't be simulated."""

    scaling: Scaling
    left_out: Sequence[str]


def read_scaling(
    target: Document,
    policies: Iterable[Document],
    actions: Iterable[Document] = (),
    alarms: Iterable[Document] = (),
) -> ReadScaling:
    """The scalable target with its policies; a metric that no simulation knows leaves its policy
    out. Raises BadPlan if this is no scalable target."""
    try:
        by_name = {alarm["AlarmName"]: alarm for alarm in alarms}
        read: list[TrackingPolicy | SteppingPolicy] = []
        left_out: list[str] = []
        for policy in policies:
            found = _policy(policy, by_name)
            if isinstance(found, str):
                left_out.append(f"The policy {policy['PolicyName']} {found}.")
            else:
                read += found
        scaling = Scaling(
            Bounds(target["MinCapacity"], target["MaxCapacity"]),
            tuple(read),
            tuple(_action(action) for action in actions),
            _suspended(target.get("SuspendedState", {})),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise BadPlan(f"The scalable target can't be read: {error!r}") from None
    return ReadScaling(scaling, tuple(left_out))


def _policy(
    policy: Document, alarms: Mapping[str, Document]
) -> list[TrackingPolicy | SteppingPolicy] | str:
    """The policy (a step policy once for each of its alarms), or why it can't be simulated."""
    own = [
        alarms[one["AlarmName"]] for one in policy.get("Alarms", ()) if one["AlarmName"] in alarms
    ]
    if "TargetTrackingScalingPolicyConfiguration" in policy:
        found = _tracking(policy, own)
        return found if isinstance(found, str) else [found]
    if "StepScalingPolicyConfiguration" in policy:
        if not own:
            return "has no alarm that triggers it"
        stepping = _stepping(policy)
        steps: list[TrackingPolicy | SteppingPolicy] = []
        for alarm in own:
            metric = _metric(alarm)
            if metric is None:
                return f"is triggered by {_named(alarm)}, which is not simulated"
            statistic = Statistic(alarm["Statistic"])
            steps.append(SteppingPolicy(stepping, metric, statistic, _rule(alarm)))
        return steps
    return f"is of the type {policy.get('PolicyType')}, which is not simulated"


def _tracking(policy: Document, alarms: Sequence[Document]) -> TrackingPolicy | str:
    configuration = policy["TargetTrackingScalingPolicyConfiguration"]
    predefined = configuration.get("PredefinedMetricSpecification")
    custom = configuration.get("CustomizedMetricSpecification")
    if predefined is not None:
        kind = predefined["PredefinedMetricType"]
        if kind not in _PREDEFINED:
            return f"tracks {kind}, which is not simulated"
        metric, period = _PREDEFINED[kind]
        statistic = STATISTICS[metric]
    elif custom is not None and "MetricName" in custom:
        found = _metric(custom)
        if found is None:
            return f"tracks {_named(custom)}, which is not simulated"
        metric, period, statistic = found, 60, Statistic(custom["Statistic"])
    else:
        return "tracks an expression of metrics, which is not simulated"
    if alarms:  # they say what the service really looks at
        statistic, period = Statistic(alarms[0]["Statistic"]), alarms[0]["Period"]
    default = _COOLDOWNS.get(policy.get("ServiceNamespace", ""), _COOLDOWN)
    tracking = TargetTracking(
        policy["PolicyName"],
        float(configuration["TargetValue"]),
        float(configuration.get("ScaleOutCooldown", default)),
        float(configuration.get("ScaleInCooldown", default)),
        configuration.get("DisableScaleIn", False),
        period,
    )
    return TrackingPolicy(tracking, metric, statistic)


def _stepping(policy: Document) -> StepScaling:
    configuration = policy["StepScalingPolicyConfiguration"]
    steps = tuple(
        Step(
            step["ScalingAdjustment"],
            step.get("MetricIntervalLowerBound"),
            step.get("MetricIntervalUpperBound"),
        )
        for step in configuration["StepAdjustments"]
    )
    return StepScaling(
        policy["PolicyName"],
        Adjustment(configuration["AdjustmentType"]),
        steps,
        float(configuration.get("Cooldown", _COOLDOWN)),
        configuration.get("MinAdjustmentMagnitude", 1),
    )


def _rule(alarm: Document) -> AlarmRule:
    periods = alarm["EvaluationPeriods"]
    return AlarmRule(
        Comparison(alarm["ComparisonOperator"]),
        float(alarm["Threshold"]),
        alarm["Period"],
        periods,
        alarm.get("DatapointsToAlarm", periods),
        MissingData(alarm.get("TreatMissingData", MissingData.MISSING)),
    )


def _action(action: Document) -> ScheduledAction:
    change = action.get("ScalableTargetAction", {})
    return ScheduledAction(
        action["ScheduledActionName"],
        action["Schedule"],
        change.get("MinCapacity"),
        change.get("MaxCapacity"),
        action.get("Timezone", "UTC"),
        action.get("StartTime"),
        action.get("EndTime"),
    )


def _suspended(state: Document) -> Suspended:
    return Suspended(
        state.get("DynamicScalingOutSuspended", False),
        state.get("DynamicScalingInSuspended", False),
        state.get("ScheduledScalingSuspended", False),
    )


def _metric(described: Document) -> Metric | None:
    name = described.get("MetricName")
    known = described.get("Namespace") in ("AWS/SageMaker", "AWS/Lambda")
    return Metric(name) if known and name in set(Metric) else None


def _named(described: Document) -> str:
    if "MetricName" not in described:
        return "an expression of metrics"
    return f"{described.get('Namespace')} {described['MetricName']}"
