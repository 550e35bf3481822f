"""What the live plane is sent and what the simulation is told are the same."""

from __future__ import annotations

import json

import pytest

from benchmarks.naps import draw
from kennel.planner.traffic import parse_traffic


def test_a_load_reads_the_arrivals_and_naps_that_the_simulation_has(tmp_path):
    work = draw("poisson:20/s", 30.0, 0.05, 0.5, seed=3)
    trace, payloads = work.write(tmp_path)
    read = list(parse_traffic(str(trace)).times())
    assert read == pytest.approx(list(work.arrivals), abs=1e-5)
    assert list(work.traffic.times()) == list(work.arrivals)
    naps = [json.loads(file.read_text())["seconds"] for file in sorted(payloads.iterdir())]
    assert naps == pytest.approx(list(work.naps), abs=1e-6)


def test_the_same_seed_draws_the_same_work():
    assert draw("5/s..9/s:20s", 20.0, 0.05, 0.5, 1) == draw("5/s..9/s:20s", 20.0, 0.05, 0.5, 1)
    assert draw("poisson:9/s", 20.0, 0.05, 0.5, 1) != draw("poisson:9/s", 20.0, 0.05, 0.5, 2)
