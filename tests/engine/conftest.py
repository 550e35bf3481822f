"""Engines and specs for tests with real processes."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from kennel.engine import Limits, LocalEngine, ProcessSpec

SpecFactory = Callable[..., ProcessSpec]
PATH = "/usr/local/bin:/usr/bin:/bin"


@pytest.fixture
def engine() -> Iterator[LocalEngine]:
    with LocalEngine() as running:
        yield running


@pytest.fixture(params=["best", "polling"])
def each_engine(request) -> Iterator[LocalEngine]:
    """An engine with the machine's best means, and one with those that every machine has."""
    limits = Limits() if request.param == "polling" else None
    with LocalEngine(limits=limits) as running:
        yield running


@pytest.fixture
def shell(tmp_path: Path) -> SpecFactory:
    """Specs that run a line of shell, each in a folder of its own."""
    numbers = count()

    def make(line: str, **fields: Any) -> ProcessSpec:
        given = {
            "folder": tmp_path / f"process-{next(numbers)}",
            "environment": {"PATH": PATH},
            "working_directory": tmp_path,
            "writable": (tmp_path,),
            "command": ("sh", "-c", line),
            **fields,
        }
        return ProcessSpec(**given)

    return make


@pytest.fixture
def python(shell: SpecFactory) -> SpecFactory:
    """Specs that run a Python program."""

    def make(program: str, **fields: Any) -> ProcessSpec:
        command = (sys.executable, "-I", "-S", "-c", program)
        return shell("", command=command, **fields)

    return make
