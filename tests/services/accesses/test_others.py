"""What the operations of SageMaker, of logs, of metrics and of scaling need."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from kennel.gateway.plane import Plane
from kennel.services import Access, Context
from tests.services.accesses.conftest import ACCOUNT, Needs

SAGEMAKER = f"arn:aws:sagemaker:us-east-1:{ACCOUNT}"
GROUP = f"arn:aws:logs:us-east-1:{ACCOUNT}:log-group:/aws/g"
ALARMS = f"arn:aws:cloudwatch:us-east-1:{ACCOUNT}:alarm"
TAGS = [{"Key": "team", "Value": "dogs"}]


def test_an_endpoint_needs_leave_for_its_configuration_and_its_tags(needs: Needs):
    given = {"EndpointName": "e", "EndpointConfigName": "c", "Tags": TAGS}
    assert needs("sagemaker", "CreateEndpoint", **given) == [
        ("sagemaker:CreateEndpoint", f"{SAGEMAKER}:endpoint/e"),
        ("sagemaker:CreateEndpoint", f"{SAGEMAKER}:endpoint-config/c"),
        ("sagemaker:AddTags", f"{SAGEMAKER}:endpoint/e"),
    ]
    assert needs("sagemaker-runtime", "InvokeEndpoint", EndpointName="e") == [
        ("sagemaker:InvokeEndpoint", f"{SAGEMAKER}:endpoint/e")
    ]


def test_tags_that_come_with_a_resource_say_with_which(accesses: Callable[..., list[Access]]):
    given = {"ModelName": "m", "Tags": TAGS}
    assert accesses("sagemaker", "CreateModel", **given)[-1].context == {
        "sagemaker:taggingaction": ("CreateModel",),
        "aws:requesttag/team": ("dogs",),
        "aws:tagkeys": ("team",),
    }


def test_instance_types_are_condition_keys(accesses: Callable[..., list[Access]]):
    variants = [
        {"ModelName": "a", "InstanceType": "ml.m5.large"},
        {"ModelName": "b", "InstanceType": "ml.c5.large"},
    ]
    given = {"EndpointConfigName": "c", "ProductionVariants": variants}
    assert accesses("sagemaker", "CreateEndpointConfig", **given)[0].context == {
        "sagemaker:instancetypes": ("ml.m5.large", "ml.c5.large"),
        "sagemaker:modelarn": (f"{SAGEMAKER}:model/a", f"{SAGEMAKER}:model/b"),
    }
    job = {"TrainingJobDefinition": {"ResourceConfig": {"InstanceType": "ml.m5.large"}}}
    tuning = accesses(
        "sagemaker", "CreateHyperParameterTuningJob", HyperParameterTuningJobName="t", **job
    )
    assert tuning[0].context == {"sagemaker:instancetypes": ("ml.m5.large",)}


def test_a_log_groups_arn_has_what_stands_behind_it_in_policies(needs: Needs):
    given = {"logGroupName": "/aws/g", "logStreamName": "s"}
    assert needs("logs", "PutLogEvents", **given) == [
        ("logs:PutLogEvents", f"{GROUP}:log-stream:s")
    ]
    assert needs("logs", "CreateLogGroup", logGroupName="/aws/g") == [
        ("logs:CreateLogGroup", f"{GROUP}:log-stream:")
    ]
    assert needs("logs", "DescribeLogGroups") == [
        ("logs:DescribeLogGroups", f"arn:aws:logs:us-east-1:{ACCOUNT}:log-group::log-stream:")
    ]


def test_a_log_group_may_be_named_by_its_arn(needs: Needs):
    for arn in (GROUP, f"{GROUP}:*"):
        assert needs("logs", "FilterLogEvents", logGroupIdentifier=arn) == [
            ("logs:FilterLogEvents", f"{GROUP}:log-stream:")
        ]
        assert needs("logs", "ListTagsForResource", resourceArn=arn) == [
            ("logs:ListTagsForResource", GROUP)
        ]


def test_alarms_are_the_named_ones_or_all(needs: Needs):
    assert needs("cloudwatch", "DeleteAlarms", AlarmNames=["a", "b"]) == [
        ("cloudwatch:DeleteAlarms", f"{ALARMS}:a"),
        ("cloudwatch:DeleteAlarms", f"{ALARMS}:b"),
    ]
    assert needs("cloudwatch", "DescribeAlarms") == [("cloudwatch:DescribeAlarms", f"{ALARMS}:*")]


def test_whatever_an_alarm_does_is_a_condition_key(accesses: Callable[..., list[Access]]):
    given = {"AlarmName": "a", "AlarmActions": ["arn:x"], "OKActions": ["arn:y"]}
    (put,) = accesses("cloudwatch", "PutMetricAlarm", **given)
    assert put.context == {"cloudwatch:alarmactions": ("arn:x", "arn:y")}


def test_a_namespace_is_a_condition_key(accesses: Callable[..., list[Access]]):
    (put,) = accesses("cloudwatch", "PutMetricData", Namespace="N")
    assert put == Access("cloudwatch:PutMetricData", "*", {"cloudwatch:namespace": ("N",)})


def test_a_target_that_is_not_registered_is_any_target(accesses: Callable[..., list[Access]]):
    (delete,) = accesses(
        "application-autoscaling",
        "DeregisterScalableTarget",
        ServiceNamespace="lambda",
        ResourceId="function:f:1",
        ScalableDimension="lambda:function:ProvisionedConcurrency",
    )
    assert delete.resource.endswith(f":{ACCOUNT}:scalable-target/*")
    assert delete.context["application-autoscaling:service-namespace"] == ("lambda",)


def test_tags_of_resources_are_known(local_plane: Plane, root: Context):
    services = local_plane.dispatcher.services
    root.call("logs", "CreateLogGroup", logGroupName="/aws/g", tags={"team": "dogs"})
    assert services["logs"].resource_tags(f"{GROUP}:log-stream:s") == {"team": "dogs"}
    assert services["logs"].resource_tags(f"{GROUP}x") == {}
    config: dict[str, Any] = {"NotebookInstanceLifecycleConfigName": "l", "Tags": TAGS}
    root.call("sagemaker", "CreateNotebookInstanceLifecycleConfig", **config)
    arn = f"{SAGEMAKER}:notebook-instance-lifecycle-config/l"
    assert services["sagemaker"].resource_tags(arn) == {"team": "dogs"}
    root.call(
        "cloudwatch",
        "PutMetricAlarm",
        AlarmName="a",
        Namespace="N",
        MetricName="m",
        Statistic="Sum",
        Period=60,
        EvaluationPeriods=1,
        Threshold=1.0,
        ComparisonOperator="GreaterThanThreshold",
        Tags=TAGS,
    )
    assert services["cloudwatch"].resource_tags(f"{ALARMS}:a") == {"team": "dogs"}
