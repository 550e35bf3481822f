"""Application Auto Scaling of provisioned concurrency, by what real invocations publish."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator

from tests.conftest import PlaneFactory
from tests.integration.provisioned import Napping
from tests.planes import wait_until

NAP = 0.15  # seconds; short enough for several in a minute of policy time


@contextlib.contextmanager
def callers(function: Napping, count: int) -> Iterator[None]:
    """So many callers, each of which calls again as soon as it has its answer."""
    stopping = threading.Event()

    def call() -> None:
        while not stopping.is_set():
            function.call(NAP)

    threads = [threading.Thread(target=call) for _ in range(count)]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        stopping.set()
        for thread in threads:
            thread.join()


def test_provisioned_concurrency_follows_its_utilization_and_stays_while_nobody_calls(
    plane_factory: PlaneFactory,
) -> None:
    plane = plane_factory("--time-scale", "240")
    function = Napping(plane, "followed")
    function.provision(1)
    scaling, watch = plane.client("application-autoscaling"), plane.client("cloudwatch")
    target = {
        "ServiceNamespace": "lambda",
        "ResourceId": "function:followed:live",
        "ScalableDimension": "lambda:function:ProvisionedConcurrency",
    }
    scaling.register_scalable_target(**target, MinCapacity=1, MaxCapacity=4)
    utilization = {"PredefinedMetricType": "LambdaProvisionedConcurrencyUtilization"}
    alarms = scaling.put_scaling_policy(
        **target,
        PolicyName="seventy",
        PolicyType="TargetTrackingScaling",
        TargetTrackingScalingPolicyConfiguration={
            "TargetValue": 0.7,
            "PredefinedMetricSpecification": utilization,
        },
    )["Alarms"]
    for alarm, kind in zip(alarms, ("High", "Low"), strict=True):
        start = f"TargetTracking-function:followed:live-Alarm{kind}-"
        assert alarm["AlarmName"].startswith(start)

    def available() -> int:
        found: int = function.client.get_provisioned_concurrency_config(
            FunctionName="followed", Qualifier="live"
        )["AvailableProvisionedConcurrentExecutions"]
        return found

    def states() -> set[str]:
        found = watch.describe_alarms(AlarmNames=[alarm["AlarmName"] for alarm in alarms])
        return {alarm["StateValue"] for alarm in found["MetricAlarms"]}

    with callers(function, 3):
        wait_until(lambda: available() == 4, what="scaled out")
    # Unused environments publish no utilization, so nothing says that there are too many.
    wait_until(lambda: states() == {"INSUFFICIENT_DATA"})
    assert available() == 4
    activities = scaling.describe_scaling_activities(**target)["ScalingActivities"]
    assert {activity["StatusCode"] for activity in activities} == {"Successful"}
    assert all("AlarmHigh" in activity["Cause"] for activity in activities)
    assert activities[0]["StatusMessage"] == (
        "Successfully set desired concurrency to 4. Change successfully fulfilled by lambda."
    )
