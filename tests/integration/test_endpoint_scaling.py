"""Endpoints as they are scaled, on a plane where a minute of policy time is a second."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.integration.model_archives import Hosting
from tests.integration.test_endpoints import ECHO
from tests.planes import Plane, wait_until


@pytest.fixture(scope="module")
def fast(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Plane]:
    plane = Plane(tmp_path_factory.mktemp("fast") / "state", "--time-scale", "60")
    try:
        yield plane.start()
    finally:
        plane.close()


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


def test_what_was_routable_can_be_read_as_instance_seconds(fast: Plane, hosting: Hosting) -> None:
    hosting.deploy("held", ECHO, count=2)
    hosting.wait("held")

    def whole_minutes() -> list[float]:
        found = points(fast, "held", "RoutableInstanceSeconds", namespace="Kennel/SageMaker")
        return [found[time] for time in sorted(found)][1:-1]

    wait_until(lambda: len(whole_minutes()) >= 2)
    assert whole_minutes() == pytest.approx([120.0] * len(whole_minutes()))


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
