"""Endpoints that are predicted: of a fixed size, and scaling."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Iterator, Sequence

from benchmarks.bench import Bench
from benchmarks.comparing import compare, compare_latency
from benchmarks.naps import MODEL, Work, draw
from benchmarks.observing import observe
from benchmarks.overheads import Overheads, measure_overheads
from benchmarks.row import Row
from benchmarks.scalable import Stepped, Tracked
from kennel.planner.simulation import EndpointSetting, ServiceTime, simulate_endpoint
from tests.integration.model_archives import Hosting
from tests.planes import Plane, wait_until

__all__ = ["fixed", "stepped", "tracked"]

_SPREAD = 0.5  # deviation of the logarithm of a nap


def fixed(bench: Bench, plane: Plane) -> Iterator[Row]:
    """One instance at 60 % and three at 80 % of what they can do, under Poisson arrivals."""
    seconds = bench.seconds(75.0)
    overheads = _measured(bench, plane)
    _deploy(plane, "one", 1)
    _deploy(plane, "three", 3)
    work = draw("poisson:11/s", seconds, 0.048, _SPREAD, seed=1)
    part = "predict: 1 instance, Poisson, 60 % busy"
    yield from _run(bench, plane, part, "one", work, overheads)
    work = draw("poisson:42/s", seconds, 0.050, _SPREAD, seed=2)
    part = "predict: 3 instances, Poisson, 80 % busy"
    yield from _run(bench, plane, part, "three", work, overheads, instances=3)


def tracked(bench: Bench, plane: Plane) -> Iterator[Row]:
    """1 to 3 and back, by target tracking at 10 invocations a minute with cooldowns of 30 s. A
    minute is a second here. The arrivals are evenly spaced, so that no decision is a close one."""
    overheads = _measured(bench, plane)
    _deploy(plane, "tracked", 1)
    load = "even:4/s:8s,4/s..19/s:3s,19/s:12s,19/s..28/s:3s,28/s:15s,28/s..4/s:4s,4/s:38s"
    work = draw(load, 83.0, 0.055, 0.4, seed=3)
    scaling = Tracked(minimum=1, maximum=3, target=10, cooldown=30)
    part = "predict: 1 to 3 to 1 by target tracking, scale 60"
    yield from _run(bench, plane, part, "tracked", work, overheads, scaling=scaling, scale=60.0)


def stepped(bench: Bench, plane: Plane) -> Iterator[Row]:
    """Steps of two instances, each of which takes 90 s to launch."""
    overheads = _measured(bench, plane)
    _deploy(plane, "stepped", 1)
    work = draw("5/s:15s,30/s:30s,5/s:35s", 80.0, 0.040, _SPREAD, seed=4)
    scaling = Stepped(minimum=1, maximum=4, high=18, low=10, out=2, cooldown=120, periods=2)
    part = "predict: steps with a launch delay of 90 s, scale 60"
    yield from _run(
        bench,
        plane,
        part,
        "stepped",
        work,
        overheads,
        scaling=scaling,
        scale=60.0,
        launch_delay=90.0,
    )


def _run(
    bench: Bench,
    plane: Plane,
    part: str,
    name: str,
    work: Work,
    overheads: Overheads,
    *,
    instances: int = 1,
    scaling: Tracked | Stepped | None = None,
    scale: float = 1.0,
    launch_delay: float = 0.0,
) -> Iterator[Row]:
    """Live, then predicted from the policy time at which the live load began."""
    if scaling is not None:
        scaling.put(plane, name)
    live = observe(plane, name, work, bench.folder / name, _instances(plane, name))
    setting = EndpointSetting(
        ServiceTime.given(nap + overheads.inside for nap in work.naps),
        instances=instances,
        scaling=None if scaling is None else scaling.simulated,
        launch_delay=launch_delay + _reaction(plane, scale, launch_delay) if scaling else 0.0,
        overhead=overheads.outside,
        time_scale=scale,
    )
    found = simulate_endpoint(setting, work.traffic, duration=work.seconds, begins=live.begins)
    yield from compare_latency(part, live, found.latency)
    bench.say(f"live {_shown(live.changes, 1.0)}; predicted {_shown(found.changes, scale)}")
    held = live.capacity_seconds(scale)
    yield compare(part, "instance-seconds", held, found.instance_seconds, "s")


def _reaction(plane: Plane, scale: float, launch_delay: float) -> float:
    """Policy time that the plane takes for one instance more, beyond the launch delay."""
    sagemaker = plane.client("sagemaker")
    count = _instances(plane, "measured")
    seconds = []
    for instances in (2, 3, 4):
        began = time.monotonic()
        wanted = [{"VariantName": "AllTraffic", "DesiredInstanceCount": instances}]
        sagemaker.update_endpoint_weights_and_capacities(
            EndpointName="measured", DesiredWeightsAndCapacities=wanted
        )
        wait_until(lambda: count() == instances)  # noqa: B023  # called before the next turn
        seconds.append(time.monotonic() - began)
        Hosting(plane).wait("measured")
    return statistics.median(seconds) * scale - launch_delay


def _shown(changes: Sequence[tuple[float, int]], scale: float) -> str:
    """`1, 3 at 12.5 s`, in wall time."""
    return ", ".join(f"{number} at {at / scale:.1f} s" for at, number in changes)


def _instances(plane: Plane, name: str) -> Callable[[], int]:
    sagemaker = plane.client("sagemaker")

    def count() -> int:
        described = sagemaker.describe_endpoint(EndpointName=name)
        return int(described["ProductionVariants"][0]["CurrentInstanceCount"])

    return count


def _measured(bench: Bench, plane: Plane) -> Overheads:
    """On an endpoint of its own: one that scales must not have been busy before."""
    _deploy(plane, "measured", 1)
    return measure_overheads(plane, "measured", bench.folder / f"{plane.state.name}-first", 4.0)


def _deploy(plane: Plane, name: str, instances: int) -> None:
    hosting = Hosting(plane)
    hosting.deploy(name, MODEL, instances)
    hosting.wait(name)
