"""A function that is warm: what Invoke adds to its handler."""

from __future__ import annotations

import itertools
import time
from collections.abc import Iterator

from benchmarks.bench import Bench, address_of, signer_of
from benchmarks.load import drive
from benchmarks.processes import cpu_seconds
from benchmarks.row import Row, Series
from tests.integration.functions import Functions
from tests.planes import Plane

__all__ = ["measure"]

PART = "function"
_TARGET = 10.0  # ms
_NAME = "warm"
_CALLS = 20  # in one round
_HANDLER = "def handler(event, context):\n    return event\n"


def measure(bench: Bench, plane: Plane) -> Iterator[Row]:
    """The first invoke, then warm ones by boto3 and by raw requests."""
    functions = Functions(plane)
    functions.create(_NAME, _HANDLER)
    began = time.perf_counter()
    functions.invoke(_NAME, {"n": 1})
    yield Row(PART, Series("first invoke", ((time.perf_counter() - began) * 1e3,), "ms"))
    samples: list[float] = []
    own: list[float] = []
    for _ in range(bench.rounds(9)):
        began, cpu = time.perf_counter(), time.process_time()
        for _ in range(_CALLS):
            functions.invoke(_NAME, {"n": 1})
        samples.append((time.perf_counter() - began) * 1e3 / _CALLS)
        own.append((time.process_time() - cpu) * 1e3 / _CALLS)
    boto3 = Series.of("boto3's own CPU", own, "ms")
    yield Row(PART, Series.of("warm, by boto3", samples, "ms"), boto3, True, _TARGET)
    request = signer_of(plane.connection).invoke_function(_NAME, b'{"n": 1}')
    cpu = cpu_seconds([plane.pid])
    load = drive(
        address_of(plane.connection), itertools.repeat(request), seconds=bench.seconds(2.0)
    )
    cpu = (cpu_seconds([plane.pid]) - cpu) * 1e3 / load.requests
    raw = Series.of("warm, by raw requests", [one * 1e3 for one in load.latencies], "ms")
    yield Row(PART, raw, target=_TARGET)
    yield Row(PART, Series("warm, raw: the plane's CPU", (cpu,), "ms"))
