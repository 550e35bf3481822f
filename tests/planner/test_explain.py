"""What is said of a scalable target, word for word."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kennel.planner.explain import MaximumRate, Subject, explain, target_for
from kennel.planner.explain.thresholds import capacity_at, in_below, out_above
from kennel.planner.simulation import (
    Metric,
    Scaling,
    ScheduledAction,
    Statistic,
    SteppingPolicy,
    TrackingPolicy,
)
from kennel.scaling import AlarmRule, Bounds, Comparison, Direction, Suspended
from kennel.scaling.step_scaling import Adjustment, Step, StepScaling
from kennel.scaling.target_tracking import TargetTracking

SEED = TrackingPolicy(
    TargetTracking("Invocations", 10, 30, 30), Metric.INVOCATIONS_PER_INSTANCE, Statistic.SUM
)
DOGS = Subject(
    "endpoint/dogs/variant/AllTraffic",
    Scaling(Bounds(1, 3), (SEED,)),
    capacity=1,
    instance_type="ml.m5.large",
    launch_delay=240,
    maximum=MaximumRate(20, "from an average ModelLatency of 50 ms"),
)
SEED_TEXT = """\
endpoint/dogs/variant/AllTraffic
  It has 1 to 3 instances, now 1, of ml.m5.large.

Policy Invocations: target tracking of InvocationsPerInstance
  A target of 10 is ten invocations a minute per instance: 0.17 a second.
    capacity   more above               fewer below
           1   0.167/s (10/min)         -
           2   0.333/s (20/min)         0.167/s (10/min)
           3   -                        0.333/s (20/min)
  The step is in proportion: above 0.333/s (20/min) it goes from 1 instance to 3 at once.
  Out: after 3 minutes in a row above the target. With the 4 min until a new instance can be
  used, help comes 7 min to 8 min after the load rose.
  In: after 15 minutes in a row below 9, which is 90 % of the target, and no further than
  the target allows.
  Cooldowns: 30 s after a step out, 30 s after a step in, each from when it is fulfilled.

The target by AWS's formula
  An instance answers at most 20/s (from an average ModelLatency of 50 ms).
  target = maximum × safety × 60 = 20 × 0.5 × 60 = 600 a minute.

Mind
  - The target of 10 a minute is 0.83 % of what an instance does (1,200 a minute): instances
    are added while the ones there are nearly idle, and you pay 120 times what the work
    needs. AWS's formula gives 600.
  - The scale-out cooldown of 30 s is shorter than the metric's period of 60 s: a second
    step may be decided by a figure from before the first, and go too far.
  - A peak shorter than 7 min is over before help comes: the minimum of 1 instance has to
    carry it.
  - Beyond 60/s even 3 instances can't follow, and beyond 30/s they have no room to spare."""

FUNCTION_TEXT = """\
function:resize:live
  It has 2 to 30 environments.

Policy busy: target tracking of ProvisionedConcurrencyUtilization
  A target of 0.7 means that 70 % of the provisioned environments are to be in use.
    capacity   more above               fewer below
           2   1.4 at once              -
           3   2.1 at once              1.4 at once
           4   2.8 at once              2.1 at once
           …
          28   19.6 at once             17.6 at once
          29   20.3 at once             18.3 at once
          30   -                        18.9 at once
  No more than all can be in use, so one step goes from 2 environments to 3 at most; the
  next waits until these are ready.
  Out: after 3 minutes in a row above the target. With the 60 s until environments can be
  used, help comes 4 min to 5 min after the load rose.
  In: after 15 minutes in a row below 0.63, which is 90 % of the target, and no further than
  the target allows.
  Cooldowns: none.

Mind
  - A peak shorter than 4 min is over before help comes: the minimum of 2 environments has
    to carry it.
  - The maximum of 30 is more than the reserved concurrency of 20: Lambda refuses what is
    above it."""


def with_policies(*policies, **changes):
    scaling = replace(Scaling(Bounds(1, 3)), policies=policies, **changes)
    return replace(DOGS, scaling=scaling)


def warnings(subject) -> str:
    return "\n".join(explain(subject).warnings)


def test_the_seeds_setting_in_plain_words():
    assert explain(DOGS).text() == SEED_TEXT


def test_a_functions_provisioned_concurrency_in_plain_words():
    policy = TrackingPolicy(
        TargetTracking("busy", 0.7, 0, 0),
        Metric.PROVISIONED_CONCURRENCY_UTILIZATION,
        Statistic.AVERAGE,
    )
    scaling = Scaling(Bounds(2, 30), (policy,))
    subject = Subject("function:resize:live", scaling, launch_delay=60, reserved=20)
    assert explain(subject).text() == FUNCTION_TEXT


def test_programs_get_the_same_in_figures():
    facts = explain(DOGS).facts
    (policy,) = facts["policies"]
    assert policy["out_above_per_minute"] == {"2": 10.0, "3": 20.0}
    assert policy["in_below_per_minute"] == {"1": 10.0, "2": 20.0}
    assert policy["seconds_until_out"] == [420, 480]
    assert policy["seconds_until_in"] == 900
    assert facts["advised_target"] == 600


@given(st.floats(0.5, 1e5), st.integers(1, 20))
def test_the_loads_that_are_told_are_those_at_which_the_policy_moves(target, capacity):
    policy = TargetTracking("x", target)
    out, into = out_above(policy, capacity), in_below(policy, capacity)
    assert capacity_at(policy, out * 1.001, capacity)[0] is Direction.OUT
    assert capacity_at(policy, out * 0.999, capacity)[0] is not Direction.OUT
    if capacity == 1:
        assert not into
    else:
        assert into is not None
        assert capacity_at(policy, into * 0.999, capacity)[0] is Direction.IN
        assert capacity_at(policy, into * 1.001, capacity)[0] is not Direction.IN
        assert into < out


def test_the_target_follows_awss_load_test_formula():
    assert target_for(MaximumRate(20, "")) == 600


@pytest.mark.parametrize(
    ("target", "sentence"),
    [
        (10, r"0\.83 % of what an instance does"),
        (1100, "the queue has no room"),
        (5000, "more than an instance does"),
    ],
)
def test_a_target_far_from_what_an_instance_does_is_told(target, sentence):
    policy = replace(SEED, tracking=replace(SEED.tracking, target=target))
    assert re.search(sentence, warnings(with_policies(policy)))


def test_a_target_with_room_is_not_worth_a_word():
    policy = replace(SEED, tracking=TargetTracking("x", 600))
    assert "what an instance does" not in warnings(with_policies(policy))


def test_without_a_maximum_it_says_how_to_tell_it_one():
    assert "--max-rps" in explain(replace(DOGS, maximum=None)).text()


def test_what_stops_the_policies_is_told_first():
    subject = with_policies(SEED, suspended=Suspended(dynamic_in=True, scheduled=True))
    assert explain(subject).warnings[0].startswith("Suspended: scale-in and scheduled actions.")
    assert "burstable" in warnings(replace(DOGS, instance_type="ml.t2.medium"))
    assert "can't move anything" in warnings(with_policies(SEED, bounds=Bounds(2, 2)))
    assert "no policy" in warnings(with_policies())


def test_policies_that_meet_are_told():
    disabled = replace(SEED, tracking=replace(SEED.tracking, is_scale_in_disabled=True))
    assert "in only if all of them say so" in warnings(with_policies(SEED, disabled))
    assert "No policy ever scales in" in warnings(with_policies(disabled))
    assert "never by this policy" in explain(with_policies(disabled)).text()


def test_a_step_policy_is_told_step_by_step():
    rule = AlarmRule(Comparison.ABOVE, 600, 60, 3, 2)
    steps = (Step(1, 0, 300), Step(2, 300, None))
    stepping = StepScaling("busy", Adjustment.CHANGE, steps, 60)
    policy = SteppingPolicy(stepping, Metric.INVOCATIONS_PER_INSTANCE, Statistic.SUM, rule)
    text = explain(with_policies(SEED, policy)).text()
    assert "600 in 2 of the last 3 periods of 60 s" in " ".join(text.split())
    assert "from 600 to 900            +1" in text
    assert "above 900                  +2" in text
    assert "advises against it" in " ".join(text.split())


def test_scheduled_actions_are_told_with_their_zone():
    action = ScheduledAction("morning", "cron(0 8 * * ? *)", 4, None, "Europe/Berlin")
    subject = with_policies(SEED, schedules=(action,))
    assert "at cron(0 8 * * ? *) (Europe/Berlin) the minimum becomes 4." in explain(subject).text()
    assert "minimum of 4 above the maximum of 3" in warnings(subject)


def test_what_is_not_registered_stays_as_it_is():
    explanation = explain(replace(DOGS, scaling=None))
    assert "is no scalable target: its 1 instance stays," in explanation.text()
    assert explanation.facts["registered"] is False


def test_what_can_not_be_read_is_told():
    subject = replace(DOGS, left_out=("The policy x tracks CPU, which is not simulated.",))
    assert "tracks CPU" in warnings(subject)


def test_steps_that_only_add_are_warned_of():
    rule = AlarmRule(Comparison.ABOVE, 600, 60, 3, 2)
    up = StepScaling("busy", Adjustment.CHANGE, (Step(1, 0, None),), 60)
    policy = SteppingPolicy(up, Metric.INVOCATIONS_PER_INSTANCE, Statistic.SUM, rule)
    assert "The steps only add: nothing scales in" in warnings(with_policies(policy))
    down = StepScaling("idle", Adjustment.CHANGE, (Step(-1, None, 0),), 60)
    quiet = replace(policy, stepping=down, alarm=replace(rule, comparison=Comparison.BELOW))
    assert "only add" not in warnings(with_policies(policy, quiet))
