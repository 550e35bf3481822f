import asyncio
import time

from kennel.cli.load.pacer import Pacer


def test_every_moment_is_called_in_order_and_none_before_its_time():
    moments = [0.0, 0.001, 0.001, 0.02, 0.05]
    called: list[tuple[float, float]] = []

    async def run():
        began = time.perf_counter()

        def due(at):
            called.append((at, time.perf_counter() - began))

        await Pacer(moments, 0.06, due).run(began)
        return time.perf_counter() - began

    assert asyncio.run(run()) >= 0.06
    assert [at for at, _ in called] == moments
    assert all(late >= at for at, late in called)


def test_a_loop_that_falls_behind_moves_no_moment():
    called: list[float] = []

    async def run():
        def due(at):
            called.append(at)
            time.sleep(0.001)

        await Pacer([step / 10_000 for step in range(50)], 0.001, due).run(time.perf_counter())

    asyncio.run(run())
    assert called == [step / 10_000 for step in range(50)]


def test_a_stopped_one_calls_no_more():
    called: list[float] = []

    async def run():
        pacer = Pacer([0.0, 3600.0], 7200.0, called.append)
        running = asyncio.create_task(pacer.run(time.perf_counter()))
        while not called:
            await asyncio.sleep(0.001)
        pacer.stop()
        await running

    asyncio.run(run())
    assert called == [0.0]
