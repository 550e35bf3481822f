"""What Application Auto Scaling had under way goes on after its plane was killed."""

from __future__ import annotations

from typing import Any

from tests.conftest import PlaneFactory
from tests.integration.model_archives import Hosting
from tests.integration.test_application_autoscaling import target, tracking
from tests.integration.test_endpoints import ECHO
from tests.planes import Plane, wait_until


def activities(plane: Plane) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = plane.client(
        "application-autoscaling"
    ).describe_scaling_activities(**target("survivor"))["ScalingActivities"]
    return found


def test_a_change_of_capacity_is_followed_on_and_alarms_are_made_again(
    plane_factory: PlaneFactory,
) -> None:
    plane = plane_factory("--time-scale", "60", "--launch-delay", "180")
    hosting = Hosting(plane)
    hosting.deploy("survivor", ECHO, count=1)
    hosting.wait("survivor")
    scaling = plane.client("application-autoscaling")
    scaling.register_scalable_target(**target("survivor"), MinCapacity=1, MaxCapacity=2)
    put = scaling.put_scaling_policy(PolicyName="ten", **target("survivor"), **tracking(10.0))
    names = [alarm["AlarmName"] for alarm in put["Alarms"]]
    scaling.register_scalable_target(**target("survivor"), MinCapacity=2)
    wait_until(
        lambda: [each["StatusCode"] for each in activities(plane)] == ["InProgress"], seconds=3
    )
    assert "Waiting for change to be fulfilled" in activities(plane)[0]["StatusMessage"]
    plane.client("cloudwatch").delete_alarms(AlarmNames=names[:1])  # as if they were not all made

    plane.kill()
    plane.start()

    wait_until(lambda: [each["StatusCode"] for each in activities(plane)] == ["Successful"])
    (variant,) = Hosting(plane).wait("survivor")["ProductionVariants"]
    assert variant["CurrentInstanceCount"] == 2

    def alarms() -> list[str]:
        found = plane.client("cloudwatch").describe_alarms(AlarmNames=names)["MetricAlarms"]
        return [alarm["AlarmName"] for alarm in found]

    wait_until(lambda: alarms() == sorted(names))
