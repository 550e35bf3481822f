"""Tasks that are woken: now, later, and again after they failed."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from kennel.services.sagemaker import woken_tasks
from kennel.services.sagemaker.woken_tasks import WokenTasks
from tests.planes import wait_until


@contextmanager
def running(
    keep: Callable[[str], None], watch: Callable[[], None] | None = None
) -> Iterator[WokenTasks]:
    tasks = WokenTasks("thing", keep, watch)
    tasks.start()
    tasks.start_watching()
    try:
        yield tasks
    finally:
        tasks.stop()


def test_a_name_that_is_woken_later_is_worked_on_then_by_the_earliest_alarm() -> None:
    kept: list[str] = []
    with running(kept.append) as tasks:
        tasks.wake_later("far", 3600.0)
        tasks.wake_later("soon", 3600.0)
        tasks.wake_later("soon", 0.01)
        wait_until(lambda: kept)
        assert kept == ["soon"]


def test_work_that_failed_is_tried_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(woken_tasks, "_RETRY", 0.01)
    tried: list[str] = []

    def keep(name: str) -> None:
        tried.append(name)
        if len(tried) < 3:
            raise RuntimeError("not yet")

    with running(keep) as tasks:
        tasks.wake("a")
        wait_until(lambda: len(tried) == 3)


def test_a_name_has_one_task_at_a_time_and_one_more_if_it_was_woken_meanwhile() -> None:
    gate, began = threading.Event(), threading.Semaphore(0)
    at_once: list[str] = []
    most = 0

    def keep(name: str) -> None:
        nonlocal most
        at_once.append(name)
        most = max(most, len(at_once))
        began.release()
        gate.wait()
        at_once.pop()

    with running(keep) as tasks:
        tasks.wake("a")
        began.acquire()
        for _ in range(3):
            tasks.wake("a")
        gate.set()
        began.acquire()
    assert most == 1
    assert not began.acquire(blocking=False)


def test_a_look_that_fails_does_not_end_the_looking(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(woken_tasks, "_WATCH_INTERVAL", 0.01)
    looks: list[int] = []

    def watch() -> None:
        looks.append(1)
        raise RuntimeError("can't look")

    with running(lambda name: None, watch):
        wait_until(lambda: len(looks) >= 3)


def test_tasks_that_are_stopped_do_not_wait_for_their_alarms() -> None:
    with running(lambda name: None) as tasks:
        tasks.wake_later("far", 3600.0)
