"""Checks the configurations that PutScalingPolicy is given, and makes the pure policies of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

from kennel.errors import NotImplementedByKennel
from kennel.scaling.step_scaling import Adjustment, Step, StepScaling
from kennel.scaling.target_tracking import TargetTracking
from kennel.services.application_autoscaling.errors import ValidationException
from kennel.services.application_autoscaling.policy_alarms import PREDEFINED, period_of
from kennel.services.application_autoscaling.records import Policy
from kennel.services.application_autoscaling.scalable import Scalable

__all__ = ["MOST_STEPS", "check_steps", "check_tracking", "stepping", "tracking"]

MOST_STEPS = 20
"""Source: "Quotas for Application Auto Scaling", step adjustments per step scaling policy."""

_LARGEST = 2.0**360  # TargetTrackingScalingPolicyConfiguration's reference
_PLAIN = ("MetricName", "Namespace", "Statistic")


def check_tracking(given: Mapping[str, Any], scalable: Scalable) -> None:
    """Raises ValidationException, and NotImplementedByKennel for a metric that nothing here
    publishes."""
    target = given["TargetValue"]
    if not 0 < target <= _LARGEST:
        raise ValidationException("TargetValue must be greater than 0 and at most 2^360.")
    for name in ("ScaleOutCooldown", "ScaleInCooldown"):
        if given.get(name, 0) < 0:
            raise ValidationException(f"{name} must not be negative.")
    predefined = given.get("PredefinedMetricSpecification")
    custom = given.get("CustomizedMetricSpecification")
    if (predefined is None) == (custom is None):
        raise ValidationException(
            "Exactly one of PredefinedMetricSpecification and CustomizedMetricSpecification must "
            "be specified."
        )
    if predefined is not None:
        _check_predefined(predefined["PredefinedMetricType"], scalable)
    elif custom is not None:
        _check_custom(custom)


def _check_predefined(kind: str, scalable: Scalable) -> None:
    if kind not in scalable.metrics:
        raise ValidationException(
            f"Scalable dimension {scalable.dimension} only supports the following predefined "
            f"metric types: {', '.join(scalable.metrics)}"
        )
    if kind not in PREDEFINED:
        raise NotImplementedByKennel(
            f"Kennel does not publish the metric behind {kind}: it has no serverless variants and "
            "no inference components."
        )


def _check_custom(custom: Mapping[str, Any]) -> None:
    queries: Sequence[Mapping[str, Any]] = custom.get("Metrics", ())
    named = [name for name in (*_PLAIN, "Dimensions", "Unit") if name in custom]
    if queries and named:
        raise ValidationException(
            f"Metrics can't be specified together with {', '.join(named)} in a "
            "CustomizedMetricSpecification."
        )
    if not queries:
        for name in _PLAIN:
            if name not in custom:
                raise ValidationException(
                    f"{name} must be specified in a CustomizedMetricSpecification without Metrics."
                )
        return
    for query in queries:
        if ("Expression" in query) == ("MetricStat" in query):
            raise ValidationException(
                f"The query {query['Id']} must have either an Expression or a MetricStat."
            )
    if sum(query.get("ReturnData", True) for query in queries) != 1:
        raise ValidationException("Exactly one of the Metrics must have ReturnData set to true.")


def check_steps(given: Mapping[str, Any], scalable: Scalable) -> None:
    """Raises ValidationException for what StepAdjustment's reference excludes."""
    if not scalable.takes_steps:
        raise ValidationException(
            f"Step scaling policies are not supported for {scalable.dimension}."
        )
    if "AdjustmentType" not in given:
        raise ValidationException("AdjustmentType must be specified for a step scaling policy.")
    steps = given.get("StepAdjustments") or ()
    if not 1 <= len(steps) <= MOST_STEPS:
        raise ValidationException(
            f"A step scaling policy must have between 1 and {MOST_STEPS} StepAdjustments."
        )
    if given.get("Cooldown", 0) < 0:
        raise ValidationException("Cooldown must not be negative.")
    is_percent = given["AdjustmentType"] == Adjustment.PERCENT
    if "MinAdjustmentMagnitude" in given and not is_percent:
        raise ValidationException(
            "MinAdjustmentMagnitude is only for the adjustment type PercentChangeInCapacity."
        )
    if given.get("MinAdjustmentMagnitude", 1) < 1:
        raise ValidationException("MinAdjustmentMagnitude must be at least 1.")
    is_exact = given["AdjustmentType"] == Adjustment.EXACT
    if is_exact and any(step["ScalingAdjustment"] < 0 for step in steps):
        raise ValidationException("An exact capacity must not be negative.")
    _check_intervals([_step(step) for step in steps])


def _check_intervals(steps: Sequence[Step]) -> None:
    for step in steps:
        if step.lower is None and step.upper is None:
            raise ValidationException(
                "The upper and lower bound can't be null in the same step adjustment."
            )
        if step.lower is not None and step.upper is not None and step.lower >= step.upper:
            raise ValidationException("The upper bound must be greater than the lower bound.")
    for bounds, side in (
        ([step.lower for step in steps], "lower"),
        ([step.upper for step in steps], "upper"),
    ):
        if bounds.count(None) > 1:
            raise ValidationException(f"At most one step adjustment can have a null {side} bound.")
        outer = [bound for bound in bounds if bound is not None]
        if side == "lower" and None not in bounds and min(outer) < 0:
            raise ValidationException(
                "If one step adjustment has a negative lower bound, then there must be a step "
                "adjustment with a null lower bound."
            )
        if side == "upper" and None not in bounds and max(outer) > 0:
            raise ValidationException(
                "If one step adjustment has a positive upper bound, then there must be a step "
                "adjustment with a null upper bound."
            )
    ordered = sorted(steps, key=lambda step: -_LARGEST if step.lower is None else step.lower)
    for former, step in pairwise(ordered):
        if former.upper != step.lower:
            raise ValidationException(
                "The ranges of your step adjustments can't overlap or have a gap."
            )


def tracking(policy: Policy, scalable: Scalable) -> TargetTracking:
    """The pure policy of a tracking one."""
    given = policy.configuration
    return TargetTracking(
        name=policy.name,
        target=given["TargetValue"],
        out_cooldown=given.get("ScaleOutCooldown", scalable.cooldown),
        in_cooldown=given.get("ScaleInCooldown", scalable.cooldown),
        is_scale_in_disabled=given.get("DisableScaleIn", False),
        period=period_of(given),
    )


def stepping(policy: Policy, scalable: Scalable) -> StepScaling:
    """The pure policy of one with steps."""
    given = policy.configuration
    return StepScaling(
        name=policy.name,
        adjustment=Adjustment(given["AdjustmentType"]),
        steps=[_step(step) for step in given["StepAdjustments"]],
        cooldown=given.get("Cooldown", scalable.cooldown),
        magnitude=given.get("MinAdjustmentMagnitude", 1),
    )


def _step(given: Mapping[str, Any]) -> Step:
    return Step(
        given["ScalingAdjustment"],
        given.get("MetricIntervalLowerBound"),
        given.get("MetricIntervalUpperBound"),
    )
