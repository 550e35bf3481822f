"""Application Auto Scaling with boto3, on a plane where two minutes of policy time are a second."""

from __future__ import annotations

import time
from typing import Any

import pytest
from botocore.config import Config

from tests.conftest import PlaneFactory
from tests.integration.model_archives import Hosting
from tests.integration.refusals import refused
from tests.integration.scaled_variants import DIMENSION, activities, target, tracking
from tests.integration.test_endpoints import ECHO
from tests.planes import Plane, wait_until


@pytest.fixture(scope="module")
def fast(module_plane_factory: PlaneFactory) -> Plane:
    return module_plane_factory("--time-scale", "120")


@pytest.fixture(scope="module")
def hosting(fast: Plane) -> Hosting:
    return Hosting(fast)


@pytest.fixture(scope="module")
def scaling(fast: Plane) -> Any:
    return fast.client("application-autoscaling")


def count_of(hosting: Hosting, endpoint: str) -> int:
    described = hosting.sagemaker.describe_endpoint(EndpointName=endpoint)
    return int(described["ProductionVariants"][0]["CurrentInstanceCount"])


def done(scaling: Any, endpoint: str) -> int:
    """How many activities are over, none of them badly."""
    found = [each["StatusCode"] for each in activities(scaling, endpoint)]
    assert set(found) <= {"Pending", "InProgress", "Successful"}
    return found.count("Successful")


def alarms_of(plane: Plane, endpoint: str) -> list[str]:
    prefix = f"TargetTracking-endpoint/{endpoint}/"
    found = plane.client("cloudwatch").describe_alarms(AlarmNamePrefix=prefix)["MetricAlarms"]
    return [alarm["AlarmName"] for alarm in found]


def code_of(call: Any) -> str:
    return refused(call)[0]


def test_under_a_load_that_rises_and_falls_an_endpoint_goes_from_one_to_three_and_back(
    fast: Plane, hosting: Hosting, scaling: Any
) -> None:
    hosting.deploy("busy", ECHO, count=1)
    hosting.wait("busy")
    made = scaling.register_scalable_target(**target("busy"), MinCapacity=1, MaxCapacity=3)
    assert ":scalable-target/" in made["ScalableTargetARN"]
    put = scaling.put_scaling_policy(
        PolicyName="ten",
        **target("busy"),
        **tracking(10.0, ScaleOutCooldown=30, ScaleInCooldown=30),
    )
    names = [alarm["AlarmName"] for alarm in put["Alarms"]]
    for name, kind in zip(names, ("High", "Low"), strict=True):
        assert name.startswith(f"TargetTracking-endpoint/busy/variant/AllTraffic-Alarm{kind}-")
    (high, low) = fast.client("cloudwatch").describe_alarms(AlarmNames=names)["MetricAlarms"]
    assert (high["Threshold"], high["EvaluationPeriods"], high["Period"]) == (10.0, 3, 60)
    assert (low["Threshold"], low["EvaluationPeriods"], low["Period"]) == (9.0, 15, 60)
    assert high["AlarmActions"] == low["AlarmActions"] == [put["PolicyARN"]]

    def load() -> int:
        for _ in range(60):
            hosting.invoke("busy")
        time.sleep(0.3)
        return count_of(hosting, "busy")

    wait_until(lambda: load() == 3, what="three instances")
    wait_until(lambda: count_of(hosting, "busy") == 1, what="one instance again")
    wait_until(lambda: activities(scaling, "busy")[0]["StatusCode"] == "Successful")

    newest, oldest = activities(scaling, "busy")[0], activities(scaling, "busy")[-1]
    assert oldest["Description"] == "Setting desired instance count to 3."
    assert oldest["Cause"] == f"monitor alarm {names[0]} in state ALARM triggered policy ten"
    assert oldest["StatusMessage"] == (
        "Successfully set desired instance count to 3. Change successfully fulfilled by sagemaker."
    )
    assert newest["Description"] == "Setting desired instance count to 1."
    assert newest["Cause"] == f"monitor alarm {names[1]} in state ALARM triggered policy ten"

    def reasons() -> list[Any]:
        newest = activities(scaling, "busy", IncludeNotScaledActivities=True)[0]
        return list(newest.get("NotScaledReasons", []))

    wait_until(lambda: reasons() == [{"Code": "AlreadyAtMinCapacity", "MinCapacity": 1}])
    assert all("NotScaledReasons" not in each for each in activities(scaling, "busy"))


def test_registering_moves_a_capacity_that_is_outside_of_the_bounds(
    fast: Plane, hosting: Hosting, scaling: Any
) -> None:
    hosting.deploy("moved", ECHO, count=1)
    hosting.wait("moved")
    scaling.register_scalable_target(**target("moved"), MinCapacity=2, MaxCapacity=3)
    wait_until(lambda: done(scaling, "moved") == 1)
    scaling.register_scalable_target(**target("moved"), MinCapacity=1, MaxCapacity=1)
    wait_until(lambda: done(scaling, "moved") == 2)

    causes = [each["Cause"] for each in activities(scaling, "moved")]
    assert causes == ["maximum capacity was set to 1", "minimum capacity was set to 2"]
    assert count_of(hosting, "moved") == 1
    (described,) = scaling.describe_scalable_targets(
        ServiceNamespace="sagemaker", ResourceIds=[target("moved")["ResourceId"]]
    )["ScalableTargets"]
    assert (described["MinCapacity"], described["MaxCapacity"]) == (1, 1)
    role = "AWSServiceRoleForApplicationAutoScaling_SageMakerEndpoint"
    assert described["RoleARN"].endswith(f"/{role}")
    attached = fast.client("iam").list_attached_role_policies(RoleName=role)["AttachedPolicies"]
    assert [policy["PolicyName"] for policy in attached] == [
        "AWSApplicationAutoscalingSageMakerEndpointPolicy"
    ]


def test_a_scheduled_action_sets_bounds_and_capacity_in_policy_time(
    hosting: Hosting, scaling: Any
) -> None:
    scaling.put_scheduled_action(
        **target("moved"),
        ScheduledActionName="morning",
        Schedule="rate(2 minutes)",
        ScalableTargetAction={"MinCapacity": 2, "MaxCapacity": 2},
    )
    wait_until(lambda: "minimum" in activities(scaling, "moved")[0]["Cause"])
    wait_until(lambda: count_of(hosting, "moved") == 2)
    causes = [each["Cause"] for each in activities(scaling, "moved")]
    assert causes[0:2] == [
        "minimum capacity was set to 2",
        "scheduled action name morning was triggered",
    ]
    fired = activities(scaling, "moved")[1]
    assert fired["Description"] == "Setting min capacity to 2 and max capacity to 2"
    assert fired["StatusMessage"] == "Successfully set min capacity to 2 and max capacity to 2"
    scaling.delete_scheduled_action(**target("moved"), ScheduledActionName="morning")
    assert not scaling.describe_scheduled_actions(**target("moved"))["ScheduledActions"]


def test_a_step_policy_scales_by_a_users_own_alarm(
    fast: Plane, hosting: Hosting, scaling: Any
) -> None:
    hosting.deploy("stepped", ECHO, count=1)
    hosting.wait("stepped")
    scaling.register_scalable_target(**target("stepped"), MinCapacity=1, MaxCapacity=4)
    put = scaling.put_scaling_policy(
        PolicyName="steps",
        **target("stepped"),
        PolicyType="StepScaling",
        StepScalingPolicyConfiguration={
            "AdjustmentType": "ChangeInCapacity",
            "StepAdjustments": [
                {
                    "MetricIntervalLowerBound": 0,
                    "MetricIntervalUpperBound": 10,
                    "ScalingAdjustment": 1,
                },
                {"MetricIntervalLowerBound": 10, "ScalingAdjustment": 2},
            ],
        },
    )
    assert put["Alarms"] == []
    cloudwatch = fast.client("cloudwatch")
    cloudwatch.put_metric_alarm(
        AlarmName="users own",
        Namespace="own",
        MetricName="load",
        Statistic="Maximum",
        Period=60,
        EvaluationPeriods=1,
        Threshold=50,
        ComparisonOperator="GreaterThanThreshold",
        AlarmActions=[put["PolicyARN"]],
    )
    (described,) = scaling.describe_scaling_policies(**target("stepped"))["ScalingPolicies"]
    assert [alarm["AlarmName"] for alarm in described["Alarms"]] == ["users own"]

    def load() -> bool:
        cloudwatch.put_metric_data(
            Namespace="own", MetricData=[{"MetricName": "load", "Value": 65.0}]
        )
        return done(scaling, "stepped") == 1

    wait_until(load)
    assert count_of(hosting, "stepped") == 3
    assert activities(scaling, "stepped")[0]["Cause"] == (
        "monitor alarm users own in state ALARM triggered policy steps"
    )


def test_what_is_deregistered_or_deleted_leaves_no_alarms(
    fast: Plane, hosting: Hosting, scaling: Any
) -> None:
    for endpoint, forget in (
        ("stepped", lambda: scaling.deregister_scalable_target(**target("stepped"))),
        ("moved", lambda: hosting.sagemaker.delete_endpoint(EndpointName="moved")),
    ):
        scaling.put_scaling_policy(PolicyName="ten", **target(endpoint), **tracking(10.0))
        assert len(alarms_of(fast, endpoint)) == 2
        forget()
        assert alarms_of(fast, endpoint) == []
        assert not scaling.describe_scaling_policies(**target(endpoint))["ScalingPolicies"]
        assert code_of(lambda e=endpoint: scaling.deregister_scalable_target(**target(e))) == (
            "ObjectNotFoundException"
        )
        assert activities(scaling, endpoint)


def test_a_policy_keeps_its_arn_and_alarms_when_it_is_changed(fast: Plane, scaling: Any) -> None:
    first = scaling.put_scaling_policy(PolicyName="ten", **target("busy"), **tracking(10.0))
    second = scaling.put_scaling_policy(PolicyName="ten", **target("busy"), **tracking(20.0))
    assert first["PolicyARN"] == second["PolicyARN"]
    assert first["Alarms"] == second["Alarms"]
    alarms = fast.client("cloudwatch").describe_alarms(AlarmNames=alarms_of(fast, "busy"))
    assert [alarm["Threshold"] for alarm in alarms["MetricAlarms"]] == [20.0, 18.0]

    scaling.put_scaling_policy(
        PolicyName="ten", **target("busy"), **tracking(20.0, DisableScaleIn=True)
    )
    (only,) = alarms_of(fast, "busy")
    assert "-AlarmHigh-" in only
    scaling.delete_scaling_policy(PolicyName="ten", **target("busy"))
    assert alarms_of(fast, "busy") == []


def test_alarms_watch_what_the_policy_names(fast: Plane, scaling: Any) -> None:
    def watched(specification: str, value: dict[str, Any]) -> list[dict[str, Any]]:
        policy = tracking(4.0)
        configuration = policy["TargetTrackingScalingPolicyConfiguration"]
        del configuration["PredefinedMetricSpecification"]
        configuration[specification] = value
        scaling.put_scaling_policy(PolicyName="watching", **target("busy"), **policy)
        names = alarms_of(fast, "busy")
        found = fast.client("cloudwatch").describe_alarms(AlarmNames=names)["MetricAlarms"]
        scaling.delete_scaling_policy(PolicyName="watching", **target("busy"))
        return list(found)

    kind = "SageMakerVariantConcurrentRequestsPerModelHighResolution"
    high, low = watched("PredefinedMetricSpecification", {"PredefinedMetricType": kind})
    for alarm, periods in ((high, 3), (low, 90)):
        assert (alarm["MetricName"], alarm["Statistic"]) == (
            "ConcurrentRequestsPerModel",
            "Maximum",
        )
        assert (alarm["Period"], alarm["EvaluationPeriods"]) == (10, periods)

    backlog = {"Namespace": "own", "MetricName": "backlog"}
    metrics = [
        {"Id": "m1", "MetricStat": {"Metric": backlog, "Stat": "Sum"}, "ReturnData": False},
        {"Id": "e1", "Expression": "m1 / 2", "Label": "per worker"},
    ]
    high, low = watched("CustomizedMetricSpecification", {"Metrics": metrics})
    for alarm in (high, low):
        first, second = alarm["Metrics"]
        assert (first["MetricStat"]["Metric"], first["MetricStat"]["Period"]) == (backlog, 60)
        assert second["Expression"] == "m1 / 2"


def test_a_caller_of_another_region_gets_alarms_that_act(fast: Plane) -> None:
    elsewhere = fast.client("application-autoscaling", Config(region_name="eu-west-1"))
    put = elsewhere.put_scaling_policy(PolicyName="far", **target("busy"), **tracking(10.0))
    region = fast.connection.region
    arns = [put["PolicyARN"], *(alarm["AlarmARN"] for alarm in put["Alarms"])]
    assert {arn.split(":")[3] for arn in arns} == {region}
    assert len(alarms_of(fast, "busy")) == 2
    elsewhere.delete_scaling_policy(PolicyName="far", **target("busy"))


def test_tags_belong_to_a_target(scaling: Any) -> None:
    (described,) = scaling.describe_scalable_targets(
        ServiceNamespace="sagemaker", ResourceIds=[target("busy")["ResourceId"]]
    )["ScalableTargets"]
    arn = described["ScalableTargetARN"]
    scaling.tag_resource(ResourceARN=arn, Tags={"team": "vision", "stage": "test"})
    scaling.untag_resource(ResourceARN=arn, TagKeys=["stage", "nothing"])
    assert scaling.list_tags_for_resource(ResourceARN=arn)["Tags"] == {"team": "vision"}
    many = {f"k{number}": "" for number in range(50)}
    assert code_of(lambda: scaling.tag_resource(ResourceARN=arn, Tags=many)) == (
        "TooManyTagsException"
    )
    other = arn[:-4] + "0000"
    assert code_of(lambda: scaling.list_tags_for_resource(ResourceARN=other)) == (
        "ResourceNotFoundException"
    )


# What is refused, with AWS's sentences where they are known.


def register(scaling: Any, resource: str, dimension: str = DIMENSION, **more: Any) -> Any:
    bounds = {"MinCapacity": 1, "MaxCapacity": 2} | more
    return refused(
        lambda: scaling.register_scalable_target(
            ServiceNamespace=dimension.split(":")[0],
            ResourceId=resource,
            ScalableDimension=dimension,
            **bounds,
        )
    )


def test_what_can_not_be_registered_is_refused(hosting: Hosting, scaling: Any) -> None:
    busy = "endpoint/busy/variant/AllTraffic"
    concurrency = "lambda:function:ProvisionedConcurrency"
    hosting.config("burstable", ("Small", "busy", 1, 1.0), instance_type="ml.t2.medium")
    hosting.sagemaker.create_endpoint(EndpointName="burstable", EndpointConfigName="burstable")
    hosting.wait("burstable")
    unsupported = "Unsupported service namespace, resource type or scalable dimension"
    invalid = "ValidationException"

    assert register(scaling, "endpoint/burstable/variant/Small") == (
        invalid,
        "You cannot register a variant with ml.t2.medium instance type as a scalable target. This "
        "is because the burstable performance of these instances can lead to unpredictable "
        "behavior with Auto Scaling.",
    )
    assert register(scaling, busy, MinCapacity=3) == (
        invalid,
        "Maximum capacity cannot be less than minimum capacity",
    )
    assert register(scaling, busy, MinCapacity=-1) == (
        invalid,
        "Minimum capacity cannot be less than 0",
    )
    assert register(scaling, busy, MinCapacity=0)[0] == invalid
    assert register(scaling, busy, Tags={"a": "b"})[0] == invalid
    assert "Could not find endpoint" in register(scaling, "endpoint/no/variant/AllTraffic")[1]
    assert "variant" in register(scaling, "endpoint/busy/variant/Other")[1]
    assert register(scaling, "busy") == (invalid, unsupported)
    assert register(scaling, "function:nobody:$LATEST", concurrency) == (invalid, unsupported)
    assert register(scaling, "function:nobody", concurrency) == (invalid, unsupported)
    assert register(scaling, "function:nobody:live", concurrency)[0] == invalid
    code, message = register(scaling, "table/t", "dynamodb:table:ReadCapacityUnits")
    assert code == "NotImplemented"
    assert DIMENSION in message


def put(scaling: Any, **more: Any) -> tuple[str, str]:
    return refused(lambda: scaling.put_scaling_policy(PolicyName="bad", **(target("busy") | more)))


def test_policies_that_are_none_are_refused(scaling: Any) -> None:
    scaling.put_scaling_policy(PolicyName="ten", **target("busy"), **tracking(10.0))
    assert put(scaling, **target("nobody"), **tracking(1.0)) == (
        "ObjectNotFoundException",
        "No scalable target registered for service namespace: sagemaker, resource ID: "
        "endpoint/nobody/variant/AllTraffic, scalable dimension: " + DIMENSION,
    )
    assert put(scaling, **tracking(30.0)) == (
        "ValidationException",
        "Only one TargetTrackingScaling policy for a given metric specification is allowed.",
    )
    predefined = {"PredefinedMetricType": "LambdaProvisionedConcurrencyUtilization"}
    wrong = tracking(1.0, PredefinedMetricSpecification=predefined)
    assert put(scaling, **wrong)[1].startswith(
        f"Scalable dimension {DIMENSION} only supports the following predefined metric types: "
    )
    for bad in (
        {"PolicyType": "PredictiveScaling"},
        {},
        {"PolicyType": "TargetTrackingScaling"},
        {"PolicyType": "StepScaling", **{k: v for k, v in tracking(1.0).items() if k[0] == "T"}},
        tracking(0.0),
        tracking(1.0, ScaleInCooldown=-1),
        tracking(1.0, CustomizedMetricSpecification={"MetricName": "m"}),
    ):
        assert put(scaling, **bad)[0] == "ValidationException"
    assert (
        put(
            scaling,
            PolicyType="PredictiveScaling",
            PredictiveScalingPolicyConfiguration={"MetricSpecifications": []},
        )[0]
        == "NotImplemented"
    )
    day = {"StartTime": 0, "EndTime": 86_400}
    for name in ("ten", "nobody"):
        assert (
            code_of(
                lambda name=name: scaling.get_predictive_scaling_forecast(
                    PolicyName=name, **target("busy"), **day
                )
            )
            == "ValidationException"
        )
    scaling.delete_scaling_policy(PolicyName="ten", **target("busy"))
    assert (
        code_of(lambda: scaling.delete_scaling_policy(PolicyName="ten", **target("busy")))
        == "ObjectNotFoundException"
    )


@pytest.mark.parametrize(
    "bad",
    [
        {"Schedule": "cron(0 10 * * *)"},
        {"Schedule": "at(2001-01-01T00:00:00)"},
        {"Schedule": "rate(1 day)", "Timezone": "Mars/Olympus"},
        {"Schedule": "rate(1 day)", "ScalableTargetAction": {}},
        {"Schedule": "rate(1 day)", "ScalableTargetAction": {"MinCapacity": 3, "MaxCapacity": 2}},
        {"Schedule": "rate(1 day)", "StartTime": 4e9, "EndTime": 3e9},
        {},
    ],
)
def test_schedules_that_are_none_are_refused(scaling: Any, bad: dict[str, Any]) -> None:
    wanted = {"ScalableTargetAction": {"MinCapacity": 1}} | bad
    assert (
        code_of(
            lambda: scaling.put_scheduled_action(
                ScheduledActionName="bad", **target("busy"), **wanted
            )
        )
        == "ValidationException"
    )
    assert (
        code_of(
            lambda: scaling.delete_scheduled_action(ScheduledActionName="bad", **target("busy"))
        )
        == "ObjectNotFoundException"
    )
