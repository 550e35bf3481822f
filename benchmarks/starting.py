"""From the command to the first answer."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from benchmarks.bench import Bench, address_of, signer_of
from benchmarks.load import drive
from benchmarks.peers import moto_server
from benchmarks.processes import cpu_seconds
from benchmarks.row import Row, Series
from kennel.cli.connection import connect
from kennel.plane_record import PlaneRecord
from tests.planes import clean_environment

__all__ = ["measure"]

PART = "start"
_TARGET = 0.7  # seconds


def measure(bench: Bench) -> Iterator[Row]:
    """`kennel up` → first signed GetCallerIdentity answered, on an empty state folder and on one
    that was used; moto's server beside it."""
    first: list[float] = []
    again: list[float] = []
    processor: list[float] = []
    moto: list[float] = []
    for number in range(bench.rounds(7)):
        state = bench.folder / f"start-{number}"
        first.append(_start(state)[0])
        wall, cpu = _start(state)
        again.append(wall)
        processor.append(cpu * 1e3)
        if bench.moto is not None:
            with moto_server(bench.moto, bench.folder / "moto.log") as server:
                moto.append(server.ready)
    beside = Series.of("moto_server", moto, "s") if moto else None
    yield Row(PART, Series.of("start to ready, first", first, "s"), beside, True, _TARGET)
    yield Row(PART, Series.of("start to ready, again", again, "s"), beside, True, _TARGET)
    yield Row(PART, Series.of("processor time of a start", processor, "ms"))


def _start(state: Path) -> tuple[float, float]:
    """Seconds until the plane has answered, and the processor time it took for that."""
    command = [sys.executable, "-m", "kennel", "up", "--state", str(state), "--port", "0"]
    began = time.perf_counter()
    process = subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env=clean_environment(),
    )
    try:
        while (record := PlaneRecord.read(state)) is None or record.pid != process.pid:
            if process.poll() is not None:
                raise RuntimeError(f"the plane on {state} ended with {process.returncode}")
            time.sleep(0.002)
        plane = connect(state)
        drive(address_of(plane), [signer_of(plane).get_caller_identity()])
        return time.perf_counter() - began, cpu_seconds([process.pid])
    finally:
        process.terminate()
        process.wait(60.0)
