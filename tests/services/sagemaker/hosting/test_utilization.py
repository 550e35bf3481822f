"""What instances use, measured at processes of the test's own."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from kennel.clock import SimulatedClock
from kennel.engine.shim import proc
from kennel.services.sagemaker.hosting.instance import Instance
from kennel.services.sagemaker.hosting.utilization import Utilization, Watched
from kennel.services.sagemaker.instance_types import instance_type

MINUTE = 1_700_000_040.0


class _Scene:
    def __init__(self) -> None:
        self.clock = SimulatedClock(MINUTE)
        self.wall = 1000.0
        self.values: list[tuple[str, float, float]] = []
        self.utilization = Utilization(self.clock, self._add, lambda: self.wall)

    def _add(
        self,
        namespace: str,
        name: str,
        dimensions: Mapping[str, str],
        value: float,
        unit: str,
        at: float,
    ) -> None:
        assert (namespace, unit) == ("/aws/sagemaker/Endpoints", "Percent")
        assert dimensions == {"EndpointName": "e", "VariantName": "v"}
        self.values.append((name, value, at))

    def look(self, *instances: Instance) -> None:
        self.utilization.look([Watched("e", "v", instance_type("ml.m5.large"), instances)])

    def pass_minutes(self, minutes: int) -> None:
        self.clock.advance(60.0 * minutes)
        self.wall += 60.0 * minutes

    def of(self, name: str) -> list[tuple[float, float]]:
        return [(value, at) for found, value, at in self.values if found == name]


@pytest.fixture
def idle() -> Iterator[Instance]:
    """A process that does nothing."""
    program = "import sys; print('ready', flush=True); sys.stdin.readline()"
    with subprocess.Popen(
        [sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        process.stdout.readline()
        start = proc.start_time(process.pid)
        assert start is not None
        yield Instance("i", process.pid, start, Path(), Path())
        process.kill()


def test_an_instance_has_a_value_a_minute_from_its_second_look_on(idle: Instance) -> None:
    scene = _Scene()
    assert not scene.utilization.is_due()
    scene.look(idle)
    assert scene.values == []
    scene.pass_minutes(1)
    assert scene.utilization.is_due()
    scene.look(idle)
    ((cpu, at),) = scene.of("CPUUtilization")
    assert at == MINUTE
    assert cpu == pytest.approx(0.0, abs=0.2)
    ((memory, _),) = scene.of("MemoryUtilization")
    used = proc.proportional(idle.pid)
    assert memory == pytest.approx(100 * used / (8 << 30), rel=0.5)
    assert not scene.utilization.is_due()


def test_a_core_that_is_used_in_full_is_a_hundred_percent() -> None:
    scene = _Scene()
    start = proc.start_time(os.getpid())
    assert start is not None
    own = Instance("i", os.getpid(), start, Path(), Path())
    scene.look(own)
    began = time.process_time()
    while time.process_time() < began + 0.3:
        pass
    scene.clock.advance(60.0)
    scene.wall += time.process_time() - began  # as if the core had been this test's alone
    scene.look(own)
    ((cpu, _),) = scene.of("CPUUtilization")
    assert cpu == pytest.approx(100.0, abs=15.0)  # the kernel counts in hundredths of a second


def test_minutes_that_passed_between_two_looks_have_values_too(idle: Instance) -> None:
    scene = _Scene()
    scene.look(idle)
    scene.pass_minutes(3)
    scene.look(idle)
    assert [at for _, at in scene.of("CPUUtilization")] == [MINUTE, MINUTE + 60, MINUTE + 120]


def test_a_process_that_has_ended_has_no_value(idle: Instance) -> None:
    scene = _Scene()
    other = Instance("j", idle.pid, idle.start_time + 1, Path(), Path())
    scene.look(idle, other)
    scene.pass_minutes(1)
    scene.look(other)
    assert scene.values == []
