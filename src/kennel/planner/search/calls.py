"""The AWS calls that make a setting so: as data for boto3, and as commands of the AWS CLI."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from kennel.planner.plan import EndpointPlan, FunctionPlan, Plan
from kennel.planner.simulation import (
    Metric,
    Scaling,
    ScheduledAction,
    SteppingPolicy,
    TrackingPolicy,
)
from kennel.planner.simulation.function_setting import ACCOUNT_LIMIT

__all__ = ["Call", "as_command", "calls_of"]

_PREDEFINED = {
    Metric.INVOCATIONS_PER_INSTANCE: "SageMakerVariantInvocationsPerInstance",
    Metric.CONCURRENT_REQUESTS_PER_MODEL: (
        "SageMakerVariantConcurrentRequestsPerModelHighResolution"
    ),
    Metric.PROVISIONED_CONCURRENCY_UTILIZATION: "LambdaProvisionedConcurrencyUtilization",
}
_AUTO_SCALING = "application-autoscaling"
_CAPITAL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")


@dataclass(frozen=True, slots=True)
class Call:
    """One operation, by boto3's names: `boto3.client(service).operation(**arguments)`."""

    service: str
    operation: str
    arguments: Mapping[str, Any]


def calls_of(plan: Plan, resource: str, before: Scaling | None = None) -> list[Call]:
    """What sets the plan for `endpoint/E/variant/V` or `function:F:ALIAS`, and takes away what of
    the scaling `before` the plan does not have."""
    calls = list(_removing_calls(plan, resource, before)) if before is not None else []
    if isinstance(plan, EndpointPlan):
        return [*calls, *_endpoint_calls(plan, resource)]
    return [*calls, *_function_calls(plan, resource)]


def as_command(call: Call) -> str:
    """`aws SERVICE OPERATION --argument value …`, one argument a line."""
    words = [f"aws {call.service} {call.operation.replace('_', '-')}"]
    for name, value in call.arguments.items():
        option = _CAPITAL.sub("-", name).lower()
        text = value if isinstance(value, str) else json.dumps(value)
        words.append(f"--{option} {shlex.quote(text)}")
    return " \\\n    ".join(words)


def _removing_calls(plan: Plan, resource: str, before: Scaling) -> Iterator[Call]:
    target = _target(resource)
    scaling = plan.setting.scaling
    if scaling is None:
        yield Call(_AUTO_SCALING, "deregister_scalable_target", target)
        return
    kept = {_name(policy) for policy in scaling.policies}
    for policy in before.policies:
        if _name(policy) not in kept:
            arguments = {"PolicyName": _name(policy), **target}
            yield Call(_AUTO_SCALING, "delete_scaling_policy", arguments)


def _endpoint_calls(plan: EndpointPlan, resource: str) -> Iterator[Call]:
    _, name, _, variant = resource.split("/")
    scaling = plan.setting.scaling
    if scaling is not None:
        yield from _scaling_calls(resource, scaling)
        return
    yield Call(
        "sagemaker",
        "update_endpoint_weights_and_capacities",
        {
            "EndpointName": name,
            "DesiredWeightsAndCapacities": [
                {"VariantName": variant, "DesiredInstanceCount": plan.setting.instances}
            ],
        },
    )


def _function_calls(plan: FunctionPlan, resource: str) -> Iterator[Call]:
    _, name, qualifier = resource.split(":")
    setting = plan.setting
    if setting.limit != ACCOUNT_LIMIT:
        yield Call(
            "lambda",
            "put_function_concurrency",
            {"FunctionName": name, "ReservedConcurrentExecutions": setting.limit},
        )
    if setting.provisioned:
        yield Call(
            "lambda",
            "put_provisioned_concurrency_config",
            {
                "FunctionName": name,
                "Qualifier": qualifier,
                "ProvisionedConcurrentExecutions": setting.provisioned,
            },
        )
    if setting.scaling is not None:
        yield from _scaling_calls(resource, setting.scaling)


def _target(resource: str) -> dict[str, str]:
    """The arguments that name a scalable target."""
    is_endpoint = resource.startswith("endpoint/")
    return {
        "ServiceNamespace": "sagemaker" if is_endpoint else "lambda",
        "ResourceId": resource,
        "ScalableDimension": "sagemaker:variant:DesiredInstanceCount"
        if is_endpoint
        else "lambda:function:ProvisionedConcurrency",
    }


def _scaling_calls(resource: str, scaling: Scaling) -> Iterator[Call]:
    target = _target(resource)
    bounds = {"MinCapacity": scaling.bounds.minimum, "MaxCapacity": scaling.bounds.maximum}
    yield Call(_AUTO_SCALING, "register_scalable_target", target | bounds)
    for policy in scaling.policies:
        if isinstance(policy, TrackingPolicy):
            yield _tracking_call(target, policy)
    for action in scaling.schedules:
        yield _schedule_call(target, action)


def _tracking_call(target: Mapping[str, str], policy: TrackingPolicy) -> Call:
    tracking = policy.tracking
    configuration = {
        "TargetValue": tracking.target,
        "PredefinedMetricSpecification": {"PredefinedMetricType": _PREDEFINED[policy.metric]},
        "ScaleOutCooldown": int(tracking.out_cooldown),
        "ScaleInCooldown": int(tracking.in_cooldown),
    }
    if tracking.is_scale_in_disabled:
        configuration["DisableScaleIn"] = True
    return Call(
        _AUTO_SCALING,
        "put_scaling_policy",
        {
            "PolicyName": tracking.name,
            **target,
            "PolicyType": "TargetTrackingScaling",
            "TargetTrackingScalingPolicyConfiguration": configuration,
        },
    )


def _schedule_call(target: Mapping[str, str], action: ScheduledAction) -> Call:
    bounds = {"MinCapacity": action.minimum, "MaxCapacity": action.maximum}
    return Call(
        _AUTO_SCALING,
        "put_scheduled_action",
        {
            **target,
            "ScheduledActionName": action.name,
            "Schedule": action.schedule,
            "Timezone": action.timezone,
            "ScalableTargetAction": {key: n for key, n in bounds.items() if n is not None},
        },
    )


def _name(policy: TrackingPolicy | SteppingPolicy) -> str:
    return policy.tracking.name if isinstance(policy, TrackingPolicy) else policy.stepping.name
