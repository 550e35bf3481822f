"""What a plane that has nothing to do holds and burns."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

from benchmarks.bench import Bench
from benchmarks.payloads import echo_model
from benchmarks.peers import moto_server
from benchmarks.processes import cpu_seconds, resident_bytes
from benchmarks.row import Row, Series
from tests.integration.model_archives import Hosting

__all__ = ["IdlePlane", "idle_plane"]

PART = "idle"
_TARGET = 100.0  # MB
_IDLE_SECONDS = 60.0


class IdlePlane:
    """A plane with one endpoint that nobody asks. Made first and looked at last, so that the
    waiting costs the run nothing."""

    def __init__(self, bench: Bench, pid: int, at_start: int) -> None:
        self._bench = bench
        self._pid = pid
        self._at_start = at_start
        self._since = time.monotonic()
        self._cpu = cpu_seconds([pid])

    def measure(self) -> Iterator[Row]:
        """Resident memory after the start and after a minute's idling, and what the minute cost."""
        wanted = 5.0 if self._bench.quick else _IDLE_SECONDS
        time.sleep(max(0.0, self._since + wanted - time.monotonic()))
        elapsed = time.monotonic() - self._since
        cpu = (cpu_seconds([self._pid]) - self._cpu) * 1e3 / elapsed
        megabytes = resident_bytes(self._pid) / 1e6
        beside = None
        if self._bench.moto is not None:
            with moto_server(self._bench.moto, self._bench.folder / "moto.log") as moto:
                beside = Series("moto_server", (resident_bytes(moto.pid) / 1e6,), "MB")
        start = Series("memory after the start", (self._at_start / 1e6,), "MB")
        idle = Series(f"memory after {elapsed:.0f} s with an endpoint", (megabytes,), "MB")
        yield Row(PART, start, beside, target=_TARGET)
        yield Row(PART, idle, beside, target=_TARGET)
        yield Row(PART, Series("processor time per second", (cpu,), "ms/s"))


@contextmanager
def idle_plane(bench: Bench) -> Iterator[IdlePlane]:
    """Starts the plane and its endpoint; both are gone afterwards."""
    with bench.plane("idle") as plane:
        plane.client("sts").get_caller_identity()
        at_start = resident_bytes(plane.pid)
        hosting = Hosting(plane)
        hosting.model_from("idle", echo_model())
        hosting.config("idle", ("AllTraffic", "idle", 1, 1.0))
        hosting.sagemaker.create_endpoint(EndpointName="idle", EndpointConfigName="idle")
        hosting.wait("idle")
        hosting.invoke("idle")
        yield IdlePlane(bench, plane.pid, at_start)
