"""Plans from options: what people write, what AWS would refuse."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kennel.planner.errors import BadPlan, BadSamples, NoPrice, PlannerError
from kennel.planner.options import OPTIONS, Scope, read_assignments, read_file, read_table
from kennel.planner.plan import LAUNCH_DELAY, endpoint_plan, function_plan, scope_of
from kennel.planner.policy_text import parse_capacity, parse_schedule, parse_step
from kennel.planner.report import describe
from kennel.planner.service_text import parse_service_time
from kennel.planner.simulation import Metric, Statistic, SteppingPolicy, TrackingPolicy
from kennel.scaling import Bounds, Comparison
from kennel.scaling.step_scaling import Adjustment, Step


def endpoint(text, base=None):
    return endpoint_plan("x", read_assignments(text), base)


def function(text, base=None):
    return function_plan("x", read_assignments(text), base)


def test_an_endpoint_that_tracks_a_target():
    plan = endpoint("service=exp:50ms instances=1..3 target=10 cooldown=30s")
    scaling = plan.setting.scaling
    assert scaling is not None
    (policy,) = scaling.policies
    assert isinstance(policy, TrackingPolicy)
    assert (policy.metric, policy.statistic) == (Metric.INVOCATIONS_PER_INSTANCE, Statistic.SUM)
    assert policy.tracking.target == 10
    assert policy.tracking.out_cooldown == policy.tracking.in_cooldown == 30
    assert scaling.bounds == Bounds(1, 3)
    assert plan.setting.instances == 1
    assert plan.setting.launch_delay == LAUNCH_DELAY
    assert describe(plan) == "1..3 ml.m5.xlarge, target 10/min, cooldowns 30 s, launch 4 min"


def test_a_target_by_the_second_is_meant_by_the_minute():
    for target in ("600", "600/min", "10/s"):
        scaling = endpoint(f"service=1s instances=1..2 target={target}").setting.scaling
        assert scaling is not None
        assert scaling.policies[0].tracking.target == 600


def test_a_fixed_number_of_instances_has_no_scaling():
    plan = endpoint("service=50ms instances=4 instance-type=ml.c5.xlarge")
    assert plan.setting.scaling is None
    assert plan.setting.instances == 4
    assert plan.price.usd_per_hour == 0.204
    assert describe(plan) == "4 ml.c5.xlarge"


def test_options_change_the_plan_that_they_are_given():
    base = endpoint("service=50ms instances=2..6 target=600 cooldown-in=60s")
    changed = endpoint("cooldown-out=30s no-scale-in launch-delay=2m", base)
    scaling = changed.setting.scaling
    assert scaling is not None
    tracking = scaling.policies[0].tracking
    assert (tracking.out_cooldown, tracking.in_cooldown) == (30, 60)
    assert tracking.is_scale_in_disabled
    assert scaling.bounds == Bounds(2, 6)
    assert changed.setting.service_time == base.setting.service_time
    assert endpoint("instances=3", base).setting.scaling is None


def test_a_function_with_provisioned_concurrency():
    plan = function("service=300ms reserved=3 provisioned=2 memory=1024 init=2s")
    assert (plan.setting.limit, plan.setting.provisioned) == (3, 2)
    assert plan.setting.memory_mb == 1024
    assert plan.setting.init.mean == 2
    assert describe(plan) == "1,024 MB, at most 3 at once, 2 provisioned"
    scaled = function("service=1s provisioned=1..9 utilization=0.7").setting.scaling
    assert scaled is not None
    tracking = scaled.policies[0].tracking
    assert tracking.out_cooldown == 0, "AWS's default for provisioned concurrency"


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("instances=2", "not known how long a request takes"),
        ("service=0", "longer than nothing"),
        ("service=50ms instances=0", "at least one instance"),
        ("service=50ms instances=3..1", "minimum is above"),
        ("service=50ms instances=x", "no capacity"),
        ("service=50ms instances=1..3", "Nothing moves the capacity"),
        ("service=50ms instances=2 target=600", "room to scale"),
        ("service=50ms instances=1..3 target=ten", "no target"),
        ("service=50ms instances=1..3 target=6 cooldown=never", "cooldown: 'never' is no duration"),
        ("service=50ms instances=1..3 target=6 instance-type=ml.t2.medium", "burstable"),
        ("service=50ms instance-type=m5.large", "begin with ml"),
        ("service=50ms instances=1..3 step=Load>5:+1", "no step policy"),
        ("service=50ms instances=1..3 schedule='daily min=2'", "no schedule"),
    ],
)
def test_a_wrong_endpoint_is_refused_in_one_sentence(text, sentence):
    with pytest.raises(PlannerError, match=sentence):
        endpoint(text)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("service=1s reserved=1 provisioned=2", "more than the 1 reserved"),
        ("service=1s memory=64", "128 to 10,240 MB"),
        ("service=1s provisioned=1..3 utilization=70", "a share such as 0.7"),
        ("service=1s architecture=riscv", "neither x86_64 nor arm64"),
        ("service=1s reserved=some", "no whole number"),
    ],
)
def test_a_wrong_function_is_refused_in_one_sentence(text, sentence):
    with pytest.raises(PlannerError, match=sentence):
        function(text)


def test_a_type_without_a_price_asks_for_one():
    with pytest.raises(NoPrice, match="--price"):
        endpoint("service=1s instance-type=ml.inf1.xlarge")
    plan = endpoint("service=1s instance-type=ml.inf1.xlarge price=0.3")
    assert plan.price.text == "$0.3/h (given)"


def test_step_policies_by_text():
    policy = parse_step("InvocationsPerInstance>600/2x60s:+1,+2@300", "s", 60)
    assert policy.alarm.comparison is Comparison.ABOVE
    assert (policy.alarm.periods, policy.alarm.threshold) == (2, 600)
    assert tuple(policy.stepping.steps) == (Step(1, 0, 300), Step(2, 300, None))
    into = parse_step("InvocationsPerInstance<100:-1,-50@20", "s", 0)
    assert tuple(into.stepping.steps) == (Step(-1, -20, 0), Step(-50, None, -20))
    assert parse_step("Invocations>=1:=3", "s", 0).stepping.adjustment is Adjustment.EXACT
    assert parse_step("Invocations>1:+50%", "s", 0).stepping.adjustment is Adjustment.PERCENT
    for wrong in ("Invocations>1:+1,=3", "Invocations>1:+1,+2", "Invocations>1/3x45s:+1"):
        with pytest.raises(BadPlan):
            parse_step(wrong, "s", 0)


def test_schedules_by_text():
    action = parse_schedule("cron(0 8 * * ? *) min=2 max=4 timezone=Europe/Berlin", "a")
    assert (action.minimum, action.maximum, action.timezone) == (2, 4, "Europe/Berlin")
    assert action.schedule == "cron(0 8 * * ? *)"
    for wrong in ("cron(0 8 * * ? *)", "rate(1 hour) timezone=UTC", "rate(1 hour) min=x"):
        with pytest.raises(BadPlan):
            parse_schedule(wrong, "a")


def test_a_plan_is_about_an_endpoint_or_about_a_function():
    assert scope_of({"memory": ("128",)}) is Scope.FUNCTION
    assert scope_of({"service": ("1s",)}) is Scope.BOTH
    with pytest.raises(BadPlan, match="about one of them"):
        scope_of({"memory": ("128",), "instances": ("1",)})


def test_a_file_has_the_same_options(tmp_path):
    file = tmp_path / "plan.toml"
    file.write_text(
        'service = "exp:50ms"\ninstances = "1..3"\ntarget = 600\nno_scale_in = true\n'
        'schedule = ["cron(0 8 * * ? *) min=2"]\ntraffic = "poisson:5/s"\n'
    )
    options, traffic = read_file(file)
    assert traffic == "poisson:5/s"
    assert options["target"] == ("600",)
    assert options["no-scale-in"] == ("yes",)
    assert endpoint_plan("x", options).setting.scaling is not None


@pytest.mark.parametrize(
    "table", [{"speed": 1}, {"target": [1, 2]}, {"no-scale-in": "x"}, {"target": {"a": 1}}]
)
def test_a_file_with_something_else_is_refused(table):
    with pytest.raises(BadPlan):
        read_table(table, "plan.toml")


@given(st.text(max_size=60))
def test_any_text_is_a_setting_or_refused_as_such(text):
    try:
        options = read_assignments(text)
    except BadPlan:
        return
    assert set(options) <= {option.name for option in OPTIONS}


@given(st.integers(0, 99), st.integers(0, 99))
def test_capacities_are_ranges(low, high):
    if low <= high:
        assert parse_capacity(f"{low}..{high}") == Bounds(low, high)
    assert parse_capacity(str(low)) == Bounds(low, low)


def test_service_times_by_text_and_by_file(tmp_path):
    assert parse_service_time("50ms").mean == 0.05
    assert parse_service_time("exp:0.2s").mean == 0.2
    lognormal = parse_service_time("lognormal:p50=50ms,p99=200ms")
    assert lognormal == parse_service_time("lognormal:50ms,0.2s")
    assert 0.05 < lognormal.mean < 0.2
    file = tmp_path / "samples.csv"
    file.write_text("latency_s,outcome,model_s\n0.5,ok,0.1\n9,Timeout,\n0.6,ok,0.3\n")
    assert parse_service_time(str(file)).mean == pytest.approx(0.2)
    file.write_text("latency_s\n0.5\n0.7\n")
    assert parse_service_time(str(file)).mean == pytest.approx(0.6)


@pytest.mark.parametrize("text", ["fast", "exp:", "lognormal:1s", "lognormal:2s,1s", "no.csv"])
def test_what_is_no_service_time_is_refused(text):
    with pytest.raises(BadSamples):
        parse_service_time(text)


def test_a_step_policy_stands_beside_a_tracking_one():
    plan = endpoint("service=1s instances=1..5 target=60 step=Invocations>100:+1 cooldown=9s")
    scaling = plan.setting.scaling
    assert scaling is not None
    kinds = [type(policy) for policy in scaling.policies]
    assert kinds == [TrackingPolicy, SteppingPolicy]
    assert scaling.policies[1].stepping.cooldown == 9
