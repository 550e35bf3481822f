"""Scalable targets as boto3 describes them."""

from __future__ import annotations

import pytest

from kennel.planner.aws_scaling import read_scaling
from kennel.planner.errors import BadPlan
from kennel.planner.simulation import Metric, Statistic, SteppingPolicy, TrackingPolicy
from kennel.scaling import Bounds, Suspended

TARGET = {
    "ServiceNamespace": "sagemaker",
    "ResourceId": "endpoint/dogs/variant/AllTraffic",
    "MinCapacity": 1,
    "MaxCapacity": 3,
    "SuspendedState": {
        "DynamicScalingInSuspended": True,
        "DynamicScalingOutSuspended": False,
        "ScheduledScalingSuspended": False,
    },
}
SEED = {
    "PolicyName": "Invocations",
    "ServiceNamespace": "sagemaker",
    "PolicyType": "TargetTrackingScaling",
    "TargetTrackingScalingPolicyConfiguration": {
        "TargetValue": 10.0,
        "PredefinedMetricSpecification": {
            "PredefinedMetricType": "SageMakerVariantInvocationsPerInstance"
        },
        "ScaleInCooldown": 30,
        "ScaleOutCooldown": 30,
    },
}


def custom(**metric):
    configuration = {"TargetValue": 1.0, "CustomizedMetricSpecification": metric}
    return SEED | {"TargetTrackingScalingPolicyConfiguration": configuration}


def test_the_seeds_target_is_read():
    read = read_scaling(TARGET, [SEED])
    (policy,) = read.scaling.policies
    assert isinstance(policy, TrackingPolicy)
    assert policy.metric is Metric.INVOCATIONS_PER_INSTANCE
    assert (policy.tracking.target, policy.tracking.out_cooldown) == (10, 30)
    assert read.scaling.bounds == Bounds(1, 3)
    assert read.scaling.suspended == Suspended(dynamic_in=True)
    assert not read.left_out


def test_a_policys_own_alarm_says_what_is_looked_at():
    policy = SEED | {"Alarms": [{"AlarmName": "high", "AlarmARN": "a"}]}
    alarm = {"AlarmName": "high", "Statistic": "Average", "Period": 10}
    (found,) = read_scaling(TARGET, [policy], (), [alarm]).scaling.policies
    assert isinstance(found, TrackingPolicy)
    assert (found.statistic, found.tracking.period) == (Statistic.AVERAGE, 10)


def test_a_customized_metric_that_is_simulated_is_read():
    policy = custom(MetricName="Invocations", Namespace="AWS/SageMaker", Statistic="Sum")
    (found,) = read_scaling(TARGET, [policy]).scaling.policies
    assert found.metric is Metric.INVOCATIONS


@pytest.mark.parametrize(
    ("policy", "sentence"),
    [
        (custom(MetricName="CPU", Namespace="Mine", Statistic="Sum"), "tracks Mine CPU"),
        (custom(Metrics=[]), "expression of metrics"),
        ({"PolicyName": "p", "PolicyType": "PredictiveScaling"}, "type PredictiveScaling"),
    ],
)
def test_what_is_not_simulated_is_left_out_with_a_word(policy, sentence):
    read = read_scaling(TARGET, [policy])
    assert not read.scaling.policies
    assert sentence in read.left_out[0]


def test_a_step_policy_is_read_with_its_alarm():
    policy = {
        "PolicyName": "steps",
        "PolicyType": "StepScaling",
        "Alarms": [{"AlarmName": "busy", "AlarmARN": "a"}],
        "StepScalingPolicyConfiguration": {
            "AdjustmentType": "ChangeInCapacity",
            "Cooldown": 60,
            "StepAdjustments": [{"MetricIntervalLowerBound": 0.0, "ScalingAdjustment": 1}],
        },
    }
    alarm = {
        "AlarmName": "busy",
        "Namespace": "AWS/SageMaker",
        "MetricName": "Invocations",
        "Statistic": "Sum",
        "Period": 60,
        "EvaluationPeriods": 3,
        "DatapointsToAlarm": 2,
        "Threshold": 100.0,
        "ComparisonOperator": "GreaterThanThreshold",
    }
    (found,) = read_scaling(TARGET, [policy], (), [alarm]).scaling.policies
    assert isinstance(found, SteppingPolicy)
    assert (found.alarm.periods, found.alarm.datapoints) == (3, 2)
    assert found.stepping.cooldown == 60
    assert "no alarm" in read_scaling(TARGET, [policy]).left_out[0]


def test_scheduled_actions_are_read():
    action = {
        "ScheduledActionName": "morning",
        "Schedule": "cron(0 8 * * ? *)",
        "Timezone": "Europe/Berlin",
        "ScalableTargetAction": {"MinCapacity": 2},
    }
    (found,) = read_scaling(TARGET, [], [action]).scaling.schedules
    assert (found.minimum, found.maximum, found.timezone) == (2, None, "Europe/Berlin")


def test_what_is_no_scalable_target_is_refused():
    with pytest.raises(BadPlan, match="can't be read"):
        read_scaling({}, [])
