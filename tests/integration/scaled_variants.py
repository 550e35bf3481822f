"""Variants as Application Auto Scaling knows them, for tests: targets, policies, activities."""

from __future__ import annotations

from typing import Any

__all__ = ["DIMENSION", "activities", "target", "tracking"]

DIMENSION = "sagemaker:variant:DesiredInstanceCount"


def target(endpoint: str) -> dict[str, str]:
    """What every operation names the endpoint's variant AllTraffic by."""
    return {
        "ServiceNamespace": "sagemaker",
        "ResourceId": f"endpoint/{endpoint}/variant/AllTraffic",
        "ScalableDimension": DIMENSION,
    }


def tracking(value: float, **more: Any) -> dict[str, Any]:
    """A policy that keeps the invocations per instance and minute at the value."""
    return {
        "PolicyType": "TargetTrackingScaling",
        "TargetTrackingScalingPolicyConfiguration": {
            "TargetValue": value,
            "PredefinedMetricSpecification": {
                "PredefinedMetricType": "SageMakerVariantInvocationsPerInstance"
            },
            **more,
        },
    }


def activities(scaling: Any, endpoint: str, **more: Any) -> list[dict[str, Any]]:
    """The variant's scaling activities, the newest first."""
    found: list[dict[str, Any]] = scaling.describe_scaling_activities(**target(endpoint), **more)[
        "ScalingActivities"
    ]
    return found
