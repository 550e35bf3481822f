"""What Application Auto Scaling had under way goes on after its plane was killed."""

from __future__ import annotations

from tests.conftest import PlaneFactory
from tests.integration.model_archives import Hosting
from tests.integration.scaled_variants import activities, target, tracking
from tests.integration.test_endpoints import ECHO
from tests.planes import wait_until


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

    def statuses() -> list[str]:
        return [each["StatusCode"] for each in activities(scaling, "survivor")]

    wait_until(lambda: statuses() == ["InProgress"], seconds=3)
    assert (
        "Waiting for change to be fulfilled" in activities(scaling, "survivor")[0]["StatusMessage"]
    )
    plane.client("cloudwatch").delete_alarms(AlarmNames=names[:1])  # as if they were not all made

    plane.kill()
    plane.start()

    wait_until(lambda: statuses() == ["Successful"])
    (variant,) = Hosting(plane).wait("survivor")["ProductionVariants"]
    assert variant["CurrentInstanceCount"] == 2

    def alarms() -> list[str]:
        found = plane.client("cloudwatch").describe_alarms(AlarmNames=names)["MetricAlarms"]
        return [alarm["AlarmName"] for alarm in found]

    wait_until(lambda: alarms() == sorted(names))
