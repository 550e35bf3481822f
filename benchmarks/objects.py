"""S3: objects of two sizes, few clients and many, and ten thousand small ones."""

from __future__ import annotations

import itertools
import os
import random
import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from benchmarks.bare_server import BareServer, bare_server
from benchmarks.bench import Bench, address_of, signer_of
from benchmarks.load import Load, drive
from benchmarks.peers import moto_server
from benchmarks.processes import cpu_seconds
from benchmarks.row import Row, Series
from tests.integration.training_jobs import Training
from tests.planes import Plane

__all__ = ["measure"]

PART = "S3"
_BUCKET = "bench"
_SIZES = (("13 KB", 13_000), ("1 MiB", 1 << 20))
_MANY = 10_000
_CROWD = 16  # clients, or threads that write files


def measure(bench: Bench, plane: Plane) -> Iterator[Row]:
    """Puts beside the disk alone and gets beside a bare web server, by raw signed requests; then
    a data set of small objects; then boto3 as people use it."""
    plane.client("s3").create_bucket(Bucket=_BUCKET)
    with bare_server() as server:
        for name, size in _SIZES:
            for clients in (1, _CROWD):
                yield from _sized(bench, plane, server, name, size, clients)
        yield from _many(bench, plane, server)
    yield from _by_boto3(bench, plane)


def _sized(
    bench: Bench, plane: Plane, server: BareServer, name: str, size: int, clients: int
) -> Iterator[Row]:
    address, signer = address_of(plane.connection), signer_of(plane.connection)
    body = random.Random(size).randbytes(size)
    number = itertools.count()
    each = 10 if clients == 1 else 3 * clients
    put: list[float] = []
    disk: list[float] = []
    got: list[float] = []
    bare: list[float] = []
    for _ in range(bench.rounds(5)):
        keys = [f"sized/{size}/{clients}/{next(number)}" for _ in range(each)]
        puts = [signer.put(_BUCKET, key, body) for key in keys]
        put.append(_middle(drive(address, puts, clients=clients)))
        disk.append(_middle(_written(bench.folder / "files", keys, clients, body)))
        gets = [signer.get(_BUCKET, key) for key in keys]
        got.append(_middle(drive(address, gets, clients=clients)))
        bare.append(_middle(drive(server.address, [server.get(size)] * each, clients=clients)))
    crowd = f"{clients} client" + ("s" if clients > 1 else "")
    disk_alone = Series.of("write + 2 fsync", disk, "ms")
    yield Row(PART, Series.of(f"put {name}, {crowd}", put, "ms"), disk_alone, pairs=True)
    uvicorn = Series.of("bare uvicorn", bare, "ms")
    yield Row(PART, Series.of(f"get {name}, {crowd}", got, "ms"), uvicorn, pairs=True)


def _middle(load: Load) -> float:
    """What a request takes as its client sees it, in ms."""
    return statistics.median(load.latencies) * 1e3


def _written(folder: Path, keys: Sequence[str], threads: int, body: bytes) -> Load:
    """As many files by as many threads."""
    folder.mkdir(exist_ok=True)

    def timed(key: str) -> float:
        began = time.perf_counter()
        _write(folder / key.replace("/", "-"), body)
        return time.perf_counter() - began

    began = time.perf_counter()
    with ThreadPoolExecutor(threads) as pool:
        latencies = list(pool.map(timed, keys))
    return Load(latencies, time.perf_counter() - began)


def _write(path: Path, body: bytes) -> None:
    """What durable means at least: the bytes and the name are on the disk."""
    with path.open("wb") as file:
        file.write(body)
        file.flush()
        os.fsync(file.fileno())
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    os.fsync(folder)
    os.close(folder)


def _many(bench: Bench, plane: Plane, server: BareServer) -> Iterator[Row]:
    """A data set as training jobs have them."""
    address, signer = address_of(plane.connection), signer_of(plane.connection)
    count = bench.count(_MANY)
    body = random.Random(1).randbytes(13_000)
    keys = [f"many/{number % 133:03}/{number:06}.jpg" for number in range(count)]
    before = cpu_seconds([plane.pid])
    put = drive(address, (signer.put(_BUCKET, key, body) for key in keys), clients=_CROWD)
    between = cpu_seconds([plane.pid])
    got = drive(address, (signer.get(_BUCKET, key) for key in keys), clients=_CROWD)
    after = cpu_seconds([plane.pid])
    written = _written(bench.folder / "many", keys, _CROWD, body)
    sent = drive(server.address, [server.get(len(body))] * count, clients=_CROWD)
    began = time.perf_counter()
    pages = plane.client("s3").get_paginator("list_objects_v2")
    found = sum(len(page["Contents"]) for page in pages.paginate(Bucket=_BUCKET, Prefix="many/"))
    listed = time.perf_counter() - began
    assert found == count, f"{found} of {count} objects are listed"
    what = f"{count:,} objects of 13 KB"
    disk_alone = Series("write + 2 fsync", (written.seconds,), "s")
    yield Row(PART, Series(f"{what} put", (put.seconds,), "s"), disk_alone)
    yield Row(PART, Series(f"{what} put: CPU each", ((between - before) * 1e3 / count,), "ms"))
    uvicorn = Series("bare uvicorn", (sent.seconds,), "s")
    yield Row(PART, Series(f"{what} got", (got.seconds,), "s"), uvicorn)
    yield Row(PART, Series(f"{what} got: CPU each", ((after - between) * 1e3 / count,), "ms"))
    yield Row(PART, Series(f"{what} listed by boto3", (listed,), "s"))
    pulled = Series(f"{what} as a training channel", (_pulled(plane),), "s")
    yield Row(PART, pulled, disk_alone)


def _pulled(plane: Plane) -> float:
    """Seconds in which a training job downloads the objects."""
    training = Training(plane)
    source = {"S3DataType": "S3Prefix", "S3Uri": f"s3://{_BUCKET}/many/"}
    channel = {"ChannelName": "training", "DataSource": {"S3DataSource": source}}
    training.create("pull", "print('pulled')\n", InputDataConfig=[channel])
    job = training.wait("pull")
    assert job["SecondaryStatus"] == "Completed", job
    for step in job["SecondaryStatusTransitions"]:
        if step["Status"] == "Downloading":
            return float((step["EndTime"] - step["StartTime"]).total_seconds())
    raise RuntimeError("the job has downloaded nothing")


def _by_boto3(bench: Bench, plane: Plane) -> Iterator[Row]:
    """As people use it, beside moto, which keeps objects in memory."""
    if bench.moto is None:
        yield from _rows_by_boto3(bench, plane.client("s3"), None)
        return
    with moto_server(bench.moto, bench.folder / "moto.log") as moto:
        other = moto.client("s3")
        other.create_bucket(Bucket=_BUCKET)
        yield from _rows_by_boto3(bench, plane.client("s3"), other)


def _rows_by_boto3(bench: Bench, ours: Any, moto: Any) -> Iterator[Row]:
    body = random.Random(2).randbytes(1 << 20)

    def put(client: Any, key: str) -> None:
        client.put_object(Bucket=_BUCKET, Key=key, Body=body)

    def get(client: Any, key: str) -> None:
        client.get_object(Bucket=_BUCKET, Key=key)["Body"].read()

    for name, do in (("put 1 MiB by boto3", put), ("get 1 MiB by boto3", get)):
        samples: list[float] = []
        beside: list[float] = []
        for number in range(bench.rounds(30)):
            samples.append(_timed(do, ours, f"boto3/{number}"))
            if moto is not None:
                beside.append(_timed(do, moto, f"boto3/{number}"))
        other = Series.of("moto_server", beside, "ms") if beside else None
        yield Row(PART, Series.of(name, samples, "ms"), other, pairs=True)


def _timed(do: Callable[[Any, str], None], client: Any, key: str) -> float:
    began = time.perf_counter()
    do(client, key)
    return (time.perf_counter() - began) * 1e3
