"""From one instance more to the moment when it takes requests."""

from __future__ import annotations

import time
from collections.abc import Iterator

from benchmarks.bench import Bench
from benchmarks.row import Row, Series
from tests.integration.model_archives import Hosting
from tests.planes import Plane

__all__ = ["measure"]

PART = "endpoint"
_STUCK = 60.0  # seconds
_TARGET = 150.0  # ms, for an instance that the zygote has in memory


def measure(bench: Bench, plane: Plane, endpoint: str, title: str) -> Iterator[Row]:
    """UpdateEndpointWeightsAndCapacities from one instance to two, until DescribeEndpoint says
    that two take requests and the endpoint is InService."""
    hosting = Hosting(plane)
    took: list[float] = []
    for _ in range(bench.rounds(20)):
        began = time.perf_counter()
        _scale(hosting, endpoint, 2)
        took.append(1e3 * (time.perf_counter() - began))
        _scale(hosting, endpoint, 1)
    yield Row(PART, Series.of(f"one instance more, {title}", took, "ms"), target=_TARGET)


def _scale(hosting: Hosting, endpoint: str, count: int) -> None:
    described = hosting.sagemaker.describe_endpoint(EndpointName=endpoint)
    name = described["ProductionVariants"][0]["VariantName"]
    hosting.sagemaker.update_endpoint_weights_and_capacities(
        EndpointName=endpoint,
        DesiredWeightsAndCapacities=[{"VariantName": name, "DesiredInstanceCount": count}],
    )

    deadline = time.monotonic() + _STUCK
    while time.monotonic() < deadline:  # as fast as it answers, so that no pause is measured
        now = hosting.sagemaker.describe_endpoint(EndpointName=endpoint)
        current = now["ProductionVariants"][0]["CurrentInstanceCount"]
        if now["EndpointStatus"] == "InService" and current == count:
            return
    raise AssertionError(f"{endpoint} did not come to {count} instances within {_STUCK:.0f} s")
