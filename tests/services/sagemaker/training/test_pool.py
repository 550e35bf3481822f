from __future__ import annotations

import threading

from kennel.services.sagemaker.training.pool import JobPool
from tests.planes import wait_until


class Work:
    """A run that lasts until the test ends it."""

    def __init__(self, name: str, log: list[str]) -> None:
        self.stop_requested = threading.Event()
        self.end = threading.Event()
        self._name = name
        self._log = log

    def run(self) -> None:
        self._log.append(self._name)
        assert self.end.wait(60)


class Shop:
    def __init__(self, slots: int) -> None:
        self.log: list[str] = []
        self.works: dict[str, list[Work]] = {}
        self.pool = JobPool(slots, self._make)

    def _make(self, name: str) -> Work:
        work = Work(name, self.log)
        self.works.setdefault(name, []).append(work)
        return work

    def finish(self, name: str) -> None:
        self.works[name][-1].end.set()


def test_jobs_start_in_turn_as_slots_come_free():
    shop = Shop(2)
    assert [shop.pool.submit(name) for name in "abcd"] == [True, True, False, False]
    shop.finish("b")
    wait_until(lambda: shop.log[2:] == ["c"])
    shop.finish("a")
    wait_until(lambda: shop.log[2:] == ["c", "d"])
    for name in "cd":
        shop.finish(name)
    wait_until(lambda: shop.pool.running == 0)


def test_a_job_takes_a_slot_for_each_of_its_hosts():
    shop = Shop(4)
    assert shop.pool.submit("three", 3)
    assert not shop.pool.submit("two", 2)
    assert not shop.pool.submit("one")  # there is room, but it is not its turn
    assert shop.pool.running == 3
    shop.finish("three")
    wait_until(lambda: shop.log == ["three", "two", "one"])
    assert shop.pool.running == 3
    for name in ("two", "one"):
        shop.finish(name)
    wait_until(lambda: shop.pool.running == 0)


def test_a_job_with_more_hosts_than_slots_runs_alone():
    shop = Shop(2)
    assert shop.pool.submit("one")
    assert not shop.pool.submit("five", 5)
    shop.finish("one")
    wait_until(lambda: shop.log == ["one", "five"])
    assert not shop.pool.submit("next")
    shop.finish("five")
    wait_until(lambda: shop.log == ["one", "five", "next"])
    shop.finish("next")
    wait_until(lambda: shop.pool.running == 0)


def test_one_name_runs_once_at_a_time():
    shop = Shop(4)
    assert shop.pool.submit("a")
    shop.pool.submit("a")
    shop.pool.submit("b")
    wait_until(lambda: sorted(shop.log) == ["a", "b"])
    shop.finish("a")
    wait_until(lambda: shop.log.count("a") == 2)
    for name in "ab":
        shop.finish(name)
    wait_until(lambda: shop.pool.running == 0)


def test_a_waiting_job_that_is_stopped_has_its_turn_at_once():
    shop = Shop(1)
    shop.pool.submit("a")
    shop.pool.submit("b")
    shop.pool.stop_requested("a")
    shop.pool.stop_requested("b")
    wait_until(lambda: shop.log == ["a", "b"])
    assert shop.works["a"][0].stop_requested.is_set()
    for name in "ab":
        shop.finish(name)
    wait_until(lambda: shop.pool.running == 0)


def test_a_run_that_breaks_off_is_taken_up_again(monkeypatch):
    monkeypatch.setattr("kennel.services.sagemaker.training.pool._RETRY", 0.01)
    attempts: list[int] = []

    class Broken:
        stop_requested = threading.Event()

        def run(self) -> None:
            attempts.append(1)
            if len(attempts) < 3:
                raise OSError("disk full")

    pool = JobPool(1, lambda name: Broken())
    pool.submit("a")
    wait_until(lambda: len(attempts) == 3 and pool.running == 0)


def test_a_closed_pool_starts_nothing():
    shop = Shop(1)
    shop.pool.submit("a")
    shop.pool.submit("b")
    shop.finish("a")
    shop.pool.close(60)
    assert not shop.pool.submit("c")
    assert "c" not in shop.log
