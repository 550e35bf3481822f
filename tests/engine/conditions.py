"""Waiting for what comes about by itself."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from kennel.engine.shim import proc

__all__ = ["is_gone", "text_of", "until"]

T = TypeVar("T")
PATIENCE_SECONDS = 30.0


def until(what: Callable[[], T | None]) -> T:
    """What `what` returns once that is true; fails after half a minute."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not (answer := what()):
        assert time.monotonic() < deadline, "it never came about"
        time.sleep(0.005)
    return answer


def text_of(file: Path) -> str:
    """The file's text, or nothing while it is not there."""
    return file.read_text() if file.exists() else ""


def pid_of(shim: int, number: int) -> int:
    """The pid of the shim's descendant that calls itself `number`."""
    return next(pid for pid in proc.descendants(shim) if proc.inner_pid(pid) == number)


def is_gone(pid: int) -> bool:
    """Whether no process runs under `pid` (a zombie does not run)."""
    return proc.start_time(pid) is None
