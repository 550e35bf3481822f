"""The router's promises, over real Unix sockets."""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections import Counter
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import pytest

from kennel.services.sagemaker_runtime import (
    InstancePlace,
    Invocation,
    Router,
    VariantPlan,
    routing,
)
from kennel.services.sagemaker_runtime import router as router_module
from kennel.services.sagemaker_runtime.errors import (
    ModelError,
    ServiceUnavailable,
    ValidationError,
)
from kennel.services.sagemaker_runtime.instance_connection import InstanceConnection
from tests.services.sagemaker_runtime.instances import FakeInstance, Handler, die, echo, held
from tests.services.sagemaker_runtime.notes import Notes


class _Failures:
    def __init__(self) -> None:
        self.seen: list[tuple[str, bool]] = []
        self.taken_along = False

    def was_taken_along(self, endpoint: str, variant: str, instance: str) -> bool:
        return self.taken_along

    def instance_failed(self, endpoint: str, variant: str, instance: str, *, stuck: bool) -> None:
        self.seen.append((instance, stuck))


class _Scene:
    """A router on the running loop, and instances that end with the test."""

    def __init__(self, folder: Path, stack: contextlib.AsyncExitStack) -> None:
        self.noted = Notes()
        self.router = Router("000000000000", self.noted.metrics)
        self.router.attach(asyncio.get_running_loop())
        self.failures = _Failures()
        self.router.keeper = self.failures
        self.left: list[str] = []
        self._folder = folder
        self._stack = stack

    async def instance(self, name: str, handler: Handler = echo) -> FakeInstance:
        return await self._stack.enter_async_context(FakeInstance(self._folder, name, handler))

    async def publish(self, **variants: tuple[float, list[FakeInstance]]) -> None:
        plans = [
            VariantPlan(name, weight, [instance.place for instance in instances])
            for name, (weight, instances) in variants.items()
        ]
        await self.plan(*plans)

    async def plan(self, *plans: VariantPlan) -> None:
        await asyncio.to_thread(self.router.publish, "e", plans, self.left.append)

    async def withdraw(self) -> None:
        await asyncio.to_thread(self.router.withdraw, "e", self.left.append)

    async def invoke(self, body: bytes = b"x", variant: str = "") -> bytes:
        served = await self.router.invoke(Invocation("e", body, target_variant=variant))
        return served.reply.body


def run(test: Callable[[_Scene], Coroutine[Any, Any, None]], folder: Path) -> None:
    async def main() -> None:
        async with contextlib.AsyncExitStack() as stack:
            scene = _Scene(folder, stack)
            await test(scene)
            await scene.withdraw()
            await asyncio.sleep(0.01)

    asyncio.run(main())


def test_a_request_reaches_an_instance_and_its_bytes_come_back(tmp_path: Path) -> None:
    async def test(scene: _Scene) -> None:
        await scene.publish(v=(1.0, [await scene.instance("a")]))
        payload = bytes(range(256)) * 1000
        assert await scene.invoke(payload) == payload
        assert await scene.invoke(b"") == b""

    run(test, tmp_path)


def test_an_instance_has_one_request_at_a_time_and_none_idles_while_one_waits(
    tmp_path: Path,
) -> None:
    async def test(scene: _Scene) -> None:
        gate = asyncio.Event()

        async def wait(body: bytes) -> tuple[int, bytes]:
            if body == b"slow":
                await gate.wait()
            return 200, body

        instances = [await scene.instance(name, wait) for name in ("a", "b")]
        await scene.publish(v=(1.0, instances))
        slow = asyncio.ensure_future(scene.invoke(b"slow"))
        await asyncio.sleep(0)
        # The other instance serves everything while the first one is busy.
        await asyncio.gather(*(scene.invoke() for _ in range(50)))
        gate.set()
        assert await slow == b"slow"
        assert [instance.most_at_once for instance in instances] == [1, 1]

    run(test, tmp_path)


def test_the_next_request_is_on_its_way_before_the_reply_that_made_room_for_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[bytes] = []
    exchange = InstanceConnection.exchange

    async def watched(connection: InstanceConnection, head: bytes, body: bytes) -> Any:
        seen.append(b"sent " + body)
        return await exchange(connection, head, body)

    async def test(scene: _Scene) -> None:
        monkeypatch.setattr(InstanceConnection, "exchange", watched)
        await scene.publish(v=(1.0, [await scene.instance("a")]))

        async def ask(body: bytes) -> None:
            await scene.invoke(body)
            seen.append(b"answered " + body)

        await asyncio.gather(ask(b"1"), ask(b"2"))
        assert seen == [b"sent 1", b"sent 2", b"answered 1", b"answered 2"]

    run(test, tmp_path)


def test_variants_share_requests_by_their_weights(tmp_path: Path) -> None:
    async def test(scene: _Scene) -> None:
        async def name_a(body: bytes) -> tuple[int, bytes]:
            return 200, b"a"

        async def name_b(body: bytes) -> tuple[int, bytes]:
            return 200, b"b"

        a, b = await scene.instance("a", name_a), await scene.instance("b", name_b)
        await scene.publish(one=(9.0, [a]), other=(1.0, [b]))
        seen = Counter([await scene.invoke() for _ in range(1000)])
        assert 820 < seen[b"a"] < 970  # 9 standard deviations around 900
        assert await scene.invoke(variant="other") == b"b"
        with pytest.raises(ValidationError):
            await scene.invoke(variant="third")

    run(test, tmp_path)


def test_an_instance_that_dies_before_it_answers_costs_the_request_nothing(
    tmp_path: Path,
) -> None:
    async def test(scene: _Scene) -> None:
        healthy = await scene.instance("a")
        dying = await scene.instance("b", die)
        await scene.publish(v=(1.0, [healthy, dying]))
        assert await asyncio.gather(*(scene.invoke(b"%d" % n) for n in range(10))) == [
            b"%d" % n for n in range(10)
        ]
        assert scene.failures.seen == [("b", False)]

    run(test, tmp_path)


def test_a_request_is_sent_to_another_instance_once_only(tmp_path: Path) -> None:
    async def test(scene: _Scene) -> None:
        dying = [await scene.instance(name, die) for name in ("a", "b", "c")]
        await scene.publish(v=(1.0, dying))
        with pytest.raises(ServiceUnavailable):
            await scene.invoke()
        assert len(scene.failures.seen) == 2

    run(test, tmp_path)


def test_instances_that_were_dead_before_they_were_asked_do_not_count(tmp_path: Path) -> None:
    async def test(scene: _Scene) -> None:
        dead = [InstancePlace(name, tmp_path / name) for name in ("a", "b", "c")]
        await scene.plan(VariantPlan("v", 1.0, [(await scene.instance("d")).place, *dead]))
        assert await scene.invoke(b"asked") == b"asked"
        assert sorted(name for name, _ in scene.failures.seen) == ["a", "b", "c"]

    run(test, tmp_path)


def test_an_idle_instance_that_dies_is_known_at_once(tmp_path: Path) -> None:
    async def test(scene: _Scene) -> None:
        async with FakeInstance(tmp_path, "a", echo) as instance:
            await scene.publish(v=(1.0, [instance]))
            await scene.invoke()
            assert scene.failures.seen == []
        async with asyncio.timeout(5):
            while not scene.failures.seen:
                await asyncio.sleep(0.001)
        assert scene.failures.seen == [("a", False)]
        await scene.publish(v=(1.0, []))

    run(test, tmp_path)


def test_an_instance_that_leaves_is_not_said_to_have_died(tmp_path: Path) -> None:
    async def test(scene: _Scene) -> None:
        instances = [await scene.instance(name) for name in ("a", "b")]
        await scene.publish(v=(1.0, instances))
        await asyncio.gather(*(scene.invoke() for _ in range(4)))
        await scene.publish(v=(1.0, instances[:1]))
        await asyncio.sleep(0.02)
        assert (scene.left, scene.failures.seen) == (["b"], [])

    run(test, tmp_path)


def test_a_request_whose_instance_died_is_not_refused_by_a_full_queue_and_goes_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(routing, "QUEUE_LIMIT", 2)

    async def test(scene: _Scene) -> None:
        gate = asyncio.Event()
        answered: list[bytes] = []

        async def die_later(body: bytes) -> None:
            await gate.wait()

        async def ask(body: bytes) -> None:
            await scene.invoke(body)
            answered.append(body)

        await scene.publish(v=(1.0, [await scene.instance("a", die_later)]))
        asking = []
        for body in (b"1", b"2", b"3"):
            asking.append(asyncio.ensure_future(ask(body)))
            await asyncio.sleep(0)
        gate.set()
        while not scene.failures.seen:
            await asyncio.sleep(0.001)
        await asyncio.sleep(0.01)
        await scene.publish(v=(1.0, [await scene.instance("b")]))
        await asyncio.gather(*asking)
        assert answered == [b"1", b"2", b"3"]

    run(test, tmp_path)


def test_requests_of_a_variant_that_went_are_not_refused_by_the_full_queue_of_the_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(routing, "QUEUE_LIMIT", 2)

    async def test(scene: _Scene) -> None:
        await scene.publish(gone=(1.0, []), stays=(0.0, []))
        waiting = [asyncio.ensure_future(scene.invoke(b"%d" % n)) for n in range(2)]
        waiting += [asyncio.ensure_future(scene.invoke(b"x", "stays")) for n in range(2)]
        await asyncio.sleep(0)
        await scene.publish(stays=(1.0, []))
        await asyncio.sleep(0)
        await scene.publish(stays=(1.0, [await scene.instance("a")]))
        assert await asyncio.gather(*waiting) == [b"0", b"1", b"x", b"x"]

    run(test, tmp_path)


def test_a_request_that_waited_too_long_is_503_and_counted_as_a_failure(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(routing, "WAIT_LIMIT", 0.02)

    async def test(scene: _Scene) -> None:
        await scene.publish(v=(1.0, []))
        with pytest.raises(ServiceUnavailable, match="No instance of the variant v was free"):
            await scene.invoke()
        assert [note.value for note in scene.noted.of("Invocations")] == [1.0]
        assert [note.value for note in scene.noted.of("Invocation5XXErrors")] == [1.0]
        await scene.publish(v=(1.0, [await scene.instance("a")]))
        assert await scene.invoke() == b"x"

    run(test, tmp_path)


def test_a_strategy_that_changes_loses_no_request_that_waits(tmp_path: Path) -> None:
    async def test(scene: _Scene) -> None:
        for strategy in ("LEAST_OUTSTANDING_REQUESTS", "RANDOM"):
            await scene.plan(VariantPlan("v", 1.0, [], strategy))
            waiting = asyncio.ensure_future(scene.invoke())
            await asyncio.sleep(0)
        places = [(await scene.instance(name)).place for name in ("a", "b")]
        await scene.plan(VariantPlan("v", 1.0, places, "LEAST_OUTSTANDING_REQUESTS"))
        assert await waiting == b"x"

    run(test, tmp_path)


def test_the_beat_says_how_many_wait_and_are_served_per_instance(tmp_path: Path) -> None:
    async def test(scene: _Scene) -> None:
        gate = asyncio.Event()
        await scene.publish(
            v=(1.0, [await scene.instance(name, held(gate)) for name in ("a", "b")])
        )
        asking = [asyncio.ensure_future(scene.invoke()) for _ in range(7)]
        await asyncio.sleep(0)
        scene.router.beat(1_700_000_050)
        assert [note.value for note in scene.noted.of("ConcurrentRequestsPerModel")] == [3.5]
        gate.set()
        await asyncio.gather(*asking)

    run(test, tmp_path)


def test_instances_that_died_with_their_zygote_do_not_count_but_there_is_an_end_to_it(
    tmp_path: Path,
) -> None:
    async def test(scene: _Scene) -> None:
        scene.failures.taken_along = True
        healthy = await scene.instance("a")
        dying = [await scene.instance(name, die) for name in ("b", "c", "d", "e")]
        await scene.publish(v=(1.0, [healthy, *dying]))
        assert await scene.invoke(b"asked") == b"asked"
        assert len(scene.failures.seen) == 4
        dying = [await scene.instance(name, die) for name in "fghijk"]
        await scene.publish(v=(1.0, dying))
        with pytest.raises(ServiceUnavailable):
            await scene.invoke()
        assert len(scene.failures.seen) == 9

    run(test, tmp_path)


def test_a_model_that_is_silent_is_a_model_error_and_not_asked_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(router_module, "MODEL_TIMEOUT", 0.05)

    async def test(scene: _Scene) -> None:
        asked = 0

        async def silent(body: bytes) -> tuple[int, bytes]:
            nonlocal asked
            asked += 1
            await asyncio.sleep(60)
            return 200, b""

        await scene.publish(v=(1.0, [await scene.instance("a", silent)]))
        with pytest.raises(ModelError):
            await scene.invoke()
        assert asked == 1
        assert scene.failures.seen == [("a", True)]

    run(test, tmp_path)


def test_an_instance_that_leaves_answers_its_last_request_first(tmp_path: Path) -> None:
    async def test(scene: _Scene) -> None:
        gate = asyncio.Event()
        old, new = await scene.instance("old", held(gate)), await scene.instance("new")
        await scene.publish(v=(1.0, [old]))
        first = asyncio.ensure_future(scene.invoke(b"first"))
        queued = asyncio.ensure_future(scene.invoke(b"queued"))
        await asyncio.sleep(0)
        await scene.publish(v=(1.0, [new]))
        assert await queued == b"queued"  # it waited for the old one and goes over to the new
        assert scene.left == []
        gate.set()
        assert await first == b"first"
        assert scene.left == ["old"]
        assert scene.failures.seen == []

    run(test, tmp_path)


def test_requests_that_wait_for_a_variant_that_goes_take_another(tmp_path: Path) -> None:
    async def test(scene: _Scene) -> None:
        await scene.publish(gone=(1.0, []))
        waiting = asyncio.ensure_future(scene.invoke(b"patient"))
        await asyncio.sleep(0)
        await scene.publish(stays=(1.0, [await scene.instance("a")]))
        assert await waiting == b"patient"

    run(test, tmp_path)


def test_a_full_queue_is_503(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(routing, "QUEUE_LIMIT", 2)

    async def test(scene: _Scene) -> None:
        await scene.publish(v=(1.0, []))
        waiting = [asyncio.ensure_future(scene.invoke()) for _ in range(2)]
        await asyncio.sleep(0)
        with pytest.raises(ServiceUnavailable):
            await scene.invoke()
        await scene.publish(v=(1.0, [await scene.instance("a")]))
        assert await asyncio.gather(*waiting) == [b"x", b"x"]

    run(test, tmp_path)


def test_a_withdrawn_endpoint_is_not_found(tmp_path: Path) -> None:
    async def test(scene: _Scene) -> None:
        await scene.publish(v=(1.0, [await scene.instance("a")]))
        await scene.withdraw()
        with pytest.raises(ValidationError, match=r"Endpoint e of account \d+ not found"):
            await scene.invoke()
        assert scene.left == ["a"]

    run(test, tmp_path)


def test_a_caller_that_gives_up_takes_no_instance_with_it(tmp_path: Path) -> None:
    async def test(scene: _Scene) -> None:
        gate = asyncio.Event()
        await scene.publish(v=(1.0, [await scene.instance("a", held(gate))]))
        served = asyncio.ensure_future(scene.invoke(b"1"))
        await asyncio.sleep(0)
        quitter = asyncio.ensure_future(scene.invoke(b"2"))
        patient = asyncio.ensure_future(scene.invoke(b"3"))
        await asyncio.sleep(0)
        quitter.cancel()
        gate.set()
        assert await served == b"1"
        assert await patient == b"3"

    run(test, tmp_path)


def test_a_socket_path_may_be_longer_than_a_socket_address(tmp_path: Path) -> None:
    deep = tmp_path / ("long" * 30)
    deep.mkdir()

    async def test(scene: _Scene) -> None:
        short = await scene.instance("a")
        os.link(short.place.socket, deep / "socket")
        await scene.plan(VariantPlan("v", 1.0, [InstancePlace("a", deep / "socket")]))
        assert await scene.invoke(b"deep") == b"deep"

    run(test, tmp_path)
