"""S3: objects of two sizes, few clients and many, and ten thousand small ones."""

from __future__ import annotations

import itertools
import os
import random
import statistics
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from benchmarks.bench import Bench, address_of, signer_of
from benchmarks.load import Load, drive
from benchmarks.processes import cpu_seconds
from benchmarks.row import Row, Series
from tests.planes import Plane

__all__ = ["measure"]

PART = "S3"
_BUCKET = "bench"
_SIZES = (("13 KB", 13_000), ("1 MiB", 1 << 20))
_MANY = 10_000


def measure(bench: Bench, plane: Plane) -> Iterator[Row]:
    """Puts and gets by raw signed requests beside the disk alone, then a data set of small
    objects, then boto3 as people use it."""
    plane.client("s3").create_bucket(Bucket=_BUCKET)
    for name, size in _SIZES:
        yield from _sized(bench, plane, name, random.Random(size).randbytes(size))
    yield from _many(bench, plane)
    yield from _by_boto3(bench, plane)


def _sized(bench: Bench, plane: Plane, name: str, body: bytes) -> Iterator[Row]:
    address, signer = address_of(plane.connection), signer_of(plane.connection)
    rounds, number = bench.rounds(5), itertools.count()
    files = bench.folder / "files"
    files.mkdir(exist_ok=True)
    for clients in (1, 16):
        each = 10 if clients == 1 else 48
        put: list[float] = []
        disk: list[float] = []
        got: list[float] = []
        read: list[float] = []
        for _ in range(rounds):
            keys = [f"sized/{len(body)}/{next(number)}" for _ in range(each)]
            puts = [signer.put(_BUCKET, key, body) for key in keys]
            put.append(_milliseconds(drive(address, puts, clients=clients)))
            disk.append(_files(files, keys, clients, lambda path: _write(path, body)))
            gets = [signer.get(_BUCKET, key) for key in keys]
            got.append(_milliseconds(drive(address, gets, clients=clients)))
            read.append(_files(files, keys, clients, Path.read_bytes))
        crowd = "client" if clients == 1 else "clients"
        yield Row(
            PART,
            Series.of(f"put {name}, {clients} {crowd}", put, "ms"),
            Series.of("write + 2 fsync", disk, "ms"),
            pairs=True,
        )
        yield Row(
            PART,
            Series.of(f"get {name}, {clients} {crowd}", got, "ms"),
            Series.of("read", read, "ms"),
            pairs=True,
        )


def _milliseconds(load: Load) -> float:
    """The time of one request as its client sees it."""
    return statistics.median(load.latencies) * 1e3


def _files(folder: Path, keys: list[str], clients: int, do: Callable[[Path], object]) -> float:
    """The same number of files by as many threads; milliseconds each, as a thread sees it."""

    def timed(key: str) -> float:
        began = time.perf_counter()
        do(folder / key.replace("/", "-"))
        return time.perf_counter() - began

    with ThreadPoolExecutor(clients) as pool:
        return statistics.median(pool.map(timed, keys)) * 1e3


def _write(path: Path, body: bytes) -> None:
    """What durable means at least: the bytes and the name are on the disk."""
    with path.open("wb") as file:
        file.write(body)
        file.flush()
        os.fsync(file.fileno())
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    os.fsync(folder)
    os.close(folder)


def _many(bench: Bench, plane: Plane) -> Iterator[Row]:
    address, signer = address_of(plane.connection), signer_of(plane.connection)
    count = bench.count(_MANY)
    body = random.Random(1).randbytes(13_000)
    keys = [f"many/{number % 133:03}/{number:06}.jpg" for number in range(count)]
    before = cpu_seconds([plane.pid])
    put = drive(address, (signer.put(_BUCKET, key, body) for key in keys), clients=16)
    between = cpu_seconds([plane.pid])
    pulled = drive(address, (signer.get(_BUCKET, key) for key in keys), clients=16)
    after = cpu_seconds([plane.pid])
    began = time.perf_counter()
    pages = plane.client("s3").get_paginator("list_objects_v2")
    found = sum(len(page["Contents"]) for page in pages.paginate(Bucket=_BUCKET, Prefix="many/"))
    listed = time.perf_counter() - began
    assert found == count, f"{found} of {count} objects are listed"
    yield Row(PART, Series(f"{count:,} objects of 13 KB put", (put.seconds,), "s"))
    yield Row(PART, Series("  the plane's CPU each", ((between - before) * 1e3 / count,), "ms"))
    yield Row(PART, Series(f"{count:,} objects listed by boto3", (listed,), "s"))
    yield Row(PART, Series(f"{count:,} objects pulled", (pulled.seconds,), "s"))
    yield Row(PART, Series("  the plane's CPU each", ((after - between) * 1e3 / count,), "ms"))


def _by_boto3(bench: Bench, plane: Plane) -> Iterator[Row]:
    """As people use it."""
    s3 = plane.client("s3")
    body = random.Random(2).randbytes(1 << 20)

    def put(key: str) -> None:
        s3.put_object(Bucket=_BUCKET, Key=key, Body=body)

    def get(key: str) -> None:
        s3.get_object(Bucket=_BUCKET, Key=key)["Body"].read()

    keys = [f"boto3/{number}" for number in range(bench.rounds(30))]
    for name, do in (("put 1 MiB by boto3", put), ("get 1 MiB by boto3", get)):
        do(keys[0])
        samples = []
        for key in keys:
            began = time.perf_counter()
            do(key)
            samples.append((time.perf_counter() - began) * 1e3)
        yield Row(PART, Series.of(name, samples, "ms"))
