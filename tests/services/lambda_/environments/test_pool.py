from __future__ import annotations

from typing import Any, cast

from kennel.services.lambda_.environments.environment import Environment
from kennel.services.lambda_.environments.pool import Pool
from tests.services.lambda_.environments.doubles import DEPLOYMENT, Double


class Scene:
    def __init__(self) -> None:
        self.closed: list[Any] = []
        self.pool = Pool(DEPLOYMENT, lambda _: cast(Environment, Double()), self.closed.append)


def test_the_environment_that_was_used_last_is_used_next() -> None:
    pool = Scene().pool
    first, second = pool.acquire(), pool.acquire()
    pool.release(first, 1.0)
    pool.release(second, 2.0)
    assert pool.acquire() is second
    assert pool.acquire() is first


def test_only_what_has_been_idle_long_enough_is_closed() -> None:
    scene = Scene()
    old, young = scene.pool.acquire(), scene.pool.acquire()
    scene.pool.release(old, 10.0)
    scene.pool.release(young, 20.0)
    scene.pool.close_idle(15.0)
    assert scene.closed == [old]
    assert scene.pool.oldest_idle == 20.0


def test_a_drained_pool_is_done_when_its_last_invocation_is_answered() -> None:
    scene = Scene()
    idle, busy = scene.pool.acquire(), scene.pool.acquire()
    scene.pool.release(idle, 1.0)
    done: list[str] = []
    scene.pool.drain(lambda: done.append("drained"))
    assert (scene.closed, done) == ([idle], [])
    scene.pool.release(busy, 2.0)
    assert (scene.closed, done) == ([idle, busy], ["drained"])


def test_a_useless_environment_is_closed_and_makes_room() -> None:
    scene = Scene()
    broken = scene.pool.acquire()
    scene.pool.discard(broken)
    assert scene.closed == [broken]
    assert scene.pool.acquire() is not broken


def test_an_environment_does_not_live_for_ever() -> None:
    scene = Scene()
    old = scene.pool.acquire()
    old.born -= 3 * 3600
    scene.pool.release(old, 1.0)
    assert scene.closed == [old]


def test_an_environment_that_grew_old_while_it_was_idle_is_not_used_any_more() -> None:
    scene = Scene()
    old = scene.pool.acquire()
    scene.pool.release(old, 1.0)
    old.born -= 3 * 3600
    assert scene.pool.acquire() is not old
    assert scene.closed == [old]
