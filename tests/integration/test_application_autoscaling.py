"""Application Auto Scaling with boto3, on a plane where a minute of policy time is a second."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import pytest

from tests.integration.model_archives import Hosting
from tests.integration.test_endpoints import ECHO
from tests.planes import Plane, wait_until

DIMENSION = "sagemaker:variant:DesiredInstanceCount"


@pytest.fixture(scope="module")
def fast(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Plane]:
    plane = Plane(tmp_path_factory.mktemp("autoscaling") / "state", "--time-scale", "60")
    try:
        yield plane.start()
    finally:
        plane.close()


@pytest.fixture(scope="module")
def hosting(fast: Plane) -> Hosting:
    return Hosting(fast)


@pytest.fixture(scope="module")
def scaling(fast: Plane) -> Any:
    return fast.client("application-autoscaling")


def target(endpoint: str) -> dict[str, str]:
    return {
        "ServiceNamespace": "sagemaker",
        "ResourceId": f"endpoint/{endpoint}/variant/AllTraffic",
        "ScalableDimension": DIMENSION,
    }


def tracking(value: float, **more: Any) -> dict[str, Any]:
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


def count_of(hosting: Hosting, endpoint: str) -> int:
    described = hosting.sagemaker.describe_endpoint(EndpointName=endpoint)
    return int(described["ProductionVariants"][0]["CurrentInstanceCount"])


def activities(scaling: Any, endpoint: str, **more: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = scaling.describe_scaling_activities(**target(endpoint), **more)[
        "ScalingActivities"
    ]
    return found


def test_under_a_load_that_rises_and_falls_an_endpoint_goes_from_one_to_three_and_back(
    fast: Plane, hosting: Hosting, scaling: Any
) -> None:
    hosting.deploy("busy", ECHO, count=1)
    hosting.wait("busy")
    made = scaling.register_scalable_target(**target("busy"), MinCapacity=1, MaxCapacity=3)
    assert ":scalable-target/" in made["ScalableTargetARN"]
    put = scaling.put_scaling_policy(
        PolicyName="ten",
        **target("busy"),
        **tracking(10.0, ScaleOutCooldown=30, ScaleInCooldown=30),
    )
    names = [alarm["AlarmName"] for alarm in put["Alarms"]]
    for name, kind in zip(names, ("High", "Low"), strict=True):
        assert name.startswith(f"TargetTracking-endpoint/busy/variant/AllTraffic-Alarm{kind}-")
    (high, low) = fast.client("cloudwatch").describe_alarms(AlarmNames=names)["MetricAlarms"]
    assert (high["Threshold"], high["EvaluationPeriods"], high["Period"]) == (10.0, 3, 60)
    assert (low["Threshold"], low["EvaluationPeriods"], low["Period"]) == (9.0, 15, 60)
    assert high["AlarmActions"] == low["AlarmActions"] == [put["PolicyARN"]]

    def load() -> int:
        for _ in range(60):
            hosting.invoke("busy")
        time.sleep(0.3)
        return count_of(hosting, "busy")

    wait_until(lambda: load() == 3, what="three instances")
    wait_until(lambda: count_of(hosting, "busy") == 1, what="one instance again")
    wait_until(lambda: activities(scaling, "busy")[0]["StatusCode"] == "Successful")

    newest, oldest = activities(scaling, "busy")[0], activities(scaling, "busy")[-1]
    assert oldest["Description"] == "Setting desired instance count to 3."
    assert oldest["Cause"] == f"monitor alarm {names[0]} in state ALARM triggered policy ten"
    assert oldest["StatusMessage"] == (
        "Successfully set desired instance count to 3. Change successfully fulfilled by sagemaker."
    )
    assert newest["Description"] == "Setting desired instance count to 1."
    assert newest["Cause"] == f"monitor alarm {names[1]} in state ALARM triggered policy ten"

    def reasons() -> list[Any]:
        newest = activities(scaling, "busy", IncludeNotScaledActivities=True)[0]
        return list(newest.get("NotScaledReasons", []))

    wait_until(lambda: reasons() == [{"Code": "AlreadyAtMinCapacity", "MinCapacity": 1}])
    assert all("NotScaledReasons" not in each for each in activities(scaling, "busy"))
