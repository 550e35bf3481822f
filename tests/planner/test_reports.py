"""Figures, objectives and reports of simulations."""

from __future__ import annotations

import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kennel.planner.errors import BadPlan
from kennel.planner.objective import parse_objective
from kennel.planner.options import read_assignments
from kennel.planner.plan import endpoint_plan, function_plan
from kennel.planner.report import activity_rows, headings_of, record_of, rows_of, sparkline
from kennel.planner.report.picture import draw_runs
from kennel.planner.simulated import simulate
from kennel.planner.simulation import Activity
from kennel.planner.traffic import parse_traffic

TRAFFIC = parse_traffic("1/s:20m,40/s:40m")


def run_of(text: str, name: str = "A"):
    return simulate(endpoint_plan(name, read_assignments(f"service=exp:50ms {text}")), TRAFFIC)


@pytest.fixture(scope="module")
def fixed():
    return run_of("instances=4")


@pytest.fixture(scope="module")
def swamped():
    return run_of("instances=1", "B")


@pytest.fixture(scope="module")
def scaled():
    return run_of("instances=1..4 target=600 cooldown=60s", "C")


def test_a_fixed_number_of_instances_costs_its_hours(fixed):
    assert fixed.figures.usd == pytest.approx(4 * 0.23)
    assert fixed.figures.usd_a_day == pytest.approx(24 * 4 * 0.23)
    assert (fixed.figures.capacity_low, fixed.figures.capacity_high) == (4, 4)
    assert fixed.figures.refused == 0


def test_the_same_requests_come_whatever_the_setting(fixed, swamped, scaled):
    assert fixed.figures.requests == swamped.figures.requests == scaled.figures.requests


def test_what_is_refused_counts_as_slower_than_anything(swamped):
    figures = swamped.figures
    assert figures.refused_share > 0.1
    assert figures.percentile_of_all(99.9) == math.inf
    assert figures.slow_share(1) > figures.refused_share
    assert parse_objective("p99<1h").holds(figures) is False
    assert parse_objective("p99<1h").shown(figures) == "never"


def test_scaling_follows_the_load_and_is_told(scaled):
    figures = scaled.figures
    assert figures.capacity_low == 1
    assert figures.capacity_high == 4
    assert 1 < figures.capacity_mean < 4
    assert any(one.after > one.before for one in figures.activities)


def test_a_functions_bill_has_its_lines():
    """Two held for an hour are 24 times five minutes; the calls are one of 300 ms a second."""
    options = read_assignments("service=300ms memory=1024 reserved=3 provisioned=2 init=1s")
    run = simulate(function_plan("f", options), parse_traffic("constant:1/s", 3600))
    lines = run.figures.lines
    assert run.figures.served == 3600
    assert lines["requests"] == pytest.approx(3600 * 2e-7)
    assert lines["provisioned, held"] == pytest.approx(2 * 3600 * 4.1667e-6)
    assert lines["provisioned, duration"] == pytest.approx(3600 * 0.3 * 9.7222e-6, rel=0.01)
    assert lines["duration"] == 0
    assert run.figures.usd == pytest.approx(sum(lines.values()))
    assert run.figures.counts["cold starts"] == 0
    record = record_of(run, parse_traffic("constant:1/s", 3600), 0, None)
    json.dumps(record, allow_nan=False)


def test_calls_above_the_reservation_are_refused():
    run = simulate(
        function_plan("f", read_assignments("service=1s reserved=2")),
        parse_traffic("constant:4/s", 600),
    )
    assert run.figures.refused_share == pytest.approx(0.5, abs=0.02)
    table = {row[0]: row[1] for row in rows_of([run])}
    assert "throttled" in table["refused"]
    assert "utilisation" not in table


def test_the_table_has_a_column_a_setting(fixed, scaled):
    rows = rows_of([fixed, scaled], slow=0.3)
    assert headings_of([fixed, scaled]) == ("", "A", "C")
    assert {len(row) for row in rows} == {3}
    table = {row[0]: row[1:] for row in rows}
    assert table["cost a day"][0] == "$22.08"
    assert table["instances"][0] == "4 least, 4.00 mean, 4 most"
    assert table["price"][0] == "$0.23/h (us-east-1, 2026-07-20)"
    assert "over 300 ms" in table


def test_programs_get_numbers_and_no_nan(scaled):
    record = record_of(scaled, TRAFFIC, 0, 0.3)
    text = json.dumps(record, allow_nan=False)
    assert json.loads(text)["cost"]["as_of"] == "2026-07-20"
    assert len(record["minutes"]["rate"]) == 60
    assert record["requests"]["all"] == scaled.figures.requests


def test_the_picture_is_drawn(fixed, swamped, tmp_path):
    draw_runs([fixed, swamped], "two", tmp_path / "plan.png")
    assert (tmp_path / "plan.png").read_bytes().startswith(b"\x89PNG")


def test_activities_are_lines_and_the_many_are_counted():
    one = Activity(90061.0, 90301.0, 1, 3, "monitor alarm")
    rows = activity_rows([one] * 5, 2)
    assert rows[0] == ("1d 01:01:01", "1 → 3", "240 s", "monitor alarm")
    assert rows[-1][1] == "3 more"


def test_a_sparkline_goes_from_nothing_to_the_largest():
    assert sparkline([0, 1, 2, 3, 4, 5, 6, 7]) == "▁▂▃▄▅▆▇█"
    assert sparkline([1.0] * 100, width=5) == "█████"
    assert sparkline([]) == ""


@given(st.lists(st.floats(0, 1e6), max_size=200), st.integers(1, 60))
def test_a_sparkline_is_never_wider_than_asked(values, width):
    assert len(sparkline(values, width)) == min(width, len(values))


@pytest.mark.parametrize(
    ("text", "measure", "bound", "argument"),
    [
        ("p99<300ms", "percentile", 0.3, 99),
        ("p99.9 < 1s", "percentile", 1, 99.9),
        ("mean<=50ms", "mean", 0.05, 0),
        ("throttled<0.1%", "refused", 0.001, 0),
        ("over 1s<1%", "over", 0.01, 1),
        ("utilisation<80%", "utilisation", 0.8, 0),
    ],
)
def test_objectives_by_text(text, measure, bound, argument):
    objective = parse_objective(text)
    assert (objective.measure, objective.argument) == (measure, argument)
    assert objective.bound == pytest.approx(bound)


@pytest.mark.parametrize(
    "text", ["", "fast", "p99>300ms", "p99<300", "p100<1s", "throttled<5", "p0<1s", "mean<0s"]
)
def test_what_is_no_objective_is_refused(text):
    with pytest.raises(BadPlan):
        parse_objective(text)


@pytest.mark.parametrize("text", ["p99<300", "over 300<1%"])
def test_a_bound_without_a_unit_is_refused_with_what_to_write(text):
    with pytest.raises(BadPlan, match="'300' has no unit; write 300ms or 300s"):
        parse_objective(text)


def test_objectives_hold_or_say_by_how_much_they_are_missed(fixed):
    kept, missed = parse_objective("p99<1s"), parse_objective("p99<10ms")
    assert kept.holds(fixed.figures)
    assert not missed.holds(fixed.figures)
    assert missed.excess(fixed.figures) > 1 > kept.excess(fixed.figures)
