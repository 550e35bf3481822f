"""Endpoints as they are scaled, on a plane where a minute of policy time is a second."""

from __future__ import annotations

import concurrent.futures
import json
import signal
import time
from typing import Any

import pytest
from botocore.exceptions import WaiterError

from tests.conftest import PlaneFactory
from tests.inside import kill, lives
from tests.integration.model_archives import Hosting
from tests.integration.refusals import error_of
from tests.integration.scaled_variants import target
from tests.integration.test_endpoints import ECHO
from tests.planes import Plane, wait_until


@pytest.fixture(scope="module")
def fast(module_plane_factory: PlaneFactory) -> Plane:
    return module_plane_factory("--time-scale", "60")


@pytest.fixture(scope="module")
def hosting(fast: Plane) -> Hosting:
    return Hosting(fast)


def points(
    plane: Plane,
    endpoint: str,
    metric: str,
    statistic: str = "Sum",
    namespace: str = "AWS/SageMaker",
    period: int = 60,
) -> dict[float, float]:
    """A metric of the endpoint's variant AllTraffic in the last hour of policy time, by time."""
    created = plane.client("sagemaker").describe_endpoint(EndpointName=endpoint)["CreationTime"]
    found: list[Any] = plane.client("cloudwatch").get_metric_statistics(
        Namespace=namespace,
        MetricName=metric,
        Dimensions=[
            {"Name": "EndpointName", "Value": endpoint},
            {"Name": "VariantName", "Value": "AllTraffic"},
        ],
        StartTime=created.timestamp() - 60,
        EndTime=created.timestamp() + 3600 * 3,
        Period=period,
        Statistics=[statistic],
    )["Datapoints"]
    return {point["Timestamp"].timestamp(): point[statistic] for point in found}


def test_an_endpoint_that_nobody_asks_has_a_zero_for_every_minute(
    fast: Plane, hosting: Hosting
) -> None:
    hosting.deploy("idle", ECHO, count=2)
    hosting.wait("idle")
    wait_until(lambda: len(points(fast, "idle", "InvocationsPerInstance")) >= 3)
    for metric in ("Invocations", "InvocationsPerInstance"):
        found = points(fast, "idle", metric)
        assert set(found.values()) == {0.0}
        assert max(found) - min(found) == 60 * (len(found) - 1)
    concurrent = points(fast, "idle", "ConcurrentRequestsPerModel", "Maximum", period=10)
    assert set(concurrent.values()) == {0.0}
    assert max(concurrent) - min(concurrent) == 10 * (len(concurrent) - 1)


def test_what_instances_use_of_their_type_is_published(fast: Plane, hosting: Hosting) -> None:
    hosting.deploy("used", ECHO)
    hosting.wait("used")

    def found(metric: str) -> list[float]:
        return list(points(fast, "used", metric, "Average", "/aws/sagemaker/Endpoints").values())

    wait_until(lambda: found("MemoryUtilization"))
    assert all(0 < percent < 100 for percent in found("MemoryUtilization"))
    wait_until(lambda: found("CPUUtilization"))
    assert all(0 <= percent <= 200 for percent in found("CPUUtilization"))


def test_what_was_routable_can_be_read_as_instance_seconds(fast: Plane, hosting: Hosting) -> None:
    hosting.deploy("held", ECHO, count=2)
    hosting.wait("held")

    def whole_minutes() -> list[float]:
        found = points(fast, "held", "RoutableInstanceSeconds", namespace="Kennel/SageMaker")
        return [found[time] for time in sorted(found)][1:-1]

    wait_until(lambda: len(whole_minutes()) >= 2)
    held = whole_minutes()
    assert held == pytest.approx([120.0] * len(held))


def test_a_routing_strategy_is_described_and_acted_on(hosting: Hosting) -> None:
    hosting.model("drawn", ECHO)
    variant = {
        "VariantName": "AllTraffic",
        "ModelName": "drawn",
        "InitialInstanceCount": 2,
        "InstanceType": "ml.m5.large",
        "RoutingConfig": {"RoutingStrategy": "RANDOM"},
    }
    hosting.sagemaker.create_endpoint_config(
        EndpointConfigName="drawn", ProductionVariants=[variant]
    )
    described = hosting.sagemaker.describe_endpoint_config(EndpointConfigName="drawn")
    assert described["ProductionVariants"][0]["RoutingConfig"] == {"RoutingStrategy": "RANDOM"}
    hosting.sagemaker.create_endpoint(EndpointName="drawn", EndpointConfigName="drawn")
    hosting.wait("drawn")
    replies = {hosting.invoke("drawn") for _ in range(40)}
    assert len(replies) == 2  # each instance says its own pid; the one freed last would be alone


def variant_of(hosting: Hosting, endpoint: str) -> dict[str, Any]:
    described = hosting.sagemaker.describe_endpoint(EndpointName=endpoint)
    variant: dict[str, Any] = described["ProductionVariants"][0]
    return {**variant, "status": described["EndpointStatus"]}


def scale(hosting: Hosting, endpoint: str, count: int) -> None:
    hosting.sagemaker.update_endpoint_weights_and_capacities(
        EndpointName=endpoint,
        DesiredWeightsAndCapacities=[{"VariantName": "AllTraffic", "DesiredInstanceCount": count}],
    )


def test_a_busy_instance_that_is_scaled_in_finishes_what_it_was_asked(hosting: Hosting) -> None:
    slow = ECHO.replace(
        "def predict_fn(data, model):",
        "def predict_fn(data, model):\n    import time; time.sleep(data.get('sleep', 0))",
    )
    hosting.deploy("drained", slow, count=3)
    hosting.wait("drained")
    with concurrent.futures.ThreadPoolExecutor(3) as pool:
        asked = [pool.submit(hosting.invoke, "drained", b'{"sleep": 1.5}') for _ in range(3)]
        wait_until(lambda: all(future.running() for future in asked))
        time.sleep(0.3)  # they are on their way, and far from answered
        scale(hosting, "drained", 1)
        wait_until(lambda: variant_of(hosting, "drained")["status"] == "InService")
        assert variant_of(hosting, "drained")["CurrentInstanceCount"] == 1
        scale(hosting, "drained", 2)  # the one that is added is no one that leaves
        wait_until(lambda: variant_of(hosting, "drained")["CurrentInstanceCount"] == 2)
        pids = {json.loads(future.result())["pid"] for future in asked}
    assert len(pids) == 3
    wait_until(lambda: sum(lives(pid) for pid in pids) == 1)


def test_scaling_says_what_is_wrong_with_it(hosting: Hosting) -> None:
    hosting.deploy("scaled", ECHO)
    hosting.wait("scaled")
    code, message, _ = error_of(lambda: scale(hosting, "scaled", 101))
    assert code == "ResourceLimitExceeded"
    assert "100 Instances" in message
    code, message, _ = error_of(
        lambda: hosting.sagemaker.update_endpoint_weights_and_capacities(
            EndpointName="scaled",
            DesiredWeightsAndCapacities=[{"VariantName": "AllTraffic", "DesiredWeight": 0.0}],
        )
    )
    assert code == "ValidationException"
    assert "weight above 0" in message


def test_instances_take_requests_after_the_launch_delay_and_not_before(
    plane_factory: PlaneFactory,
) -> None:
    plane = plane_factory("--time-scale", "60", "--launch-delay", "120")
    hosting = Hosting(plane)
    hosting.deploy("late", ECHO)
    described = hosting.wait("late")
    took = described["LastModifiedTime"] - described["CreationTime"]
    assert took.total_seconds() >= 120
    scale(hosting, "late", 3)
    asked_at = hosting.sagemaker.describe_endpoint(EndpointName="late")["LastModifiedTime"]
    seen = variant_of(hosting, "late")
    assert (seen["CurrentInstanceCount"], seen["DesiredInstanceCount"]) == (1, 3)
    code, message, _ = error_of(lambda: scale(hosting, "late", 2))
    assert code == "ValidationException"
    assert "in-progress" in message
    kill(json.loads(hosting.invoke("late"))["pid"], signal.SIGKILL)
    hosting.invoke("late")  # at once by one that is up, in the place of the one that died
    described = hosting.wait("late")
    assert (described["LastModifiedTime"] - asked_at).total_seconds() >= 120
    assert variant_of(hosting, "late")["CurrentInstanceCount"] == 3


def test_a_launch_goes_on_when_its_plane_is_killed_and_ends_when_it_is_not_wanted(
    plane_factory: PlaneFactory,
) -> None:
    plane = plane_factory("--launch-delay", "80000")
    hosting = Hosting(plane)
    hosting.deploy("never", ECHO)
    plane.kill()
    plane.start()
    hosting = Hosting(plane)
    described = hosting.sagemaker.describe_endpoint(EndpointName="never")
    assert described["EndpointStatus"] == "Creating"
    hosting.sagemaker.delete_endpoint(EndpointName="never")
    hosting.wait_deleted("never")


def test_an_endpoint_whose_instances_end_before_they_answer_fails_with_that_reason(
    hosting: Hosting,
) -> None:
    stillborn = """
import os, threading, time

def model_fn(model_dir):
    seen = os.path.join(model_dir, "seen")
    if os.path.exists(seen):
        os._exit(3)
    open(seen, "w").close()
    # A thread, so that each instance loads the model for itself.
    threading.Thread(target=time.sleep, args=(60,), daemon=True).start()
"""
    hosting.deploy("stillborn", stillborn)
    with pytest.raises(WaiterError):
        hosting.wait("stillborn")
    described = hosting.sagemaker.describe_endpoint(EndpointName="stillborn")
    assert described["EndpointStatus"] == "Failed"
    assert "ended before it answered /ping" in described["FailureReason"]


def test_a_variant_that_is_a_scalable_target_keeps_its_type_and_goes_with_its_endpoint(
    fast: Plane, hosting: Hosting
) -> None:
    hosting.deploy("target", ECHO)
    hosting.wait("target")
    scaling = fast.client("application-autoscaling")
    scaling.register_scalable_target(**target("target"), MinCapacity=1, MaxCapacity=2)
    hosting.config("larger", ("AllTraffic", "target", 1, 1.0), instance_type="ml.m5.xlarge")
    hosting.config("renamed", ("Other", "target", 1, 1.0))
    hosting.config("same", ("AllTraffic", "target", 1, 1.0))
    for config in ("larger", "renamed"):
        code, message, _ = error_of(
            lambda config=config: hosting.sagemaker.update_endpoint(
                EndpointName="target", EndpointConfigName=config
            )
        )
        assert code == "ValidationException"
        assert '"AllTraffic" must be deregistered' in message
    hosting.sagemaker.update_endpoint(EndpointName="target", EndpointConfigName="same")
    hosting.wait("target")
    hosting.sagemaker.delete_endpoint(EndpointName="target")
    left = scaling.describe_scalable_targets(ServiceNamespace="sagemaker")["ScalableTargets"]
    assert left == []
