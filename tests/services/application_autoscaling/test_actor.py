"""What becomes of alarms, bounds and schedules, step by step on a simulated clock."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from kennel.errors import AwsError
from kennel.scaling import AlarmState
from kennel.services.alarm_actions import AlarmActor, AlarmCall, AlarmReading
from kennel.services.application_autoscaling.errors import FailedResourceAccessException
from kennel.services.scalable_targets import ScalableTargets
from tests.services.application_autoscaling.stage import ACCOUNT, TARGET, Stage

OK = AlarmState.OK


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    with Stage(tmp_path) as stage:
        yield stage


def test_the_service_is_what_others_ask_for(stage: Stage) -> None:
    assert isinstance(stage.service, AlarmActor)
    assert isinstance(stage.service, ScalableTargets)


def test_an_alarm_leads_to_a_change_that_is_followed_until_it_is_fulfilled(stage: Stage) -> None:
    stage.register(1, 3)
    high, _ = stage.track()

    stage.ring(high, 25.0)

    assert stage.sagemaker.asked == [3]
    assert stage.statuses() == ["InProgress"]
    stage.run(30)
    assert stage.statuses() == ["InProgress"]
    stage.fulfil()
    (activity,) = stage.activities()
    assert activity["StatusCode"] == "Successful"
    assert activity["EndTime"] > activity["StartTime"]
    assert activity["Cause"] == f"monitor alarm {high} in state ALARM triggered policy ten"


def test_the_service_acts_as_its_service_linked_role(stage: Stage) -> None:
    stage.register(1, 3)
    high, _ = stage.track()
    stage.ring(high, 25.0)

    role = "AWSServiceRoleForApplicationAutoScaling_SageMakerEndpoint"
    session = f"arn:aws:sts::{ACCOUNT}:assumed-role/{role}/ApplicationAutoScaling"
    for operation in ("PutMetricAlarm", "UpdateEndpointWeightsAndCapacities"):
        assert stage.authorizer.principals[operation] == session
    assert stage.authorizer.principals["CreateServiceLinkedRole"].endswith(":root")


def test_while_a_change_is_under_way_there_is_no_other(stage: Stage) -> None:
    stage.register(1, 9)
    high, _ = stage.track()
    stage.ring(high, 25.0)

    stage.ring(high, 90.0)

    assert stage.sagemaker.asked == [3]
    stage.fulfil()
    assert stage.sagemaker.asked == [3]  # the alarm will call again


def test_cooldowns_count_from_the_fulfilment(stage: Stage) -> None:
    stage.register(1, 9)
    high, _ = stage.track(ScaleOutCooldown=60)
    stage.ring(high, 20.0)
    stage.run(50)
    stage.fulfil()

    stage.run(50)
    stage.ring(high, 20.0)
    assert stage.sagemaker.asked == [2]
    stage.run(11)
    stage.ring(high, 20.0)
    assert stage.sagemaker.asked == [2, 4]


def test_of_two_policies_out_goes_with_one_and_in_needs_both(stage: Stage) -> None:
    stage.register(1, 9)
    stage.sagemaker.desired = 4
    _, low = stage.track("a")
    other_high, other_low = stage.track("b", metric="other")

    stage.set(other_high, 9.5, OK)
    stage.set(other_low, 9.5, OK)
    stage.ring(low, 1.0)
    assert stage.sagemaker.asked == []
    stage.ring(other_low, 4.0)
    assert stage.sagemaker.asked == [2]
    assert stage.activities()[0]["Cause"].endswith("triggered policy b")
    stage.fulfil()
    stage.ring(other_high, 25.0)
    assert stage.sagemaker.asked == [2, 5]


def test_what_is_suspended_does_nothing(stage: Stage) -> None:
    stage.register(1, 9, SuspendedState={"DynamicScalingOutSuspended": True})
    stage.run()
    high, _ = stage.track()

    stage.ring(high, 25.0)
    assert stage.sagemaker.asked == []
    state = {"DynamicScalingOutSuspended": False}
    stage.call("RegisterScalableTarget", **TARGET, SuspendedState=state)
    stage.run()
    stage.ring(high, 25.0)
    assert stage.sagemaker.asked == [3]


def test_why_nothing_is_done_is_told_once_until_something_is(stage: Stage) -> None:
    stage.register(1, 2)
    high, low = stage.track(ScaleOutCooldown=0)
    stage.sagemaker.desired = 2

    for _ in range(3):
        stage.ring(high, 25.0)
    assert stage.reasons() == [{"Code": "AlreadyAtMaxCapacity", "MaxCapacity": 2}]
    stage.set(high, 1.0, OK)
    stage.ring(low, 6.0)
    assert stage.reasons()[0] == {"Code": "AutoScalingAnticipatedFlapping", "CurrentCapacity": 2}
    stage.ring(low, 1.0)
    stage.fulfil()
    for _ in range(3):
        stage.ring(low, 1.0)
    assert stage.reasons()[0] == {"Code": "AlreadyAtMinCapacity", "MinCapacity": 1}
    assert len(stage.reasons()) == 3
    assert len(stage.activities()) == 1


def test_a_refusal_of_the_service_fails_the_activity(stage: Stage) -> None:
    stage.register(1, 3)
    high, _ = stage.track()
    stage.sagemaker.refusal = "The account-level service limit is used up."

    stage.ring(high, 25.0)

    (activity,) = stage.activities()
    assert activity["StatusCode"] == "Failed"
    assert activity["StatusMessage"] == (
        "Failed to set desired instance count to 3. Reason: "
        "The account-level service limit is used up."
    )
    stage.sagemaker.refusal = ""
    stage.ring(high, 25.0)
    assert stage.statuses() == ["InProgress", "Failed"]


def test_a_capacity_that_somebody_else_sets_meanwhile_overrides_the_activity(stage: Stage) -> None:
    stage.register(1, 3)
    high, _ = stage.track()
    stage.ring(high, 25.0)

    stage.sagemaker.desired = 2
    stage.run(1)

    assert stage.statuses() == ["Overridden"]


def test_what_never_comes_leaves_the_activity_unfulfilled(stage: Stage) -> None:
    stage.register(1, 3)
    high, _ = stage.track()
    stage.ring(high, 25.0)

    stage.sagemaker.status = "Failed"
    stage.run(1)

    assert stage.statuses() == ["Unfulfilled"]


def test_bounds_wait_for_an_endpoint_that_is_busy(stage: Stage) -> None:
    stage.sagemaker.status = "Updating"
    stage.register(2, 3)
    stage.run(5)
    assert stage.sagemaker.asked == []

    stage.fulfil()

    assert stage.sagemaker.asked == [2]
    assert stage.activities()[0]["Cause"] == "minimum capacity was set to 2"


def test_bounds_that_change_under_a_change_are_kept_after_it(stage: Stage) -> None:
    stage.register(1, 3)
    high, _ = stage.track()
    stage.ring(high, 25.0)

    stage.register(1, 2)
    stage.run(1)
    assert stage.sagemaker.asked == [3]
    stage.fulfil()
    stage.run(1)
    assert stage.sagemaker.asked == [3, 2]
    stage.fulfil()
    assert stage.statuses() == ["Successful", "Successful"]


def schedule(stage: Stage, name: str, text: str, **bounds: int) -> None:
    stage.call(
        "PutScheduledAction",
        **TARGET,
        ScheduledActionName=name,
        Schedule=text,
        ScalableTargetAction=bounds,
    )


def names(stage: Stage) -> list[str]:
    found = stage.call("DescribeScheduledActions", **TARGET)["ScheduledActions"]
    return [action["ScheduledActionName"] for action in found]


def at(stage: Stage, seconds: float) -> str:
    moment = datetime.fromtimestamp(stage.clock.policy() + seconds, UTC)
    return moment.strftime("at(%Y-%m-%dT%H:%M:%S)")


def test_a_scheduled_action_fires_once_or_again_and_ignores_cooldowns(stage: Stage) -> None:
    stage.register(1, 9)
    high, _ = stage.track()
    stage.ring(high, 20.0)
    stage.fulfil()
    schedule(stage, "once", at(stage, 100), MinCapacity=5)
    schedule(stage, "again", "rate(1 hour)", MinCapacity=1, MaxCapacity=4)

    stage.run(101)
    assert stage.sagemaker.asked == [2, 5]
    stage.fulfil()
    assert names(stage) == ["again"]
    assert [each["Cause"] for each in stage.activities()[:2]] == [
        "minimum capacity was set to 5",
        "scheduled action name once was triggered",
    ]
    for _ in range(2):
        stage.run(3600)
        stage.fulfil()
    assert stage.sagemaker.asked == [2, 5, 4]
    causes = [each["Cause"] for each in stage.activities()]
    assert causes.count("scheduled action name again was triggered") == 2


def test_a_suspended_schedule_skips_and_bounds_that_exclude_each_other_fail(stage: Stage) -> None:
    stage.register(1, 3, SuspendedState={"ScheduledScalingSuspended": True})
    schedule(stage, "up", "rate(1 hour)", MinCapacity=5)
    stage.run(3601)
    assert stage.activities() == []

    state = {"ScheduledScalingSuspended": False}
    stage.call("RegisterScalableTarget", **TARGET, SuspendedState=state)
    stage.run(3600)

    (activity,) = stage.activities()
    assert activity["StatusCode"] == "Failed"
    assert stage.sagemaker.asked == []


def test_an_activity_is_forgotten_after_six_weeks(stage: Stage) -> None:
    stage.register(2, 3)
    stage.run()
    stage.fulfil()
    stage.run(42 * 86_400 - 10)
    assert len(stage.activities()) == 1
    stage.run(20)
    assert stage.activities() == []


def test_a_killed_plane_follows_on_and_fires_what_came_due_meanwhile(tmp_path: Path) -> None:
    with Stage(tmp_path) as first:
        first.register(1, 9)
        high, _ = first.track()
        first.ring(high, 25.0)
        schedule(first, "late", at(first, 100), MaxCapacity=2)
    first.clock.advance(200)
    with Stage(tmp_path, first) as second:
        second.fulfil()
        second.run(1)
        assert second.sagemaker.asked == [3, 2]
        second.fulfil()
        assert second.statuses() == ["Successful", "Successful", "Successful"]


def test_a_change_that_was_not_asked_for_yet_is_asked_for_after_a_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Stage(tmp_path) as first:
        first.register(1, 9)
        high, _ = first.track()
        # As if the plane died between the write and the call.
        monkeypatch.setattr(first.service._actor.moves, "_request", lambda target: None)
        first.ring(high, 25.0)
        assert first.statuses() == ["Pending"]
        assert first.sagemaker.asked == []
    with Stage(tmp_path, first) as second:
        second.run()
        assert second.sagemaker.asked == [3]
        second.fulfil()
        assert second.statuses() == ["Successful"]


def test_an_endpoint_whose_deletion_the_plane_did_not_survive_is_deregistered(
    tmp_path: Path,
) -> None:
    with Stage(tmp_path) as first:
        first.register(1, 9)
        first.track()
        first.sagemaker.status = "gone"
    with Stage(tmp_path, first) as second:
        assert second.cloudwatch.alarms == {}
        assert not second.service.is_registered(TARGET["ResourceId"], TARGET["ScalableDimension"])


def test_deregistering_ends_what_is_under_way(stage: Stage) -> None:
    stage.register(1, 3)
    high, _ = stage.track()
    stage.ring(high, 25.0)

    stage.call("DeregisterScalableTarget", **TARGET)
    stage.fulfil()

    assert stage.statuses() == ["Unfulfilled"]
    assert stage.cloudwatch.alarms == {}


def test_an_alarm_of_a_policy_that_is_gone_is_told_so(stage: Stage) -> None:
    stage.register(1, 3)
    high, _ = stage.track()
    (action,) = stage.cloudwatch.alarms[high]["AlarmActions"]
    stage.call("DeleteScalingPolicy", **TARGET, PolicyName="ten")

    for arn in (action, "arn:aws:sns:us-east-1:123456789012:topic"):
        reading = AlarmReading(AlarmState.ALARM, 1.0, 1.0)
        with pytest.raises(AwsError) as caught:
            stage.service.alarm_invoked(AlarmCall(high, "arn", arn, reading, 0.0))
        assert caught.value.code == "ObjectNotFoundException"


def test_an_endpoint_that_fails_before_it_has_instances_is_left_alone(stage: Stage) -> None:
    stage.sagemaker.status = "Creating"
    stage.sagemaker.has_variants = False
    stage.register(2, 3)
    stage.run(5)
    assert stage.sagemaker.asked == []
    stage.sagemaker.status = "Failed"
    stage.run(5)
    assert stage.activities() == []
    assert stage.service._actor.agenda.is_empty


def test_a_change_of_a_policy_keeps_its_cooldown(stage: Stage) -> None:
    stage.register(1, 9)
    high, _ = stage.track()
    stage.ring(high, 20.0)
    stage.fulfil()

    assert stage.track(ScaleOutCooldown=100)[0] == high
    stage.ring(high, 20.0)
    assert stage.sagemaker.asked == [2]
    stage.run(100)
    stage.ring(high, 20.0)
    assert stage.sagemaker.asked == [2, 4]


def test_a_policy_whose_alarms_can_not_all_be_made_changes_nothing(stage: Stage) -> None:
    stage.register(1, 9)
    stage.cloudwatch.most = 1
    with pytest.raises(FailedResourceAccessException, match="too many alarms"):
        stage.track()
    assert stage.cloudwatch.alarms == {}

    stage.track(DisableScaleIn=True)
    before = stage.cloudwatch.alarms.copy()
    with pytest.raises(FailedResourceAccessException, match="too many alarms"):
        stage.track(TargetValue=20.0)
    assert stage.cloudwatch.alarms == before
    (policy,) = stage.call("DescribeScalingPolicies", ServiceNamespace="sagemaker")[
        "ScalingPolicies"
    ]
    assert policy["TargetTrackingScalingPolicyConfiguration"]["TargetValue"] == 10.0
