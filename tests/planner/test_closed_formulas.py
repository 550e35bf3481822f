"""With constant capacity the simulation agrees with what queueing theory knows exactly."""

from __future__ import annotations

import math

import pytest

from kennel.planner.simulation import (
    EndpointResult,
    EndpointSetting,
    Routing,
    ServiceTime,
    simulate_endpoint,
)
from kennel.planner.traffic import parse_traffic

SERVICE = 0.05  # seconds
AGREES = 0.02


def simulated(service: ServiceTime, servers: int, load: float, requests: float) -> EndpointResult:
    """Poisson arrivals that keep each server busy for a share `load` of the time; no limits."""
    rate = load * servers / service.mean
    traffic = parse_traffic(f"poisson:{rate}/s", requests / rate)
    setting = EndpointSetting(service, servers, queue_limit=1_000_000, wait_limit=1e9)
    return simulate_endpoint(setting, traffic, seed=servers)


def erlang_c(servers: int, load: float) -> float:
    """The share of requests that wait, by Erlang's B formula, one server more each time."""
    offered, blocked = servers * load, 1.0
    for count in range(1, servers + 1):
        blocked = offered * blocked / (count + offered * blocked)
    return blocked / (1 - load * (1 - blocked))


@pytest.mark.parametrize(
    ("servers", "load", "requests"),
    [(1, 0.5, 2e6), (1, 0.9, 8e6), (3, 0.8, 4e6), (16, 0.7, 2e6), (16, 0.8, 8e6), (60, 0.85, 8e6)],
)
def test_exponential_service_times_wait_as_erlang_says(servers, load, requests):
    result = simulated(ServiceTime.exponential(SERVICE), servers, load, requests)
    waits, rest = erlang_c(servers, load), servers * (1 - load) / SERVICE
    assert result.served == result.requests == pytest.approx(requests, rel=0.01)
    assert result.wait.share_over(1e-7) == pytest.approx(waits, rel=AGREES)
    assert result.wait.mean == pytest.approx(waits / rest, rel=AGREES)
    assert result.latency.mean == pytest.approx(waits / rest + SERVICE, rel=AGREES)
    assert result.utilisation == pytest.approx(load, rel=AGREES)
    for percent in (50, 90, 99):
        expected = math.log(waits / (1 - percent / 100)) / rest
        if expected > 0.1 / rest:  # below, a small error of the share is a large one of the time
            assert result.wait.percentile(percent) == pytest.approx(expected, rel=AGREES)
        elif expected < -0.1 / rest:
            assert result.wait.percentile(percent) == 0


def test_instances_chosen_at_random_wait_as_so_many_queues_do():
    load = 0.7
    traffic = parse_traffic(f"poisson:{10 * load / SERVICE}/s", 40_000.0)
    setting = EndpointSetting(
        ServiceTime.exponential(SERVICE),
        10,
        queue_limit=1_000_000,
        wait_limit=1e9,
        routing=Routing.RANDOM,
    )
    result = simulate_endpoint(setting, traffic)
    assert result.wait.share_over(1e-7) == pytest.approx(load, rel=AGREES)
    assert result.wait.mean == pytest.approx(load * SERVICE / (1 - load), rel=AGREES)


@pytest.mark.parametrize("load", [0.3, 0.6, 0.9])
def test_constant_service_times_on_one_instance_wait_as_pollaczek_and_khinchin_say(load):
    result = simulated(ServiceTime.constant(SERVICE), 1, load, 4e6)
    assert result.wait.mean == pytest.approx(load * SERVICE / (2 * (1 - load)), rel=AGREES)
    assert result.wait.share_over(1e-7) == pytest.approx(load, rel=AGREES)
    assert result.utilisation == pytest.approx(load, rel=AGREES)


def test_lognormal_service_times_on_one_instance_wait_as_pollaczek_and_khinchin_say():
    service, load = ServiceTime.lognormal(0.04, 0.12), 0.7
    result = simulated(service, 1, load, 5e6)
    second_moment = math.exp(2 * service.first + 2 * service.second**2)
    expected = load / service.mean * second_moment / (2 * (1 - load))
    assert result.wait.mean == pytest.approx(expected, rel=AGREES)
