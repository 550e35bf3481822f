"""The planner's simulation: a day of an endpoint, its memory, and SimPy with the same model.

As a program it simulates one such day and prints its seconds, its processor seconds, its requests
and its peak memory in bytes, as JSON.
"""

from __future__ import annotations

import json
import random
import resource
import subprocess
import sys
import time
from collections import deque
from collections.abc import Generator, Iterator
from typing import Any

import simpy

from benchmarks.bench import Bench
from benchmarks.row import Row, Series
from kennel.planner.simulation import (
    EndpointSetting,
    Metric,
    Scaling,
    ServiceTime,
    Statistic,
    TrackingPolicy,
    simulate_endpoint,
)
from kennel.planner.traffic import parse_traffic
from kennel.scaling import Bounds
from kennel.scaling.target_tracking import TargetTracking

__all__ = ["measure"]

_PART = "simulate"
_DAY = "daily:peak=1500/s,trough=500/s"  # 1,000 a second on average: 86.4 million
_SERVICE = 0.05  # seconds
_TARGET = 840.0  # invocations a minute and instance: 70 % of what it can
_RATE, _INSTANCES = 1000.0, 60  # of the comparison
_QUEUE_LIMIT, _WAIT_LIMIT = 1024, 60.0
_AGREES = 0.02  # the two models' mean latencies may differ by so much, by chance


def measure(bench: Bench) -> Iterator[Row]:
    """Raises AssertionError if SimPy's results are others."""
    days = [_day() for _ in range(bench.rounds(4))]
    walls, cpus = [day["seconds"] for day in days], [day["cpu"] for day in days]
    name = f"a day, {days[0]['requests'] / 1e6:.1f} million requests, target tracking"
    yield Row(_PART, Series.of(name, walls, "s"), target=10.0)
    yield Row(_PART, Series.of("  processor time", cpus, "s"), target=10.0)
    memory = [day["bytes"] / 1e6 for day in days]
    yield Row(_PART, Series.of("  peak memory, numpy and numba included", memory, "MB"))
    yield _beside_simpy(bench.rounds(8), bench.count(100_000), bench.count(5_000_000))


def _beside_simpy(rounds: int, few: int, many: int) -> Row:
    _kennel(1000)  # compiled, or read from the cache
    ours, theirs, latencies = [], [], ([0.0], [0.0])
    for seed in range(rounds):
        began = time.perf_counter()
        latencies[0].append(_kennel(many, seed))
        ours.append((time.perf_counter() - began) / many * 1e6)
        began = time.perf_counter()
        latencies[1].append(_simpy(few, seed))
        theirs.append((time.perf_counter() - began) / few * 1e6)
    mine, others = (sum(means) / rounds for means in latencies)
    assert abs(mine / others - 1) < _AGREES, f"mean latencies {mine} and {others} s"
    return Row(
        _PART,
        Series.of(f"a request, {_INSTANCES} instances at {_RATE:g}/s", ours, "µs"),
        Series.of("SimPy, the same model", theirs, "µs"),
        pairs=True,
        target=1 / 200,
        target_is_ratio=True,
    )


def _kennel(requests: int, seed: int = 0) -> float:
    """The mean latency."""
    setting = EndpointSetting(ServiceTime.exponential(_SERVICE), _INSTANCES)
    traffic = parse_traffic(f"poisson:{_RATE}/s", requests / _RATE)
    return simulate_endpoint(setting, traffic, seed=seed).latency.mean


def _simpy(requests: int, seed: int) -> float:
    """The mean latency. Only who must wait gets a time-out, which spares SimPy most of them."""
    chance = random.Random(seed)
    environment = simpy.Environment()
    instances = simpy.Resource(environment, _INSTANCES)
    latencies: deque[float] = deque()

    def request() -> Generator[Any, Any, None]:
        arrived = environment.now
        if len(instances.queue) >= _QUEUE_LIMIT:
            return
        with instances.request() as turn:
            if not turn.triggered:
                answer = yield turn | environment.timeout(_WAIT_LIMIT)
                if turn not in answer:
                    return
            yield environment.timeout(chance.expovariate(1 / _SERVICE))
        latencies.append(environment.now - arrived)

    def arrivals() -> Generator[Any, Any, None]:
        for _ in range(requests):
            yield environment.timeout(chance.expovariate(_RATE))
            environment.process(request())

    environment.process(arrivals())
    environment.run()
    return sum(latencies) / len(latencies)


def _day() -> dict[str, float]:
    """A day in a process of its own."""
    command = [sys.executable, "-m", "benchmarks.simulating"]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE)
    answer: dict[str, float] = json.loads(done.stdout)
    return answer


def _simulate_day() -> None:
    tracking = TrackingPolicy(
        TargetTracking("invocations", _TARGET), Metric.INVOCATIONS_PER_INSTANCE, Statistic.SUM
    )
    setting = EndpointSetting(
        ServiceTime.exponential(_SERVICE),
        instances=60,
        scaling=Scaling(Bounds(2, 400), [tracking]),
        launch_delay=180.0,
    )
    simulate_endpoint(setting, parse_traffic(_DAY, 60.0))  # compiled, or read from the cache
    wall, cpu = time.perf_counter(), time.process_time()
    result = simulate_endpoint(setting, parse_traffic(_DAY))
    answer = {
        "seconds": time.perf_counter() - wall,
        "cpu": time.process_time() - cpu,
        "requests": result.requests,
        "activities": len(result.activities),
        "bytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024,
    }
    print(json.dumps(answer))


if __name__ == "__main__":
    _simulate_day()
