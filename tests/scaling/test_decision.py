"""What becomes of several policies' votes."""

from __future__ import annotations

from kennel.scaling import Bounds, Decision, Direction, History, NotScaled, Suspended, Vote, decide
from kennel.scaling.step_scaling import Adjustment, Step, StepScaling
from kennel.scaling.step_scaling import vote as step_vote

OUT, IN, STAY = Direction.OUT, Direction.IN, Direction.STAY
BOUNDS = Bounds(1, 10)


# "How target tracking scaling for Application Auto Scaling works", "Multiple scaling policies".


def test_out_if_any_says_so_and_the_largest_capacity_wins() -> None:
    votes = [Vote("a", OUT, 5), Vote("b", OUT, 7), Vote("c", IN, 2), Vote("d", STAY, 4)]

    assert decide(votes, 4, BOUNDS) == Decision(7, "b")


def test_in_only_if_all_that_may_say_so_and_the_largest_capacity_wins() -> None:
    ins = [Vote("a", IN, 2), Vote("b", IN, 3)]

    assert decide(ins, 4, BOUNDS) == Decision(3, "b")
    assert decide([*ins, Vote("c", STAY, 4)], 4, BOUNDS) == Decision(4)
    assert decide([*ins, Vote("c", STAY, 4, may_scale_in=False)], 4, BOUNDS) == Decision(3, "b")


# PutScalingPolicy's reference: two policies, and a step policy beside one that tracks.


def test_of_three_more_and_of_two_hundred_percent_more_the_larger_one_wins() -> None:
    three = StepScaling("three", Adjustment.CHANGE, [Step(3)])
    twice = StepScaling("twice", Adjustment.PERCENT, [Step(200)])
    votes = [step_vote(policy, 1.0, 10, History(), 0.0) for policy in (three, twice)]

    assert decide(votes, 10, Bounds(1, 100)) == Decision(30, "twice")


def test_a_step_in_is_not_held_up_by_a_policy_that_tracks() -> None:
    step = Vote("step", IN, 2, is_tracking=False)

    for other in (STAY, IN):
        assert decide([step, Vote("tracking", other, 1)], 4, BOUNDS) == Decision(2, "step")
    assert decide([step, Vote("tracking", OUT, 6)], 4, BOUNDS) == Decision(6, "tracking")


# NotScaledReason's codes.


def test_why_nothing_happens_has_aws_codes() -> None:
    out, into = Vote("a", OUT, 12), Vote("a", IN, 0)
    flaps = Vote("a", STAY, 3, flaps=True)
    satisfied = Vote("a", STAY, 3, is_satisfied=True)

    assert decide([out], 10, BOUNDS).not_scaled is NotScaled.AT_MAXIMUM
    assert decide([into], 1, BOUNDS).not_scaled is NotScaled.AT_MINIMUM
    assert decide([flaps], 3, BOUNDS).not_scaled is NotScaled.FLAPPING
    assert decide([flaps], 1, BOUNDS).not_scaled is NotScaled.AT_MINIMUM
    assert decide([satisfied], 3, BOUNDS).not_scaled is NotScaled.AT_DESIRED
    assert decide([Vote("a", STAY, 3, cooling=True)], 3, BOUNDS) == Decision(3)
    assert decide([], 3, BOUNDS) == Decision(3)


# "Suspend and resume scaling for Application Auto Scaling".


def test_what_is_suspended_changes_nothing_and_is_no_activity() -> None:
    out, into = [Vote("a", OUT, 5)], [Vote("a", IN, 2)]
    no_out, no_in = Suspended(dynamic_out=True), Suspended(dynamic_in=True)

    assert decide(out, 4, BOUNDS, no_out) == Decision(4)
    assert decide(into, 4, BOUNDS, no_in) == Decision(4)
    assert decide(out, 4, BOUNDS, no_in) == Decision(5, "a")
    assert decide(into, 4, BOUNDS, no_out) == Decision(2, "a")
