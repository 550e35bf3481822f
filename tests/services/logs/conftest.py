"""Stages that tests put CloudWatch Logs on."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from kennel.clock import SimulatedClock
from tests.services.logs.stage import Stage

StageFactory = Callable[..., Stage]


@pytest.fixture
def make_stage(tmp_path: Path) -> Iterator[StageFactory]:
    """`make_stage(clock=…, denies=…)`: the service, started, on the test's own state folder."""
    stages: list[Stage] = []

    def make(**options: Any) -> Stage:
        stage = Stage(tmp_path / "state", **options)
        stage.logs.start()
        stages.append(stage)
        return stage

    yield make
    for stage in stages:
        stage.logs.stop()


@pytest.fixture
def clock() -> SimulatedClock:
    return SimulatedClock()


@pytest.fixture
def stage(make_stage: StageFactory, clock: SimulatedClock) -> Stage:
    """One with a group "g" and a stream "s", and time that stands still."""
    stage = make_stage(clock=clock)
    stage.call("CreateLogGroup", logGroupName="g")
    stage.call("CreateLogStream", logGroupName="g", logStreamName="s")
    return stage
