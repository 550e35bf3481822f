"""Application Auto Scaling's lists, for aliases that are provisioned."""

from __future__ import annotations

from tests.integration.listings.lambda_ import make_function
from tests.integration.listings.registry import FIVE, Listing, listing
from tests.integration.stage import Stage
from tests.planes import wait_until

__all__: list[str] = []


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
    make_function(stage, function)
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
    names = [f"policy{number}" for number in FIVE]
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
    names = [f"action{number}" for number in FIVE]
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
