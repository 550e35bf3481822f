"""InvokeEndpoint beside the bare loop of the same model, and what a request costs the plane."""

from __future__ import annotations

import itertools
import time
from collections.abc import Iterator

from benchmarks.bare import BareLoop, Slice
from benchmarks.bare_server import bare_server
from benchmarks.bench import Bench, address_of, signer_of
from benchmarks.load import Load, drive
from benchmarks.models import Deployed, bare_loops, deploy
from benchmarks.payloads import echo_model, photo
from benchmarks.processes import cpu_seconds, processes_of
from benchmarks.row import Row, Series
from tests.planes import Plane

__all__ = ["measure_echo", "measure_model"]


def measure_model(
    bench: Bench,
    plane: Plane,
    deployed: Deployed,
    title: str,
    *,
    instances: int = 1,
    share: float | None = None,
) -> Iterator[Row]:
    """`instances` of a deployed model against as many loops of it, one client and eight. `share`
    is how much of an invoke's time, and of its work, may be the plane's."""
    part = f"InvokeEndpoint, {title}, {instances} instance" + ("s" if instances > 1 else "")
    crowds = (1, 8) if instances == 1 else (8,)
    seconds = bench.seconds(1.2)
    with bare_loops(bench, plane, deployed, instances) as loops:
        for clients in crowds:
            served: list[Load] = []
            bare: list[float] = []
            shares: list[float] = []
            models: list[float] = []
            whole: list[float] = []
            for _ in range(bench.rounds(7)):
                slices = _run(loops, seconds)
                bare.append(sum(one.per_second for one in slices))
                load, own, model = _served(plane, deployed, clients, seconds)
                served.append(load)
                shares.append(own)
                models.append(model)
                whole.append(sum(s.cpu for s in slices) * 1e3 / sum(map(_count, slices)))
            crowd = f"{clients} client" + ("s" if clients > 1 else "")
            yield Row(
                part,
                Series.of(f"throughput, {crowd}", [load.per_second for load in served], "req/s"),
                Series.of("bare loop", bare, "req/s"),
                pairs=True,
                target=None if share is None else 1.0 - share,
                target_is_ratio=True,
                more_is_better=True,
            )
            yield Row(
                part,
                Series.of(f"the plane's CPU, {crowd}", shares, "ms"),
                Series.of("bare loop's", whole, "ms"),
                pairs=True,
                target=share,
                target_is_ratio=True,
            )
            yield Row(
                part,
                Series.of(f"the instance's CPU, {crowd}", models, "ms"),
                Series.of("bare loop's", whole, "ms"),
                pairs=True,
            )


def _count(one: Slice) -> int:
    return len(one.latencies)


def _run(loops: list[BareLoop], seconds: float) -> list[Slice]:
    for loop in loops:
        loop.begin(seconds)
    return [loop.result() for loop in loops]


def _served(
    plane: Plane, deployed: Deployed, clients: int, seconds: float
) -> tuple[Load, float, float]:
    """A slice of load, and the processor time of each request in ms: the plane's, the model's."""
    request = signer_of(plane.connection).invoke_endpoint(
        deployed.name, deployed.payload, deployed.content_type
    )
    mine = [plane.pid]
    models = [pid for pid in processes_of(plane.state) if pid != plane.pid]
    before = cpu_seconds(mine), cpu_seconds(models)
    load = drive(
        address_of(plane.connection), itertools.repeat(request), clients=clients, seconds=seconds
    )
    after = cpu_seconds(mine), cpu_seconds(models)
    own, model = ((b - a) * 1e3 / load.requests for a, b in zip(before, after, strict=True))
    return load, own, model


def measure_echo(bench: Bench, plane: Plane) -> Iterator[Row]:
    """A handler that does nothing with 98 KB, beside a web server that does the same."""
    part = "InvokeEndpoint, a handler that does nothing, 98 KB"
    echo = Deployed("echo", echo_model(), photo())
    deploy(plane, echo)
    seconds = bench.seconds(1.2)
    with bare_server() as server:
        raw = signer_of(plane.connection).invoke_endpoint("echo", echo.payload, "image/jpeg")
        for clients in (1, 8):
            ours: list[float] = []
            instance: list[float] = []
            latency: list[float] = []
            others: list[float] = []
            other_latency: list[float] = []
            for _ in range(bench.rounds(7)):
                load, own, model = _served(plane, echo, clients, seconds)
                ours.append(own)
                instance.append(model)
                latency.append(_middle(load))
                before = cpu_seconds([server.pid])
                bare = drive(
                    server.address, itertools.repeat(raw), clients=clients, seconds=seconds
                )
                others.append((cpu_seconds([server.pid]) - before) * 1e3 / bare.requests)
                other_latency.append(_middle(bare))
            crowd = f"{clients} client" + ("s" if clients > 1 else "")
            yield Row(
                part,
                Series.of(f"the plane's CPU, {crowd}", ours, "ms"),
                Series.of("bare uvicorn", others, "ms"),
                pairs=True,
            )
            yield Row(part, Series.of(f"the instance's CPU, {crowd}", instance, "ms"))
            yield Row(
                part,
                Series.of(f"the request, {crowd}", latency, "ms"),
                Series.of("bare uvicorn", other_latency, "ms"),
                pairs=True,
            )
    yield from _by_boto3(bench, plane, echo, part)


def _middle(load: Load) -> float:
    return sorted(load.latencies)[load.requests // 2] * 1e3


def _by_boto3(bench: Bench, plane: Plane, echo: Deployed, part: str) -> Iterator[Row]:
    runtime = plane.client("sagemaker-runtime")

    def invoke() -> None:
        runtime.invoke_endpoint(
            EndpointName="echo", Body=echo.payload, ContentType=echo.content_type
        )["Body"].read()

    invoke()
    samples: list[float] = []
    own: list[float] = []
    for _ in range(bench.count(200)):
        began, cpu = time.perf_counter(), time.process_time()
        invoke()
        samples.append((time.perf_counter() - began) * 1e3)
        own.append((time.process_time() - cpu) * 1e3)
    boto3 = Series.of("boto3's own CPU", own, "ms")
    yield Row(part, Series.of("the request by boto3", samples, "ms"), boto3, pairs=True)
