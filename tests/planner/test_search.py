"""The search: what it chooses, that it simulates each setting once, the calls that set it."""

from __future__ import annotations

from typing import Any, cast

import boto3
import pytest
from botocore.validate import ParamValidator
from hypothesis import given
from hypothesis import strategies as st

from kennel.planner.objective import parse_objective
from kennel.planner.options import read_assignments
from kennel.planner.plan import endpoint_plan, function_plan
from kennel.planner.report.frontier import draw_frontier
from kennel.planner.search import (
    Call,
    EndpointRange,
    FunctionRange,
    Trials,
    as_command,
    calls_of,
    search_endpoint,
    search_function,
)
from kennel.planner.search.bisection import least
from kennel.planner.search.speed import faster
from kennel.planner.service_text import parse_service_time
from kennel.planner.simulated import simulate
from kennel.planner.traffic import parse_traffic
from kennel.scaling import Bounds

TRAFFIC = parse_traffic("2/s:40m,2/s..40/s:20m,40/s:40m,2/s:40m")
SLOS = [parse_objective("p99<400ms")]


def trials_under(traffic, objectives=SLOS):
    calls: list[Any] = []

    def run(plan):
        calls.append(plan)
        return simulate(plan, traffic)

    return Trials(run, objectives), calls


@pytest.fixture(scope="module")
def found():
    base = endpoint_plan("x", read_assignments("service=exp:50ms"))
    trials, calls = trials_under(TRAFFIC)
    search_endpoint(base, EndpointRange(Bounds(1, 12), [("ml.m5.xlarge", 1.0)]), TRAFFIC, trials)
    result = trials.found()
    assert len(calls) == len(result.tried)
    return result


def test_the_chosen_one_keeps_the_objective_and_nothing_that_was_tried_is_cheaper(found):
    assert found.chosen is not None
    assert SLOS[0].holds(found.chosen.run.figures)
    assert found.chosen.usd == min(one.usd for one in found.tried if one.keeps)


def test_the_fewest_fixed_instances_that_do_are_among_what_was_tried(found):
    fixed = {
        one.run.plan.setting.instances: one.keeps
        for one in found.tried
        if one.run.plan.setting.scaling is None
    }
    enough = min(count for count, keeps in fixed.items() if keeps)
    assert fixed[enough - 1] is False


def test_scaling_is_cheaper_than_the_peaks_number_all_day(found):
    assert found.chosen.run.plan.setting.scaling is not None
    assert found.chosen.usd < min(
        one.usd for one in found.tried if one.keeps and one.run.plan.setting.scaling is None
    )


def test_along_the_frontier_whatever_is_better_costs_more(found):
    costs = [one.usd for one in found.frontier]
    excesses = [one.excess for one in found.frontier]
    assert costs == sorted(costs)
    assert excesses == sorted(excesses, reverse=True)


def test_the_frontier_is_drawn(found, tmp_path):
    draw_frontier(found, SLOS[0], "x", tmp_path / "search.png")
    assert (tmp_path / "search.png").read_bytes().startswith(b"\x89PNG")


def test_what_nothing_keeps_has_a_nearest():
    base = endpoint_plan("x", read_assignments("service=30ms"))
    traffic = parse_traffic("poisson:4/s", 600)
    trials, _ = trials_under(traffic, [parse_objective("p99<10ms")])
    search_endpoint(base, EndpointRange(Bounds(1, 4), [("ml.m5.xlarge", 1.0)]), traffic, trials)
    found = trials.found()
    assert found.chosen is None
    assert found.nearest.excess == min(one.excess for one in found.tried)


def test_a_faster_type_is_taken_if_the_slower_one_can_not():
    base = endpoint_plan("x", read_assignments("service=300ms"))
    traffic = parse_traffic("poisson:1/s", 600)
    trials, _ = trials_under(traffic, [parse_objective("p90<200ms")])
    types = [("ml.m5.xlarge", 1.0), ("ml.c5.2xlarge", 3.0)]
    search_endpoint(base, EndpointRange(Bounds(1, 4), types), traffic, trials)
    chosen = trials.found().chosen
    assert chosen is not None
    assert cast(Any, chosen.run.plan).price.instance_type == "ml.c5.2xlarge"


def test_a_function_gets_the_least_that_keeps_its_objectives():
    base = function_plan("x", read_assignments("service=500ms init=3s memory=1024"))
    traffic = parse_traffic("0.02/s:1h,4/s:30m,0.02/s:30m")
    objectives = [parse_objective("p99.9<1s"), parse_objective("throttled<0.1%")]
    trials, _ = trials_under(traffic, objectives)
    search_function(base, FunctionRange(Bounds(0, 1000), is_reserved_free=True), trials)
    chosen = trials.found().chosen
    assert chosen is not None
    setting = cast(Any, chosen.run.plan).setting
    assert setting.provisioned > 0, "cold starts take 3.5 s"
    assert setting.limit < 100, "no more is reserved than is needed"
    assert all(one.holds(chosen.run.figures) for one in objectives)


@given(st.integers(1, 50), st.integers(0, 60), st.integers(0, 60))
def test_the_least_number_is_found(low, span, threshold):
    high = low + span
    asked: list[int] = []

    def holds(number: int) -> bool:
        assert low <= number <= high
        asked.append(number)
        return bool(number >= threshold)

    expected = max(low, threshold)
    assert least(holds, low, high) == (expected if expected <= high else None)
    assert len(asked) <= 14


@pytest.mark.parametrize("text", ["50ms", "exp:50ms", "lognormal:p50=40ms,p99=0.2s"])
def test_a_faster_instance_takes_less_of_every_request(text):
    slow = parse_service_time(text)
    assert faster(slow, 2).mean == pytest.approx(slow.mean / 2)
    assert faster(slow, 1) is slow


def check(call: Call) -> None:
    """Held to botocore's model."""
    client = boto3.client(
        call.service, region_name="us-east-1", aws_access_key_id="a", aws_secret_access_key="b"
    )
    name = client.meta.method_to_api_mapping[call.operation]
    shape = client.meta.service_model.operation_model(name).input_shape
    report = ParamValidator().validate(dict(call.arguments), shape)
    assert not report.has_errors(), report.generate_report()


ENDPOINT, FUNCTION = "endpoint/dogs/variant/AllTraffic", "function:ask:live"


@pytest.mark.parametrize(
    ("plan", "resource", "operations"),
    [
        (
            endpoint_plan("x", read_assignments("service=1s instances=3")),
            ENDPOINT,
            ["update_endpoint_weights_and_capacities"],
        ),
        (
            endpoint_plan(
                "x",
                read_assignments(
                    "service=1s instances=1..3 target=10 no-scale-in "
                    "schedule='cron(0 8 * * ? *) min=2'"
                ),
            ),
            ENDPOINT,
            ["register_scalable_target", "put_scaling_policy", "put_scheduled_action"],
        ),
        (
            function_plan(
                "x", read_assignments("service=1s reserved=9 provisioned=1..4 utilization=0.7")
            ),
            FUNCTION,
            [
                "put_function_concurrency",
                "put_provisioned_concurrency_config",
                "register_scalable_target",
                "put_scaling_policy",
            ],
        ),
    ],
)
def test_the_calls_are_ones_that_aws_takes(plan, resource, operations):
    calls = calls_of(plan, resource)
    assert [call.operation for call in calls] == operations
    for call in calls:
        check(call)


def test_what_scaled_before_is_taken_away():
    """AWS allows one policy a metric: the old one's name is taken, another kind is deleted."""
    text = "service=1s instances=1..3 target=10 step=Invocations>5:+1"
    base = endpoint_plan("x", read_assignments(text))
    before = base.setting.scaling
    assert before is not None
    fixed = endpoint_plan("x", read_assignments("instances=2"), base)
    calls = calls_of(fixed, ENDPOINT, before)
    assert [call.operation for call in calls] == [
        "deregister_scalable_target",
        "update_endpoint_weights_and_capacities",
    ]
    scaled = endpoint_plan("x", read_assignments("instances=1..3 target=60"), base)
    first, *others = calls_of(scaled, ENDPOINT, before)
    assert (first.operation, first.arguments["PolicyName"]) == ("delete_scaling_policy", "step-1")
    assert [call.operation for call in others] == [
        "register_scalable_target",
        "put_scaling_policy",
    ]
    for call in (first, *calls, *others):
        check(call)


def test_a_call_is_shown_as_a_command_of_the_aws_cli():
    call = Call("lambda", "put_function_concurrency", {"FunctionName": "a b", "Reserved": 3})
    assert as_command(call) == (
        "aws lambda put-function-concurrency \\\n    --function-name 'a b' \\\n    --reserved 3"
    )


def test_settings_with_measured_service_times_are_told_apart(tmp_path):
    file = tmp_path / "samples.csv"
    file.write_text("latency_s\n0.1\n0.2\n")
    base = endpoint_plan("x", read_assignments(f"service={file}"))
    trials, calls = trials_under(parse_traffic("poisson:1/s", 60))
    trials.of(base)
    trials.of(endpoint_plan("y", {}, base))
    trials.of(endpoint_plan("y", read_assignments("instances=2"), base))
    assert len(calls) == 2
