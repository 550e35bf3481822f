"""When alarms invoke their policies and what comes of it, on the simulated clock."""

from __future__ import annotations

from collections.abc import Iterable

import pytest

from kennel.planner.errors import BadPlan
from kennel.planner.simulation import (
    Activity,
    EndpointResult,
    EndpointSetting,
    FunctionSetting,
    Metric,
    Scaling,
    ScheduledAction,
    ServiceTime,
    Statistic,
    SteppingPolicy,
    TrackingPolicy,
    simulate_endpoint,
    simulate_function,
)
from kennel.planner.traffic import parse_traffic
from kennel.scaling import AlarmRule, Bounds, Comparison, Suspended
from kennel.scaling.step_scaling import Adjustment, Step, StepScaling
from kennel.scaling.target_tracking import TargetTracking

SERVICE = ServiceTime.constant(0.01)


def tracked(
    target: float, metric: Metric = Metric.INVOCATIONS_PER_INSTANCE, **rest: float
) -> TrackingPolicy:
    statistic = Statistic.SUM if metric is Metric.INVOCATIONS_PER_INSTANCE else Statistic.AVERAGE
    return TrackingPolicy(TargetTracking("tracking", target, **rest), metric, statistic)  # type: ignore[arg-type]


def simulated(traffic: str, scaling: Scaling, **setting: float) -> EndpointResult:
    return simulate_endpoint(
        EndpointSetting(SERVICE, scaling=scaling, **setting),  # type: ignore[arg-type]
        parse_traffic(traffic),
    )


def steps(activities: Iterable[Activity]) -> list[tuple[float, int, int]]:
    return [(activity.begun, activity.before, activity.after) for activity in activities]


def test_three_minutes_above_the_target_scale_out_in_proportion_and_15_below_scale_in():
    result = simulated("constant:10/s", Scaling(Bounds(1, 9), [tracked(200)]), launch_delay=120)
    assert steps(result.activities) == [(180.2, 1, 3)]
    result = simulated(
        "even:10/s:10m,0.5/s:90m", Scaling(Bounds(1, 9), [tracked(200)]), launch_delay=120
    )
    assert result.activities[0] == Activity(
        180.2,
        300.2,
        1,
        3,
        "monitor alarm tracking-AlarmHigh in state ALARM triggered policy tracking",
    )
    # From minute 10 on 10 a minute: the low alarm needs 15 of them.
    assert steps(result.activities[1:]) == [(1500.2, 3, 1)]
    assert result.changes == ((0.0, 1), (300.2, 3), (1500.2, 1))
    assert result.instance_seconds == pytest.approx(300.2 + 3 * 1200 + 4500 - 0.2)
    assert result.launching_seconds == pytest.approx(2 * 120)


def test_an_endpoint_without_traffic_goes_to_its_minimum():
    result = simulated("0.000001/s:40m", Scaling(Bounds(1, 9), [tracked(200)]), instances=4)
    assert result.requests == 0
    assert steps(result.activities) == [(900.2, 4, 1)]


def test_a_cooldown_holds_back_the_next_step_in_but_no_larger_step_out():
    scaling = Scaling(Bounds(1, 20), [tracked(200, out_cooldown=3600.0)])
    result = simulated("even:10/s:5m,40/s:30m", scaling)
    # 600 a minute: 3. Later 2,400 a minute on 3 instances is 800 each, and 1 instance was there
    # before the cooldown: 4.
    assert steps(result.activities)[:2] == [(180.2, 1, 3), (480.2, 3, 4)]


def test_high_resolution_tracking_looks_every_10_seconds():
    policy = tracked(5, Metric.CONCURRENT_REQUESTS_PER_MODEL, period=10)
    scaling = Scaling(Bounds(1, 50), [policy])
    result = simulate_endpoint(
        EndpointSetting(ServiceTime.constant(1.0), scaling=scaling), parse_traffic("constant:10/s")
    )
    # The first beat is at 10 s and counts for the ten seconds that begin then: three of these.
    assert result.activities[0].begun == pytest.approx(40.2)
    assert result.activities[0].after > 1


def test_an_alarm_of_five_minutes_is_looked_at_every_minute():
    rule = AlarmRule(Comparison.ABOVE, 1000.0, 300, 1, 1)
    stepping = StepScaling("steps", Adjustment.CHANGE, [Step(2, 0.0)], cooldown=600.0)
    policy = SteppingPolicy(stepping, Metric.INVOCATIONS, Statistic.SUM, rule)
    result = simulated("even:1/s:7m,5/s:20m", Scaling(Bounds(1, 9), [policy]))
    # 60 a minute until minute 7, then 300 a minute: 1,020 in minutes 6 to 10.
    assert steps(result.activities) == [(600.2, 1, 3), (1260.2, 3, 5)]


def test_a_cooldown_of_whole_minutes_ends_just_after_an_evaluation():
    """Seen on the live plane: no change is done at the moment when it is decided."""
    rule = AlarmRule(Comparison.BELOW, 10.0, 60, 1, 1)
    stepping = StepScaling("in", Adjustment.CHANGE, [Step(-1, upper=0.0)], cooldown=120.0)
    policy = SteppingPolicy(stepping, Metric.INVOCATIONS, Statistic.SUM, rule)
    result = simulated("0.000001/s:10m", Scaling(Bounds(1, 9), [policy]), instances=4)
    assert steps(result.activities) == [(60.2, 4, 3), (240.2, 3, 2), (420.2, 2, 1)]


def test_a_scheduled_action_moves_the_bounds_and_the_capacity_with_them():
    scaling = Scaling(
        Bounds(1, 9),
        [tracked(200)],
        [
            ScheduledAction("morning", "cron(30 0 * * ? *)", minimum=5),
            ScheduledAction("evening", "at(1970-01-01T00:50:00)", minimum=1, maximum=2),
        ],
    )
    result = simulated("0.000001/s:55m", scaling, launch_delay=60)
    morning, up, evening, down, low = result.activities
    assert (morning.begun, morning.cause) == (1800, "scheduled action name morning was triggered")
    assert up == Activity(1800, 1860, 1, 5, "minimum capacity was set to 5")
    assert evening.begun == 3000
    assert down == Activity(3000, 3000, 5, 2, "maximum capacity was set to 2")
    # The low alarm has lasted all the time, and invokes its policy each minute.
    assert steps([low]) == [(3000.2, 2, 1)]


def test_a_scheduled_action_whose_bounds_exclude_each_other_is_refused():
    action = ScheduledAction("morning", "at(1970-01-01T00:10:00)", minimum=10)
    with pytest.raises(BadPlan, match="action morning would make the minimum 10 and the maximum 9"):
        simulated("0.1/s:1h", Scaling(Bounds(1, 9), [tracked(200)], [action]))


def test_what_is_suspended_does_not_happen():
    schedule = ScheduledAction("now", "at(1970-01-01T00:10:00)", minimum=5)
    suspended = Suspended(dynamic_out=True, scheduled=True)
    result = simulated(
        "constant:10/s", Scaling(Bounds(1, 9), [tracked(200)], [schedule], suspended)
    )
    assert result.activities == ()


def test_periods_and_cooldowns_are_of_policy_time_and_the_rest_is_of_wall_time():
    scaling = Scaling(Bounds(1, 9), [tracked(200)])
    setting = EndpointSetting(SERVICE, scaling=scaling, time_scale=60, launch_delay=60)
    result = simulate_endpoint(setting, parse_traffic("constant:600/s", 60.0))
    assert result.duration == 3600
    # The live plane evaluates 0.2 s of wall time after a period's end.
    assert steps(result.activities)[0] == (192.0, 1, 3)
    assert result.latency.percentile(50) >= 0.01
    assert result.minutes.rate[30] == pytest.approx(600, rel=0.1)


def test_capacity_starts_within_its_bounds():
    result = simulated("0.01/s:10m", Scaling(Bounds(3, 9)))
    assert result.changes == ((0.0, 1), (0.0, 3))


def test_provisioned_concurrency_follows_its_utilization():
    policy = tracked(0.7, Metric.PROVISIONED_CONCURRENCY_UTILIZATION)
    setting = FunctionSetting(
        ServiceTime.constant(2.0),
        ServiceTime.constant(1.0),
        provisioned=1,
        scaling=Scaling(Bounds(1, 20), [policy]),
        allocation_delay=30,
    )
    result = simulate_function(setting, parse_traffic("constant:3/s", 3600.0))
    first = result.activities[0]
    assert (first.begun, first.before, first.after) == (180.2, 1, 2)
    assert first.ended == pytest.approx(180.2 + 30 + 0.01)
    # Six calls at once: 0.7 of nine.
    assert result.changes[-1][1] == 9
    assert 5 <= result.cold_starts <= 9
    assert result.served == result.provisioned_calls + result.spilled == 10800
    assert result.held_seconds > result.provisioned_seconds


@pytest.mark.parametrize(
    "schedule", ["cron(61 * * * ? *)", "rate(0 minutes)", "every now and then"]
)
def test_a_schedule_that_is_none_is_refused(schedule):
    with pytest.raises(BadPlan):
        simulated("1/s:1m", Scaling(Bounds(1, 2), (), [ScheduledAction("x", schedule)]))


def test_a_period_that_cloudwatch_does_not_have_is_refused():
    with pytest.raises(BadPlan):
        simulated("1/s:1m", Scaling(Bounds(1, 2), [tracked(1.0, period=7)]))


def test_a_statistic_that_is_not_kept_is_refused():
    policy = TrackingPolicy(TargetTracking("t", 1.0), Metric.MODEL_LATENCY, Statistic.MAXIMUM)
    with pytest.raises(BadPlan):
        simulated("1/s:1m", Scaling(Bounds(1, 2), [policy]))
