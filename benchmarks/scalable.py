"""Endpoints that scale, as AWS is asked for them and as the planner is told of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from kennel.planner.simulation import Metric, Scaling, Statistic, SteppingPolicy, TrackingPolicy
from kennel.scaling import AlarmRule, Bounds, Comparison, MissingData
from kennel.scaling.step_scaling import Adjustment, Step, StepScaling
from kennel.scaling.target_tracking import TargetTracking
from tests.planes import Plane

__all__ = ["Stepped", "Tracked"]

_DIMENSION = "sagemaker:variant:DesiredInstanceCount"
_VARIANT = "AllTraffic"


@dataclass(frozen=True, slots=True)
class Tracked:
    """Target tracking on invocations per instance and minute."""

    minimum: int
    maximum: int
    target: float
    cooldown: int

    @property
    def simulated(self) -> Scaling:
        tracking = TargetTracking("tracking", self.target, self.cooldown, self.cooldown)
        metric = Metric.INVOCATIONS_PER_INSTANCE
        policy = TrackingPolicy(tracking, metric, Statistic.SUM)
        return Scaling(Bounds(self.minimum, self.maximum), (policy,))

    def put(self, plane: Plane, endpoint: str) -> None:
        """On the live plane."""
        resource = _registered(plane, endpoint, self.minimum, self.maximum)
        plane.client("application-autoscaling").put_scaling_policy(
            **resource,
            PolicyName="tracking",
            PolicyType="TargetTrackingScaling",
            TargetTrackingScalingPolicyConfiguration={
                "TargetValue": self.target,
                "PredefinedMetricSpecification": {
                    "PredefinedMetricType": "SageMakerVariantInvocationsPerInstance"
                },
                "ScaleOutCooldown": self.cooldown,
                "ScaleInCooldown": self.cooldown,
            },
        )


@dataclass(frozen=True, slots=True)
class Stepped:
    """Step scaling on Invocations of a minute: `out` more instances above `high`, one less below
    `low`, each by an alarm of `periods` minutes."""

    minimum: int
    maximum: int
    high: float
    low: float
    out: int
    cooldown: int
    periods: int

    @property
    def _alarms(self) -> tuple[tuple[str, AlarmRule, Step], ...]:
        out, into = Step(self.out, lower=0.0), Step(-1, upper=0.0)
        return (
            ("out", self._rule(Comparison.ABOVE, self.high), out),
            ("in", self._rule(Comparison.BELOW, self.low), into),
        )

    @property
    def simulated(self) -> Scaling:
        policies = [
            SteppingPolicy(
                StepScaling(name, Adjustment.CHANGE, (step,), float(self.cooldown)),
                Metric.INVOCATIONS,
                Statistic.SUM,
                rule,
            )
            for name, rule, step in self._alarms
        ]
        return Scaling(Bounds(self.minimum, self.maximum), policies)

    def put(self, plane: Plane, endpoint: str) -> None:
        """On the live plane, with its alarms."""
        resource = _registered(plane, endpoint, self.minimum, self.maximum)
        for name, rule, step in self._alarms:
            bounds = {
                "MetricIntervalLowerBound": step.lower,
                "MetricIntervalUpperBound": step.upper,
            }
            adjustment = {key: value for key, value in bounds.items() if value is not None}
            made = plane.client("application-autoscaling").put_scaling_policy(
                **resource,
                PolicyName=name,
                PolicyType="StepScaling",
                StepScalingPolicyConfiguration={
                    "AdjustmentType": "ChangeInCapacity",
                    "StepAdjustments": [adjustment | {"ScalingAdjustment": step.adjustment}],
                    "Cooldown": self.cooldown,
                },
            )
            plane.client("cloudwatch").put_metric_alarm(
                AlarmName=f"{endpoint}-{name}",
                Namespace="AWS/SageMaker",
                MetricName="Invocations",
                Dimensions=[
                    {"Name": "EndpointName", "Value": endpoint},
                    {"Name": "VariantName", "Value": _VARIANT},
                ],
                Statistic="Sum",
                Period=rule.period,
                EvaluationPeriods=rule.periods,
                DatapointsToAlarm=rule.datapoints,
                Threshold=rule.threshold,
                ComparisonOperator=str(rule.comparison),
                TreatMissingData=str(rule.missing),
                AlarmActions=[made["PolicyARN"]],
            )

    def _rule(self, comparison: Comparison, threshold: float) -> AlarmRule:
        return AlarmRule(
            comparison, threshold, 60, self.periods, self.periods, MissingData.NOT_BREACHING
        )


def _registered(plane: Plane, endpoint: str, minimum: int, maximum: int) -> dict[str, Any]:
    """What names the scalable target."""
    resource = {
        "ServiceNamespace": "sagemaker",
        "ResourceId": f"endpoint/{endpoint}/variant/{_VARIANT}",
        "ScalableDimension": _DIMENSION,
    }
    plane.client("application-autoscaling").register_scalable_target(
        **resource, MinCapacity=minimum, MaxCapacity=maximum
    )
    return resource
