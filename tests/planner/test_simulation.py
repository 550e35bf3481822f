"""What goes into a simulation and what comes out of it."""

from __future__ import annotations

import math
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from kennel.planner.compiled import bins
from kennel.planner.compiled.jit import compiled
from kennel.planner.errors import BadPlan
from kennel.planner.simulation import (
    EndpointSetting,
    FunctionSetting,
    Histogram,
    Routing,
    ServiceTime,
    simulate_endpoint,
    simulate_function,
)
from kennel.planner.simulation.histogram import BINS
from kennel.planner.simulation.requests import chunks
from kennel.planner.traffic import Traffic, parse_traffic

CONSTANT = ServiceTime.constant(0.01)


def arrivals(traffic: Traffic, seed: int) -> NDArray[np.float64]:
    return np.concatenate([part.copy() for part, _ in chunks(traffic, CONSTANT, seed)])


def services(service: ServiceTime, count: int, seed: int = 1) -> NDArray[np.float64]:
    traffic = parse_traffic("constant:1000/s", count / 1000)
    return np.concatenate([part.copy() for _, part in chunks(traffic, service, seed)])


@pytest.mark.parametrize(
    "text",
    [
        "constant:20/s",
        "poisson:20/s",
        "daily:peak=9/s,trough=1/s",
        "0/s..50/s:10m,50/s..0/s:1h,3/s:9m",
        "even:5/s..50/s:10m",
        "burst:base=0/s,height=50/s,length=60s,every=10m",
    ],
)
def test_the_compiled_arrivals_are_those_that_a_load_sends(text):
    traffic = parse_traffic(text, 7200.0)
    expected = np.fromiter(traffic.times(7), dtype=float)
    assert len(expected) > 7000
    np.testing.assert_allclose(arrivals(traffic, 7), expected, rtol=1e-11)


@pytest.mark.parametrize(
    ("service", "quantiles"),
    [
        (ServiceTime.constant(0.05), (0.05, 0.05, 0.05)),
        (ServiceTime.exponential(0.05), (0.05 * math.log(2), 0.05 * math.log(10), 0.2303)),
        (ServiceTime.lognormal(0.05, 0.2), (0.05, 0.05 * 4 ** (1.28155 / 2.32635), 0.2)),
        (ServiceTime.samples(index / 1000 for index in range(1000)), (0.5, 0.9, 0.99)),
    ],
)
def test_service_times_are_of_their_distribution(service, quantiles):
    drawn = services(service, 400_000)
    np.testing.assert_allclose(np.quantile(drawn, (0.5, 0.9, 0.99)), quantiles, rtol=0.01)
    assert drawn.mean() == pytest.approx(service.mean, rel=0.01)


def test_given_service_times_go_to_the_requests_in_turn():
    given_times = [index / 7 for index in range(50_000)]
    np.testing.assert_array_equal(services(ServiceTime.given(given_times), 50_000), given_times)
    with pytest.raises(BadPlan, match="50000 given"):
        services(ServiceTime.given(given_times), 50_001)


@given(st.lists(st.floats(1e-7, 1e6), min_size=1, max_size=50), st.sampled_from([0, 50, 90, 99]))
@settings(deadline=None)  # the first example compiles
def test_a_percentile_is_within_one_percent_of_the_true_one(durations, percent):
    counts = np.zeros(BINS, dtype=np.int64)
    count_all(counts, np.array(durations))
    histogram = Histogram(counts, math.fsum(durations))
    rank = max(1, math.ceil(percent / 100 * len(durations)))
    assert histogram.percentile(percent) == pytest.approx(sorted(durations)[rank - 1], rel=0.01)
    assert histogram.count == len(durations)


@compiled
def count_all(counts: NDArray[np.int64], durations: NDArray[np.float64]) -> None:
    for duration in durations:
        bins.count(counts, duration)


def test_the_slow_share_is_that_of_the_requests_over_a_duration():
    setting = EndpointSetting(ServiceTime.exponential(0.05), 50)
    result = simulate_endpoint(setting, parse_traffic("poisson:100/s", 10_000.0))
    for seconds in (0.0, 0.01, 0.1, 0.2):
        share = math.exp(-seconds / 0.05)
        assert result.latency.share_over(seconds) == pytest.approx(share, rel=0.02)
    assert result.latency.share_over(1e9) == 0


def test_the_same_seed_gives_the_same_result_and_another_another():
    setting = EndpointSetting(ServiceTime.exponential(0.05), 2)
    traffic = parse_traffic("poisson:20/s", 600.0)
    totals = [simulate_endpoint(setting, traffic, seed=seed).latency.total for seed in (1, 1, 2)]
    assert totals[0] == totals[1] != totals[2]


def test_a_full_queue_rejects_and_a_long_wait_gives_up():
    setting = EndpointSetting(ServiceTime.constant(1.0), 1, queue_limit=10, wait_limit=5.0)
    result = simulate_endpoint(setting, parse_traffic("constant:2/s", 100.0))
    assert result.requests == 200
    assert result.timed_out > 0
    assert result.rejected == 0  # nobody waits for longer than five others
    assert result.wait.percentile(100) <= 5.05
    setting = EndpointSetting(ServiceTime.constant(1.0), 1, queue_limit=3, wait_limit=5.0)
    result = simulate_endpoint(setting, parse_traffic("constant:2/s", 100.0))
    assert result.timed_out == 0
    assert result.rejected == pytest.approx(100, abs=5)
    assert result.minutes.refused.sum() == result.rejected
    assert result.utilisation == pytest.approx(1, abs=0.01)


def test_who_chooses_an_instance_at_random_waits_though_another_is_free():
    traffic = parse_traffic("poisson:80/s", 600.0)
    least, random = (
        simulate_endpoint(EndpointSetting(ServiceTime.constant(0.04), 5, routing=routing), traffic)
        for routing in (Routing.LEAST_OUTSTANDING_REQUESTS, Routing.RANDOM)
    )
    assert least.requests == random.requests == random.served
    assert random.latency.percentile(99) > 2 * least.latency.percentile(99)


def test_an_overhead_adds_to_the_latency_and_occupies_nobody():
    setting = EndpointSetting(ServiceTime.constant(0.1), 1, overhead=0.4)
    result = simulate_endpoint(setting, parse_traffic("constant:9/s", 100.0))
    assert result.latency.mean == pytest.approx(0.5)
    assert result.wait.percentile(100) == 0


def test_minutes_add_up_to_the_whole():
    setting = EndpointSetting(ServiceTime.exponential(0.2), 3)
    result = simulate_endpoint(setting, parse_traffic("poisson:9/s", 630.0))
    lengths = np.array([60.0] * 10 + [30.0])
    assert (result.minutes.rate * lengths).sum() == pytest.approx(result.requests)
    assert (result.minutes.capacity == 3).all()
    busy = (result.minutes.busy * lengths).sum()
    assert busy / result.instance_seconds == pytest.approx(result.utilisation)
    assert busy == pytest.approx(result.served * 0.2, rel=0.05)


def test_reserved_concurrency_throttles_and_warm_environments_need_no_init():
    setting = FunctionSetting(ServiceTime.constant(1.0), ServiceTime.constant(0.5), limit=3)
    result = simulate_function(setting, parse_traffic("constant:10/s", 60.0))
    assert result.cold_starts == result.peak_environments == result.peak_concurrency == 3
    assert result.served == pytest.approx(180, abs=6)
    assert result.throttled == 600 - result.served
    assert result.on_demand_seconds == pytest.approx(result.served + 3 * 0.5)
    assert result.gb_seconds == pytest.approx(result.on_demand_seconds / 8)
    assert math.isnan(result.utilisation)


def test_an_environment_that_nobody_calls_goes():
    setting = FunctionSetting(ServiceTime.constant(0.1), ServiceTime.constant(0.5))
    every_4_minutes, every_6 = (
        simulate_function(setting, parse_traffic(f"constant:{1 / seconds}/s", 36_000.0))
        for seconds in (240, 360)
    )
    # After two hours an environment is renewed.
    assert every_4_minutes.cold_starts == pytest.approx(5, abs=1)
    assert every_6.cold_starts == every_6.requests == 100


def test_settings_that_contradict_themselves_are_refused():
    traffic = parse_traffic("constant:1/s", 60.0)
    with pytest.raises(BadPlan):
        simulate_endpoint(EndpointSetting(CONSTANT, 0), traffic)
    with pytest.raises(BadPlan):
        simulate_endpoint(EndpointSetting(CONSTANT, time_scale=0), traffic)
    with pytest.raises(BadPlan):
        simulate_function(FunctionSetting(CONSTANT, limit=2, provisioned=3), traffic)


@pytest.mark.parametrize("wrong", [-1.0, math.nan, math.inf])
def test_a_service_time_is_a_time(wrong):
    with pytest.raises(ValueError):
        ServiceTime.constant(wrong)
    with pytest.raises(ValueError):
        ServiceTime.samples([0.1, wrong])


def test_settings_and_traffic_need_neither_numpy_nor_numba():
    program = (
        "import sys, kennel.planner.simulation, kennel.planner.traffic, kennel.gateway.server\n"
        "assert not {'numpy', 'numba'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", program], check=True)


def test_what_is_compiled_is_compiled_anew_when_any_module_of_it_changes():
    stamp = count_all._cache._cache_file._source_stamp  # type: ignore[attr-defined]
    assert bins.count._cache._cache_file._source_stamp == stamp  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("service", "seconds"),
    [
        (ServiceTime.constant(0.05), 0.05),
        (ServiceTime.exponential(0.05), 0.05 * math.log(100)),
        (ServiceTime.lognormal(0.05, 0.2), 0.2),
        (ServiceTime.samples(range(100)), 99),
    ],
)
def test_a_service_time_knows_its_percentiles(service, seconds):
    assert service.percentile(99) == pytest.approx(seconds)
