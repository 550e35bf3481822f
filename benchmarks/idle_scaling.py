"""What the control loop costs while nothing happens: many endpoints, twice as many policies."""

from __future__ import annotations

import time
from collections.abc import Iterator

from benchmarks.bench import Bench
from benchmarks.payloads import echo_model
from benchmarks.processes import cpu_seconds
from benchmarks.row import Row, Series
from tests.integration.model_archives import Hosting
from tests.planes import Plane, wait_until

__all__ = ["measure"]

PART = "scaling"
_ENDPOINTS = 50
_METRICS = (
    "SageMakerVariantInvocationsPerInstance",
    "SageMakerVariantConcurrentRequestsPerModelHighResolution",
)
_TARGET = 20.0  # ms of processor time a second: 2 % of one core
_AT_A_TIME = 5  # endpoints that are made beside each other
_SLICE = 60.0  # seconds: every alarm is due in each


def measure(bench: Bench) -> Iterator[Row]:
    """The plane's processor time with the policies, less that without, at AWS's own pace.

    Sixty times that pace comes first, until every low alarm is raised: from then on each calls
    its policy every minute, which is as busy as an idle plane gets.
    """
    count = bench.count(_ENDPOINTS)
    plane = Plane(bench.folder / "scaling", "--time-scale", "60").start()
    try:
        _deploy(plane, count)
        plane.stop()
        without = _idle(_at_its_own_pace(plane), bench)
        plane.close()
        fast = Plane(bench.folder / "scaling", "--time-scale", "60").start()
        try:
            _scale(fast, count)
            wait_until(lambda: _raised(fast) == count * len(_METRICS), 60.0, "low alarms")
        finally:
            fast.stop()
        plane = _at_its_own_pace(fast)
        with_policies = _idle(plane, bench)
    finally:
        plane.close()
    loop = tuple(after - before for after, before in zip(with_policies, without, strict=True))
    title = f"control loop, {count} endpoints, {count * len(_METRICS)} policies"
    yield Row(PART, Series(title, loop, "ms/s"), target=_TARGET)
    yield Row(PART, Series(f"plane with {count} endpoints, idle", without, "ms/s"))


def _at_its_own_pace(plane: Plane) -> Plane:
    """A plane on the folder of one that was stopped, its clock no faster than the wall's."""
    return Plane(plane.state).start()


def _deploy(plane: Plane, count: int) -> None:
    hosting = Hosting(plane)
    hosting.model_from("idle", echo_model())
    hosting.config("idle", ("AllTraffic", "idle", 1, 1.0))
    for first in range(0, count, _AT_A_TIME):
        names = [_name(number) for number in range(first, min(count, first + _AT_A_TIME))]
        for name in names:
            hosting.sagemaker.create_endpoint(EndpointName=name, EndpointConfigName="idle")
        for name in names:
            hosting.wait(name)


def _scale(plane: Plane, count: int) -> None:
    client = plane.client("application-autoscaling")
    for number in range(count):
        target = {
            "ServiceNamespace": "sagemaker",
            "ResourceId": f"endpoint/{_name(number)}/variant/AllTraffic",
            "ScalableDimension": "sagemaker:variant:DesiredInstanceCount",
        }
        client.register_scalable_target(**target, MinCapacity=1, MaxCapacity=3)
        for metric in _METRICS:
            client.put_scaling_policy(
                **target,
                PolicyName=metric,
                PolicyType="TargetTrackingScaling",
                TargetTrackingScalingPolicyConfiguration={
                    "TargetValue": 10.0,
                    "PredefinedMetricSpecification": {"PredefinedMetricType": metric},
                },
            )


def _raised(plane: Plane) -> int:
    pages = plane.client("cloudwatch").get_paginator("describe_alarms")
    return sum(len(page["MetricAlarms"]) for page in pages.paginate(StateValue="ALARM"))


def _idle(plane: Plane, bench: Bench) -> tuple[float, ...]:
    """Processor time in ms a second, in slices."""
    slices = []
    time.sleep(bench.seconds(15.0))  # adopted endpoints are looked at
    for _ in range(bench.rounds(2)):
        cpu, began = cpu_seconds([plane.pid]), time.monotonic()
        time.sleep(_SLICE)
        slices.append((cpu_seconds([plane.pid]) - cpu) * 1e3 / (time.monotonic() - began))
    return tuple(slices)


def _name(number: int) -> str:
    return f"idle-{number}"
