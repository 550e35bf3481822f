"""DescribeEndpoint, which every waiter asks again and again."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any

from benchmarks.bench import Bench, address_of, signer_of
from benchmarks.load import drive
from benchmarks.peers import moto_server
from benchmarks.processes import cpu_seconds
from benchmarks.row import Row, Series
from tests.planes import Plane

__all__ = ["measure"]

PART = "DescribeEndpoint"
_TARGET = 5.0  # ms
_CALLS = 20  # in one round


def measure(bench: Bench, plane: Plane, endpoint: str) -> Iterator[Row]:
    """By boto3, beside moto's; and by raw requests, which shows how much of it is boto3."""
    sagemaker = plane.client("sagemaker")
    ours: list[float] = []
    moto: list[float] = []
    if bench.moto is None:
        for _ in range(bench.rounds(9)):
            ours.append(_each(lambda: sagemaker.describe_endpoint(EndpointName=endpoint)))
    else:
        with moto_server(bench.moto, bench.folder / "moto.log") as server:
            other = server.client("sagemaker")
            _moto_endpoint(other, endpoint)
            for _ in range(bench.rounds(9)):
                ours.append(_each(lambda: sagemaker.describe_endpoint(EndpointName=endpoint)))
                moto.append(_each(lambda: other.describe_endpoint(EndpointName=endpoint)))
    beside = Series.of("moto_server", moto, "ms") if moto else None
    yield Row(PART, Series.of("by boto3", ours, "ms"), beside, True, _TARGET)
    requests = [signer_of(plane.connection).describe_endpoint(endpoint)] * bench.count(400)
    cpu = cpu_seconds([plane.pid])
    load = drive(address_of(plane.connection), requests)
    cpu = cpu_seconds([plane.pid]) - cpu
    yield Row(PART, Series.of("by raw requests", [one * 1e3 for one in load.latencies], "ms"))
    yield Row(PART, Series("by raw requests: the plane's CPU", (cpu * 1e3 / load.requests,), "ms"))


def _each(call: Callable[[], object]) -> float:
    began = time.perf_counter()
    for _ in range(_CALLS):
        call()
    return (time.perf_counter() - began) * 1e3 / _CALLS


def _moto_endpoint(client: Any, name: str) -> None:
    role = "arn:aws:iam::123456789012:role/bench"
    client.create_model(ModelName=name, ExecutionRoleArn=role, PrimaryContainer={"Image": "bench"})
    variant = {"VariantName": "AllTraffic", "ModelName": name, "InitialInstanceCount": 1}
    variant |= {"InstanceType": "ml.m5.large", "InitialVariantWeight": 1.0}
    client.create_endpoint_config(EndpointConfigName=name, ProductionVariants=[variant])
    client.create_endpoint(EndpointName=name, EndpointConfigName=name)
