"""Stages that tests put CloudWatch on."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from kennel.clock import SimulatedClock
from tests.services.cloudwatch.stage import Stage

StageFactory = Callable[..., Stage]


@pytest.fixture
def make_stage(tmp_path: Path) -> Iterator[StageFactory]:
    """`make_stage(clock=…)`: the service, started, on the test's own state folder."""
    stages: list[Stage] = []

    def make(**options: Any) -> Stage:
        stage = Stage(tmp_path / "state", **options)
        stage.cloudwatch.start()
        stage.cloudwatch.ready()
        stages.append(stage)
        return stage

    yield make
    for stage in stages:
        stage.cloudwatch.stop()


@pytest.fixture
def clock() -> SimulatedClock:
    """Time that stands still, at the beginning of an hour."""
    return SimulatedClock(1_800_000_000.0)


@pytest.fixture
def stage(make_stage: StageFactory, clock: SimulatedClock) -> Stage:
    return make_stage(clock=clock)


@pytest.fixture
def now(clock: SimulatedClock) -> float:
    return clock.policy()
