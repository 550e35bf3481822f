"""Lists with items in them, one for each paginator of boto3's: what test_paginators.py walks.

An operation that has a paginator and is newly covered needs an entry here: a function under
`@listing(service, Operation)` that makes items on the stage and returns a Listing of them. At
least five items, so that pages of two make three; fewer only with `few`, for a quota of AWS's.
"""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from tests.integration.model_archives import TRUST
from tests.integration.stage import Stage, code_archive, training_request
from tests.planes import wait_until

__all__ = ["LISTINGS", "Listing"]

_ANYTHING = json.dumps(
    {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}
)
_FIVE = range(5)


@dataclass(frozen=True, slots=True)
class Listing:
    """A list as it should come out."""

    items: Mapping[str, Sequence[Any]]
    """What a JMESPath over a page tells of its items, and all of it in the list's order. The
    paginator's own first result comes first."""
    parameters: Mapping[str, Any] = field(default_factory=dict)
    """Of the operation."""
    page_size: int = 2
    few: bool = False
    """Whether AWS's own limits keep it below three pages."""
    bad_token: Mapping[str, Any] | None = field(default_factory=dict)
    """Parameters with a place that no page gave; empty for the paginator's own token with
    nonsense in it, None where every value of the type is a place."""


Recipe = Callable[[Stage], Listing]
LISTINGS: dict[tuple[str, str], Recipe] = {}


def listing(service: str, operation: str) -> Callable[[Recipe], Recipe]:
    def register(recipe: Recipe) -> Recipe:
        LISTINGS[service, operation] = recipe
        return recipe

    return register


# Application Auto Scaling


def _target(stage: Stage, function: str, alias: str, **bounds: int) -> dict[str, str]:
    """A target of an alias that is there; without bounds none is provisioned."""
    target = {
        "ServiceNamespace": "lambda",
        "ResourceId": f"function:{function}:{alias}",
        "ScalableDimension": "lambda:function:ProvisionedConcurrency",
    }
    stage.client("application-autoscaling").register_scalable_target(
        **target, **(bounds or {"MinCapacity": 0, "MaxCapacity": 1})
    )
    return target


def _aliases(stage: Stage, function: str, count: int) -> list[str]:
    _function(stage, function)
    stage.client("lambda").get_waiter("function_active_v2").wait(
        FunctionName=function, WaiterConfig={"Delay": 0.05, "MaxAttempts": 200}
    )
    version = stage.client("lambda").publish_version(FunctionName=function)["Version"]
    names = [f"alias{number}" for number in range(count)]
    for name in names:
        stage.client("lambda").create_alias(
            FunctionName=function, Name=name, FunctionVersion=version
        )
    return names


@listing("application-autoscaling", "DescribeScalableTargets")
def scalable_targets(stage: Stage) -> Listing:
    ids = [
        _target(stage, "scaled", alias)["ResourceId"]
        for alias in reversed(_aliases(stage, "scaled", 5))
    ]
    return Listing(
        {"ScalableTargets[].ResourceId": ids[::-1]},
        {"ServiceNamespace": "lambda", "ResourceIds": ids},
    )


@listing("application-autoscaling", "DescribeScalingPolicies")
def scaling_policies(stage: Stage) -> Listing:
    target = _target(stage, "tracked", *_aliases(stage, "tracked", 1))
    names = [f"policy{number}" for number in _FIVE]
    for name in reversed(names):
        metric = {"Namespace": "own", "MetricName": name, "Statistic": "Sum"}
        stage.client("application-autoscaling").put_scaling_policy(
            **target,
            PolicyName=name,
            PolicyType="TargetTrackingScaling",
            TargetTrackingScalingPolicyConfiguration={
                "TargetValue": 1.0,
                "CustomizedMetricSpecification": metric,
            },
        )
    return Listing({"ScalingPolicies[].PolicyName": names}, target)


@listing("application-autoscaling", "DescribeScheduledActions")
def scheduled_actions(stage: Stage) -> Listing:
    target = _target(stage, "scheduled", *_aliases(stage, "scheduled", 1))
    names = [f"action{number}" for number in _FIVE]
    for name in reversed(names):
        stage.client("application-autoscaling").put_scheduled_action(
            **target,
            ScheduledActionName=name,
            Schedule="cron(0 0 1 1 ? 2199)",
            ScalableTargetAction={"MinCapacity": 0},
        )
    return Listing({"ScheduledActions[].ScheduledActionName": names}, target)


@listing("application-autoscaling", "DescribeScalingActivities")
def scaling_activities(stage: Stage) -> Listing:
    """Provisioned concurrency that goes up and down with its bounds, newest first."""
    scaling = stage.client("application-autoscaling")
    (alias,) = _aliases(stage, "moved", 1)
    causes: list[str] = []
    for count in (1, 0, 1, 0, 1):
        target = _target(stage, "moved", alias, MinCapacity=count, MaxCapacity=count)
        causes.insert(0, f"{'minimum' if count else 'maximum'} capacity was set to {count}")

        def are_done(target: dict[str, str] = target) -> bool:
            found = scaling.describe_scaling_activities(**target)["ScalingActivities"]
            return [each["StatusCode"] for each in found] == ["Successful"] * len(causes)

        wait_until(are_done, what="a change of provisioned concurrency")
    return Listing({"ScalingActivities[].Cause": causes}, target)


# CloudWatch


@listing("cloudwatch", "ListMetrics")
def metrics(stage: Stage) -> Listing:
    """Pages have 500 metrics, whatever the caller would like."""
    names = [f"m{number:04}" for number in range(1001)]
    for start in (0, 1000):
        stage.client("cloudwatch").put_metric_data(
            Namespace="listed",
            MetricData=[{"MetricName": name, "Value": 1} for name in names[start : start + 1000]],
        )
    return Listing({"Metrics[].MetricName": names}, {"Namespace": "listed"}, page_size=500)


@listing("cloudwatch", "GetMetricData")
def metric_data(stage: Stage) -> Listing:
    start = time.time() // 60 * 60 - 600
    stage.client("cloudwatch").put_metric_data(
        Namespace="data",
        MetricData=[
            {"MetricName": "m", "Value": number, "Timestamp": start + 60 * number}
            for number in _FIVE
        ],
    )
    metric = {"Namespace": "data", "MetricName": "m"}
    statistic = {"Metric": metric, "Period": 60, "Stat": "Sum"}
    return Listing(
        {"MetricDataResults[].Values[]": [0, 1, 2, 3, 4]},
        {
            "MetricDataQueries": [{"Id": "q", "MetricStat": statistic}],
            "StartTime": start,
            "EndTime": start + 600,
            "ScanBy": "TimestampAscending",
        },
    )


def _alarm(stage: Stage, name: str, threshold: float = 1.0) -> None:
    stage.client("cloudwatch").put_metric_alarm(
        AlarmName=name,
        Namespace="watched",
        MetricName="m",
        Statistic="Sum",
        Period=60,
        EvaluationPeriods=1,
        Threshold=threshold,
        ComparisonOperator="GreaterThanThreshold",
    )


@listing("cloudwatch", "DescribeAlarms")
def alarms(stage: Stage) -> Listing:
    names = [f"listed-{number}" for number in _FIVE]
    for name in reversed(names):
        _alarm(stage, name)
    return Listing({"MetricAlarms[].AlarmName": names}, {"AlarmNamePrefix": "listed-"})


@listing("cloudwatch", "DescribeAlarmHistory")
def alarm_history(stage: Stage) -> Listing:
    for number in _FIVE:
        _alarm(stage, "changed", float(number))
    return Listing(
        {
            "AlarmHistoryItems[].HistorySummary": [
                'Alarm "changed" created',
                *['Alarm "changed" updated'] * 4,
            ]
        },
        {
            "AlarmName": "changed",
            "HistoryItemType": "ConfigurationUpdate",
            "ScanBy": "TimestampAscending",
        },
    )


# IAM


def _policies(stage: Stage, folder: str, count: int = 5) -> list[str]:
    iam = stage.client("iam")
    return [
        iam.create_policy(
            PolicyName=f"{folder}{number}", Path=f"/{folder}/", PolicyDocument=_ANYTHING
        )["Policy"]["Arn"]
        for number in range(count)
    ]


def _role(stage: Stage, name: str, path: str = "/") -> None:
    stage.client("iam").create_role(
        RoleName=name, Path=path, AssumeRolePolicyDocument=json.dumps(TRUST)
    )


def _tags() -> list[dict[str, str]]:
    return [{"Key": f"k{number}", "Value": "v"} for number in reversed(_FIVE)]


_TAG_KEYS = {"Tags[].Key": [f"k{number}" for number in _FIVE]}


@listing("iam", "GetGroup")
def group(stage: Stage) -> Listing:
    iam = stage.client("iam")
    iam.create_group(GroupName="group")
    names = [f"member{number}" for number in _FIVE]
    for name in reversed(names):
        iam.create_user(UserName=name)
        iam.add_user_to_group(GroupName="group", UserName=name)
    return Listing({"Users[].UserName": names}, {"GroupName": "group"})


@listing("iam", "ListAccessKeys")
def access_keys(stage: Stage) -> Listing:
    """A user has two at most."""
    iam = stage.client("iam")
    iam.create_user(UserName="keys")
    keys = [iam.create_access_key(UserName="keys")["AccessKey"]["AccessKeyId"] for _ in range(2)]
    return Listing(
        {"AccessKeyMetadata[].AccessKeyId": keys}, {"UserName": "keys"}, page_size=1, few=True
    )


@listing("iam", "ListAccountAliases")
def account_aliases(stage: Stage) -> Listing:
    """An account has one at most."""
    stage.client("iam").create_account_alias(AccountAlias="kennel-tests")
    return Listing({"AccountAliases": ["kennel-tests"]}, page_size=1, few=True)


@listing("iam", "ListAttachedGroupPolicies")
def attached_to_group(stage: Stage) -> Listing:
    stage.client("iam").create_group(GroupName="attached")
    return _attached(stage, "group", GroupName="attached")


@listing("iam", "ListAttachedRolePolicies")
def attached_to_role(stage: Stage) -> Listing:
    _role(stage, "attached")
    return _attached(stage, "role", RoleName="attached")


@listing("iam", "ListAttachedUserPolicies")
def attached_to_user(stage: Stage) -> Listing:
    stage.client("iam").create_user(UserName="attached")
    return _attached(stage, "user", UserName="attached")


def _attached(stage: Stage, noun: str, **holder: str) -> Listing:
    arns = _policies(stage, f"attached-{noun}")
    attach = getattr(stage.client("iam"), f"attach_{noun}_policy")
    for arn in reversed(arns):
        attach(PolicyArn=arn, **holder)
    return Listing({"AttachedPolicies[].PolicyArn": arns}, holder)


@listing("iam", "ListEntitiesForPolicy")
def entities(stage: Stage) -> Listing:
    iam = stage.client("iam")
    [arn] = _policies(stage, "entities", 1)
    for name in ("entity0", "entity1", "entity2"):
        iam.create_user(UserName=name)
        iam.create_group(GroupName=name)
        _role(stage, name)
        iam.attach_user_policy(UserName=name, PolicyArn=arn)
        iam.attach_group_policy(GroupName=name, PolicyArn=arn)
        iam.attach_role_policy(RoleName=name, PolicyArn=arn)
    names = ["entity0", "entity1", "entity2"]
    return Listing(
        {
            "PolicyGroups[].GroupName": names,
            "PolicyRoles[].RoleName": names,
            "PolicyUsers[].UserName": names,
        },
        {"PolicyArn": arn},
    )


@listing("iam", "ListGroupPolicies")
def inline_of_group(stage: Stage) -> Listing:
    stage.client("iam").create_group(GroupName="inline")
    return _inline(stage, "group", GroupName="inline")


@listing("iam", "ListRolePolicies")
def inline_of_role(stage: Stage) -> Listing:
    _role(stage, "inline")
    return _inline(stage, "role", RoleName="inline")


@listing("iam", "ListUserPolicies")
def inline_of_user(stage: Stage) -> Listing:
    stage.client("iam").create_user(UserName="inline")
    return _inline(stage, "user", UserName="inline")


def _inline(stage: Stage, noun: str, **holder: str) -> Listing:
    names = [f"p{number}" for number in _FIVE]
    put = getattr(stage.client("iam"), f"put_{noun}_policy")
    for name in reversed(names):
        put(PolicyName=name, PolicyDocument=_ANYTHING, **holder)
    return Listing({"PolicyNames": names}, holder)


@listing("iam", "ListGroups")
def groups(stage: Stage) -> Listing:
    names = [f"listed{number}" for number in _FIVE]
    for name in reversed(names):
        stage.client("iam").create_group(GroupName=name, Path="/listed/")
    return Listing({"Groups[].GroupName": names}, {"PathPrefix": "/listed/"})


@listing("iam", "ListGroupsForUser")
def groups_of_user(stage: Stage) -> Listing:
    iam = stage.client("iam")
    iam.create_user(UserName="joiner")
    names = [f"joined{number}" for number in _FIVE]
    for name in reversed(names):
        iam.create_group(GroupName=name)
        iam.add_user_to_group(GroupName=name, UserName="joiner")
    return Listing({"Groups[].GroupName": names}, {"UserName": "joiner"})


@listing("iam", "ListInstanceProfiles")
def instance_profiles(stage: Stage) -> Listing:
    names = [f"listed{number}" for number in _FIVE]
    for name in reversed(names):
        stage.client("iam").create_instance_profile(InstanceProfileName=name, Path="/listed/")
    return Listing({"InstanceProfiles[].InstanceProfileName": names}, {"PathPrefix": "/listed/"})


@listing("iam", "ListInstanceProfilesForRole")
def instance_profiles_of_role(stage: Stage) -> Listing:
    iam = stage.client("iam")
    _role(stage, "profiled")
    names = [f"profiled{number}" for number in _FIVE]
    for name in reversed(names):
        iam.create_instance_profile(InstanceProfileName=name)
        iam.add_role_to_instance_profile(InstanceProfileName=name, RoleName="profiled")
    return Listing({"InstanceProfiles[].InstanceProfileName": names}, {"RoleName": "profiled"})


@listing("iam", "ListInstanceProfileTags")
def instance_profile_tags(stage: Stage) -> Listing:
    stage.client("iam").create_instance_profile(InstanceProfileName="tagged", Tags=_tags())
    return Listing(_TAG_KEYS, {"InstanceProfileName": "tagged"})


@listing("iam", "ListPolicies")
def policies(stage: Stage) -> Listing:
    arns = _policies(stage, "listed")
    return Listing({"Policies[].Arn": arns}, {"Scope": "Local", "PathPrefix": "/listed/"})


@listing("iam", "ListPolicyTags")
def policy_tags(stage: Stage) -> Listing:
    made = stage.client("iam").create_policy(
        PolicyName="tagged", PolicyDocument=_ANYTHING, Tags=_tags()
    )
    return Listing(_TAG_KEYS, {"PolicyArn": made["Policy"]["Arn"]})


@listing("iam", "ListPolicyVersions")
def policy_versions(stage: Stage) -> Listing:
    """A policy has five at most, the newest first."""
    [arn] = _policies(stage, "versions", 1)
    for _ in range(4):
        stage.client("iam").create_policy_version(PolicyArn=arn, PolicyDocument=_ANYTHING)
    return Listing({"Versions[].VersionId": ["v5", "v4", "v3", "v2", "v1"]}, {"PolicyArn": arn})


@listing("iam", "ListRoles")
def roles(stage: Stage) -> Listing:
    names = [f"listed{number}" for number in _FIVE]
    for name in reversed(names):
        _role(stage, name, "/listed/")
    return Listing({"Roles[].RoleName": names}, {"PathPrefix": "/listed/"})


@listing("iam", "ListRoleTags")
def role_tags(stage: Stage) -> Listing:
    _role(stage, "tagged")
    stage.client("iam").tag_role(RoleName="tagged", Tags=_tags())
    return Listing(_TAG_KEYS, {"RoleName": "tagged"})


@listing("iam", "ListUsers")
def users(stage: Stage) -> Listing:
    names = [f"listed{number}" for number in _FIVE]
    for name in reversed(names):
        stage.client("iam").create_user(UserName=name, Path="/listed/")
    return Listing({"Users[].UserName": names}, {"PathPrefix": "/listed/"})


@listing("iam", "ListUserTags")
def user_tags(stage: Stage) -> Listing:
    stage.client("iam").create_user(UserName="tagged", Tags=_tags())
    return Listing(_TAG_KEYS, {"UserName": "tagged"})


# Lambda


def _function(stage: Stage, name: str) -> None:
    """Makes the function unless it is there."""
    client = stage.client("lambda")
    if name in [one["FunctionName"] for one in client.list_functions()["Functions"]]:
        return
    client.create_function(
        FunctionName=name,
        Role=stage.role,
        Runtime="python3.11",
        Handler="main.handler",
        Code={"ZipFile": code_archive()},
    )


@listing("lambda", "ListFunctions")
def functions(stage: Stage) -> Listing:
    """All of the account's, those of the other lists among them."""
    names = [
        "aliases",
        "events",
        "listed0",
        "listed1",
        "moved",
        "provisioned",
        "scaled",
        "scheduled",
        "tracked",
        "versions",
    ]
    for name in reversed(names):
        _function(stage, name)
    return Listing({"Functions[].FunctionName": names})


def _five_versions(stage: Stage, name: str) -> None:
    """A function with the versions 1 to 5."""
    _function(stage, name)
    client = stage.client("lambda")
    settled = client.get_waiter("function_updated_v2")
    for number in _FIVE:
        settled.wait(FunctionName=name, WaiterConfig={"Delay": 0.05, "MaxAttempts": 200})
        client.update_function_configuration(FunctionName=name, Timeout=number + 10)
        settled.wait(FunctionName=name, WaiterConfig={"Delay": 0.05, "MaxAttempts": 200})
        client.publish_version(FunctionName=name)


@listing("lambda", "ListVersionsByFunction")
def versions(stage: Stage) -> Listing:
    _five_versions(stage, "versions")
    return Listing(
        {"Versions[].Version": ["$LATEST", "1", "2", "3", "4", "5"]}, {"FunctionName": "versions"}
    )


@listing("lambda", "ListAliases")
def aliases(stage: Stage) -> Listing:
    _function(stage, "aliases")
    names = [f"alias{number}" for number in _FIVE]
    for name in reversed(names):
        stage.client("lambda").create_alias(
            FunctionName="aliases", Name=name, FunctionVersion="$LATEST"
        )
    return Listing({"Aliases[].Name": names}, {"FunctionName": "aliases"})


@listing("lambda", "ListFunctionEventInvokeConfigs")
def event_invoke_configs(stage: Stage) -> Listing:
    """One for each of five versions."""
    _five_versions(stage, "events")
    for number in _FIVE:
        stage.client("lambda").put_function_event_invoke_config(
            FunctionName="events", Qualifier=str(number + 1), MaximumEventAgeInSeconds=60 + number
        )
    return Listing(
        {"FunctionEventInvokeConfigs[].MaximumEventAgeInSeconds": [60, 61, 62, 63, 64]},
        {"FunctionName": "events"},
    )


@listing("lambda", "ListProvisionedConcurrencyConfigs")
def provisioned_concurrency_configs(stage: Stage) -> Listing:
    """One for each of five versions."""
    _five_versions(stage, "provisioned")
    for number in _FIVE:
        stage.client("lambda").put_provisioned_concurrency_config(
            FunctionName="provisioned",
            Qualifier=str(number + 1),
            ProvisionedConcurrentExecutions=1,
        )
    return Listing(
        {
            "ProvisionedConcurrencyConfigs[].FunctionArn": [
                f"arn:aws:lambda:us-east-1:000000000000:function:provisioned:{number + 1}"
                for number in _FIVE
            ]
        },
        {"FunctionName": "provisioned"},
    )


# CloudWatch Logs


@listing("logs", "DescribeLogGroups")
def log_groups(stage: Stage) -> Listing:
    names = [f"/listed/{number}" for number in _FIVE]
    for name in reversed(names):
        stage.client("logs").create_log_group(logGroupName=name)
    return Listing({"logGroups[].logGroupName": names}, {"logGroupNamePrefix": "/listed/"})


@listing("logs", "DescribeLogStreams")
def log_streams(stage: Stage) -> Listing:
    stage.client("logs").create_log_group(logGroupName="streams")
    names = [f"stream{number}" for number in _FIVE]
    for name in reversed(names):
        stage.client("logs").create_log_stream(logGroupName="streams", logStreamName=name)
    return Listing({"logStreams[].logStreamName": names}, {"logGroupName": "streams"})


@listing("logs", "FilterLogEvents")
def log_events(stage: Stage) -> Listing:
    logs = stage.client("logs")
    logs.create_log_group(logGroupName="events")
    now = int(time.time() * 1000)
    for stream, numbers in (("one", (0, 2, 4)), ("two", (1, 3))):
        logs.create_log_stream(logGroupName="events", logStreamName=stream)
        logs.put_log_events(
            logGroupName="events",
            logStreamName=stream,
            logEvents=[{"timestamp": now + n, "message": f"line {n}"} for n in numbers],
        )
    return Listing(
        {"events[].message": [f"line {number}" for number in _FIVE]}, {"logGroupName": "events"}
    )


# S3


def _bucket(stage: Stage, name: str) -> str:
    stage.client("s3").create_bucket(Bucket=name)
    return name


_KEYS = ["a b", "a/1", "a/2", "b+c", "ü"]


def _objects(stage: Stage, bucket: str) -> dict[str, Any]:
    for key in reversed(_KEYS):
        stage.client("s3").put_object(Bucket=_bucket(stage, bucket), Key=key, Body=b"x")
    return {"Bucket": bucket}


@listing("s3", "ListBuckets")
def buckets(stage: Stage) -> Listing:
    names = [f"listed-{number}" for number in _FIVE]
    for name in reversed(names):
        _bucket(stage, name)
    return Listing({"Buckets[].Name": names}, {"Prefix": "listed-"})


@listing("s3", "ListObjects")
def objects(stage: Stage) -> Listing:
    return Listing({"Contents[].Key": _KEYS}, _objects(stage, "objects"), bad_token=None)


@listing("s3", "ListObjectsV2")
def objects_v2(stage: Stage) -> Listing:
    return Listing({"Contents[].Key": _KEYS}, _objects(stage, "objects-v2"))


@listing("s3", "ListObjectVersions")
def object_versions(stage: Stage) -> Listing:
    s3 = stage.client("s3")
    bucket = _bucket(stage, "versions")
    s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    ids: list[str] = []
    for key in ("a", "b"):
        made = [s3.put_object(Bucket=bucket, Key=key, Body=b"x")["VersionId"] for _ in range(3)]
        ids += reversed(made)
    marker = s3.delete_object(Bucket=bucket, Key="a")["VersionId"]
    return Listing(
        {"Versions[].VersionId": ids, "DeleteMarkers[].VersionId": [marker]},
        {"Bucket": bucket},
        bad_token={"KeyMarker": "a", "VersionIdMarker": "no version of ours"},
    )


@listing("s3", "ListMultipartUploads")
def uploads(stage: Stage) -> Listing:
    s3 = stage.client("s3")
    bucket = _bucket(stage, "uploads")
    for key in ("b", "a"):
        for _ in range(3):
            s3.create_multipart_upload(Bucket=bucket, Key=key)
    every = s3.list_multipart_uploads(Bucket=bucket)["Uploads"]
    assert len(every) == 6
    found = sorted([upload["Key"], upload["UploadId"]] for upload in every)
    return Listing({"Uploads[].[Key, UploadId]": found}, {"Bucket": bucket}, bad_token=None)


@listing("s3", "ListParts")
def parts(stage: Stage) -> Listing:
    s3 = stage.client("s3")
    where = {"Bucket": _bucket(stage, "parts"), "Key": "large"}
    where["UploadId"] = s3.create_multipart_upload(**where)["UploadId"]
    for number in reversed(_FIVE):
        s3.upload_part(**where, PartNumber=number + 1, Body=b"x")
    return Listing({"Parts[].PartNumber": [1, 2, 3, 4, 5]}, where, bad_token=None)


# SageMaker


@listing("sagemaker", "ListModels")
def models(stage: Stage) -> Listing:
    names = _models(stage, "listed")
    return Listing({"Models[].ModelName": names[::-1]}, {"NameContains": "listed"})


def _models(stage: Stage, stem: str) -> list[str]:
    names = [f"{stem}{number}" for number in _FIVE]
    for name in names:
        stage.client("sagemaker").create_model(
            ModelName=name, ExecutionRoleArn=stage.role, PrimaryContainer={"Image": "none"}
        )
    return names


def _configs(stage: Stage, stem: str) -> list[str]:
    names = _models(stage, f"of-{stem}")
    for name in names:
        variant = {"VariantName": "v", "ModelName": name}
        stage.client("sagemaker").create_endpoint_config(
            EndpointConfigName=name,
            ProductionVariants=[
                {**variant, "InstanceType": "ml.m5.large", "InitialInstanceCount": 1}
            ],
        )
    return names


@listing("sagemaker", "ListEndpointConfigs")
def endpoint_configs(stage: Stage) -> Listing:
    names = _configs(stage, "configs")
    return Listing(
        {"EndpointConfigs[].EndpointConfigName": names[::-1]}, {"NameContains": "of-configs"}
    )


@listing("sagemaker", "ListEndpoints")
def endpoints(stage: Stage) -> Listing:
    """They come to nothing, since nobody knows their image; that's told by their status."""
    names = _configs(stage, "endpoints")
    for name in names:
        stage.client("sagemaker").create_endpoint(EndpointName=name, EndpointConfigName=name)
    return Listing(
        {"Endpoints[].EndpointName": names[::-1]},
        {"NameContains": "of-endpoints", "SortBy": "CreationTime"},
    )


@listing("sagemaker", "ListNotebookInstanceLifecycleConfigs")
def lifecycle_configs(stage: Stage) -> Listing:
    names = [f"scripts{number}" for number in _FIVE]
    for name in names:
        stage.client("sagemaker").create_notebook_instance_lifecycle_config(
            NotebookInstanceLifecycleConfigName=name
        )
    shown = "NotebookInstanceLifecycleConfigs[].NotebookInstanceLifecycleConfigName"
    return Listing({shown: names[::-1]}, {"NameContains": "scripts"})


@listing("sagemaker", "ListNotebookInstances")
def notebook_instances(stage: Stage) -> Listing:
    """Their script fails, so that none gets as far as JupyterLab."""
    stage.client("sagemaker").create_notebook_instance_lifecycle_config(
        NotebookInstanceLifecycleConfigName="fails",
        OnCreate=[{"Content": base64.b64encode(b"exit 1").decode()}],
    )
    names = [f"notebook{number}" for number in _FIVE]
    for name in reversed(names):
        stage.client("sagemaker").create_notebook_instance(
            NotebookInstanceName=name,
            RoleArn=stage.role,
            InstanceType="ml.t3.medium",
            LifecycleConfigName="fails",
        )
    return Listing(
        {"NotebookInstances[].NotebookInstanceName": names}, {"NameContains": "notebook"}
    )


@listing("sagemaker", "ListTags")
def tags(stage: Stage) -> Listing:
    """Pages have fifty at least, and a resource has fifty at most."""
    keys = [f"k{number:02}" for number in range(50)]
    made = stage.client("sagemaker").create_model(
        ModelName="tagged",
        ExecutionRoleArn=stage.role,
        PrimaryContainer={"Image": "none"},
        Tags=[{"Key": key, "Value": "v"} for key in keys],
    )
    return Listing({"Tags[].Key": keys}, {"ResourceArn": made["ModelArn"]}, page_size=50, few=True)


@listing("sagemaker", "ListTrainingJobs")
def training_jobs(stage: Stage) -> Listing:
    names = [f"listed{number}" for number in _FIVE]
    for name in names:
        stage.client("sagemaker").create_training_job(
            TrainingJobName=name, **training_request(stage)
        )
    return Listing({"TrainingJobSummaries[].TrainingJobName": names}, {"NameContains": "listed"})


def _tuning_job(stage: Stage, name: str, trials: int) -> None:
    definition = training_request(stage)
    definition["StaticHyperParameters"] = definition.pop("HyperParameters")
    definition["AlgorithmSpecification"]["MetricDefinitions"] = [
        {"Name": "loss", "Regex": "Loss: ([0-9.]+)"}
    ]
    values = [str(number) for number in range(trials)]
    stage.client("sagemaker").create_hyper_parameter_tuning_job(
        HyperParameterTuningJobName=name,
        HyperParameterTuningJobConfig={
            "Strategy": "Grid",
            "HyperParameterTuningJobObjective": {"Type": "Minimize", "MetricName": "loss"},
            "ResourceLimits": {"MaxParallelTrainingJobs": trials},
            "ParameterRanges": {"CategoricalParameterRanges": [{"Name": "x", "Values": values}]},
        },
        TrainingJobDefinition=definition,
    )


@listing("sagemaker", "ListHyperParameterTuningJobs")
def tuning_jobs(stage: Stage) -> Listing:
    names = [f"searches{number}" for number in range(3)]
    for name in reversed(names):
        _tuning_job(stage, name, 1)
    return Listing(
        {"HyperParameterTuningJobSummaries[].HyperParameterTuningJobName": names},
        {"NameContains": "searches"},
        page_size=1,
    )


@listing("sagemaker", "ListTrainingJobsForHyperParameterTuningJob")
def trials(stage: Stage) -> Listing:
    _tuning_job(stage, "trials", 3)

    def ended() -> bool:
        job = stage.client("sagemaker").describe_hyper_parameter_tuning_job(
            HyperParameterTuningJobName="trials"
        )
        assert job["HyperParameterTuningJobStatus"] in ("InProgress", "Completed"), job
        return bool(job["HyperParameterTuningJobStatus"] == "Completed")

    wait_until(ended, 120, "the tuning job has ended")
    return Listing(
        {"TrainingJobSummaries[].TunedHyperParameters.x": ["0", "1", "2"]},
        {"HyperParameterTuningJobName": "trials"},
        page_size=1,
    )
