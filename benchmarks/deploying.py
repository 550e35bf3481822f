"""From CreateEndpoint to InService."""

from __future__ import annotations

import time
from collections.abc import Iterator
from functools import partial

from benchmarks.bench import Bench
from benchmarks.models import Deployed, bare_loops, deploy
from benchmarks.row import Row, Series
from tests.integration.model_archives import Hosting
from tests.planes import Plane, wait_until

__all__ = ["measure"]

PART = "endpoint"


def measure(bench: Bench, plane: Plane, deployed: Deployed, title: str) -> Iterator[Row]:
    """Creating → InService, beside a process that loads the same model and answers once. The
    model is at work on an endpoint of its name afterwards."""
    deploy(plane, deployed)
    hosting = Hosting(plane)
    ours: list[float] = []
    bare: list[float] = []
    for number in range(bench.rounds(5)):
        name = f"{deployed.name}-{number}"
        began = time.perf_counter()
        hosting.sagemaker.create_endpoint(EndpointName=name, EndpointConfigName=deployed.name)
        wait_until(partial(_in_service, hosting, name))
        ours.append(time.perf_counter() - began)
        hosting.sagemaker.delete_endpoint(EndpointName=name)
        hosting.wait_deleted(name)
        with bare_loops(bench, plane, deployed, 1) as (loop,):
            bare.append(loop.ready)
    yield Row(
        PART,
        Series.of(f"Creating → InService, {title}", ours, "s"),
        Series.of("load and ask once", bare, "s"),
        pairs=True,
    )


def _in_service(hosting: Hosting, name: str) -> bool:
    status = hosting.sagemaker.describe_endpoint(EndpointName=name)["EndpointStatus"]
    assert status in ("Creating", "InService"), status
    return bool(status == "InService")
