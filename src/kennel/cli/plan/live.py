"""What a plane, or AWS, has now: capacities, policies, traffic and latencies, through boto3."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from kennel.cli.errors import CommandError, UsageError
from kennel.cli.load.service import PlaneService, Service
from kennel.cli.load.target import Kind, Target, refuse_missing
from kennel.planner.aws_scaling import ReadScaling, read_scaling
from kennel.planner.traffic import Traffic, from_counts

__all__ = [
    "LiveEndpoint",
    "LiveFunction",
    "LivePlane",
    "latency_of",
    "plane_of",
    "read_endpoint",
    "read_function",
    "traffic_of",
]

_POINTS = (
    1440  # whole periods of a span, that GetMetricStatistics answers at most: a day of minutes
)
_MINUTE = 60
_DAY = 86400


@dataclass(frozen=True, slots=True)
class LiveEndpoint:
    """One variant of an endpoint. `scaling` None: it is no scalable target."""

    name: str
    variant: str
    instance_type: str
    instances: int
    scaling: ReadScaling | None

    @property
    def resource(self) -> str:
        """Application Auto Scaling's id."""
        return f"endpoint/{self.name}/variant/{self.variant}"


@dataclass(frozen=True, slots=True)
class LiveFunction:
    """A function's alias or version. `reserved` None: nothing is reserved."""

    name: str
    qualifier: str
    memory_mb: int
    architecture: str
    reserved: int | None
    provisioned: int
    scaling: ReadScaling | None

    @property
    def resource(self) -> str:
        """Application Auto Scaling's id."""
        return f"function:{self.name}:{self.qualifier}"


@dataclass(frozen=True, slots=True)
class LivePlane:
    """How a plane differs from AWS in time: seconds of policy time in one of wall time, and those
    of policy time until a new instance serves."""

    time_scale: float
    launch_delay: float


def plane_of(service: Service) -> LivePlane | None:
    """None if it is no plane that is asked. Raises CommandError."""
    if not isinstance(service, PlaneService):
        return None
    status = service.plane.status()
    return LivePlane(float(status["clock"]["scale"]), float(status["launch_delay_seconds"]))


def read_endpoint(service: Service, name: str, variant: str = "") -> LiveEndpoint:
    """Raises UsageError if there is no such endpoint, or it has several variants and none is
    named."""
    sagemaker = service.client("sagemaker")
    with refuse_missing(Target(Kind.ENDPOINT, name), service):
        described = sagemaker.describe_endpoint(EndpointName=name)
    variants = {one["VariantName"]: one for one in described.get("ProductionVariants", [])}
    if not variants:
        raise CommandError(
            f"The endpoint {name} is {described['EndpointStatus']}: no variant runs."
        )
    if not variant and len(variants) > 1:
        raise UsageError(
            f"The endpoint {name} has several variants. Name one: endpoint/{name}/variant/"
            f"{min(variants)}."
        )
    variant = variant or next(iter(variants))
    if variant not in variants:
        raise UsageError(
            f"The endpoint {name} has no variant {variant}; it has {', '.join(sorted(variants))}."
        )
    config = sagemaker.describe_endpoint_config(EndpointConfigName=described["EndpointConfigName"])
    configured = {one["VariantName"]: one for one in config["ProductionVariants"]}
    return LiveEndpoint(
        name,
        variant,
        configured.get(variant, {}).get("InstanceType", ""),
        variants[variant].get("CurrentInstanceCount", 1),
        _scaling(service, "sagemaker", f"endpoint/{name}/variant/{variant}"),
    )


def read_function(service: Service, name: str, qualifier: str = "") -> LiveFunction:
    """The function itself without a qualifier; its provisioned concurrency is of an alias or a
    version."""
    functions = service.client("lambda")
    which = {"FunctionName": name} | ({"Qualifier": qualifier} if qualifier else {})
    with refuse_missing(Target(Kind.FUNCTION, name, qualifier), service):
        described = functions.get_function_configuration(**which)
    reserved = functions.get_function_concurrency(FunctionName=name)
    return LiveFunction(
        name,
        qualifier,
        described.get("MemorySize", 128),
        next(iter(described.get("Architectures", [])), "x86_64"),
        reserved.get("ReservedConcurrentExecutions"),
        _provisioned(functions, name, qualifier),
        _scaling(service, "lambda", f"function:{name}:{qualifier}") if qualifier else None,
    )


def traffic_of(service: Service, target: Target, since: float) -> Traffic:
    """The invocations of so many seconds (of a plane's policy time) back, from CloudWatch, in wall
    time as their callers felt it. Raises CommandError if it has none."""
    period = _period(since)
    points = _statistics(service, target, "Invocations", since, period, {"Statistics": ["Sum"]})
    if not points:
        raise CommandError(
            f"CloudWatch has no Invocations of {target.kind} {target.label} so far "
            "back; --since says how far."
        )
    moments = [point["Timestamp"].timestamp() for point in points]
    counts = [float(point["Sum"]) for point in points]
    found = from_counts(f"{target.kind}:{target.label}", moments, counts, period=period)
    plane = plane_of(service)
    return found if plane is None else found.faster(plane.time_scale)


def latency_of(service: Service, target: Target, since: float) -> tuple[float, float, float] | None:
    """Mean, median and 99th percentile of the time inside the model or the handler, in seconds,
    from CloudWatch; None if nothing was called."""
    name, unit = ("ModelLatency", 1e-6) if target.kind is Kind.ENDPOINT else ("Duration", 1e-3)
    # Few and long datapoints, as percentiles of minutes don't make those of a day.
    period = min(max(1, -(-int(since) // _MINUTE)) * _MINUTE, _DAY)
    asked = {"ExtendedStatistics": ["p50", "p99"]}
    percentiles = _statistics(service, target, name, since, period, asked)
    asked = {"Statistics": ["Average", "SampleCount"]}
    counted = {
        point["Timestamp"]: point
        for point in _statistics(service, target, name, since, period, asked)
    }
    # Periods begin at whole ones: the first and the last may cover only seconds, and count by that.
    rows = [
        (point["ExtendedStatistics"], counted[point["Timestamp"]])
        for point in percentiles
        if point["Timestamp"] in counted
    ]
    total = sum(float(row["SampleCount"]) for _, row in rows)
    if not total:
        return None

    def weighted(values: Iterable[float]) -> float:
        parts = zip(values, rows, strict=True)
        return sum(value * float(row["SampleCount"]) for value, (_, row) in parts) / total * unit

    return (
        weighted(row["Average"] for _, row in rows),
        weighted(found["p50"] for found, _ in rows),
        weighted(found["p99"] for found, _ in rows),
    )


def _scaling(service: Service, namespace: str, resource: str) -> ReadScaling | None:
    client = service.client("application-autoscaling")
    targets = client.describe_scalable_targets(ServiceNamespace=namespace, ResourceIds=[resource])[
        "ScalableTargets"
    ]
    if not targets:
        return None
    of = {"ServiceNamespace": namespace, "ResourceId": resource}
    policies = _pages(client, "describe_scaling_policies", "ScalingPolicies", of)
    actions = _pages(client, "describe_scheduled_actions", "ScheduledActions", of)
    names = [alarm["AlarmName"] for policy in policies for alarm in policy.get("Alarms", [])]
    alarms: Sequence[Mapping[str, Any]] = []
    if names:
        alarms = service.client("cloudwatch").describe_alarms(AlarmNames=names)["MetricAlarms"]
    return read_scaling(targets[0], policies, actions, alarms)


def _pages(client: Any, operation: str, key: str, asked: Mapping[str, str]) -> list[dict[str, Any]]:
    pages = client.get_paginator(operation).paginate(**asked)
    return [item for page in pages for item in page[key]]


def _provisioned(functions: Any, name: str, qualifier: str) -> int:
    if not qualifier:
        return 0
    from botocore.exceptions import ClientError

    try:
        found = functions.get_provisioned_concurrency_config(FunctionName=name, Qualifier=qualifier)
    except ClientError as error:
        if error.response["Error"]["Code"] == "ProvisionedConcurrencyConfigNotFoundException":
            return 0
        raise
    return int(found["RequestedProvisionedConcurrentExecutions"])


def _period(since: float) -> int:
    """Whole minutes, so that one answer has all datapoints."""
    return max(1, -(-int(since) // (_POINTS * _MINUTE))) * _MINUTE


def _statistics(
    service: Service,
    target: Target,
    metric: str,
    since: float,
    period: int,
    asked: Mapping[str, Any],
) -> list[dict[str, Any]]:
    """Datapoints, oldest first."""
    if target.kind is Kind.ENDPOINT:
        namespace = "AWS/SageMaker"
        variant = target.qualifier or read_endpoint(service, target.name).variant
        dimensions = {"EndpointName": target.name, "VariantName": variant}
    else:
        namespace, dimensions = "AWS/Lambda", {"FunctionName": target.name}
        if target.qualifier:
            dimensions["Resource"] = target.label
    now = _now(service)
    answer = service.client("cloudwatch").get_metric_statistics(
        Namespace=namespace,
        MetricName=metric,
        Dimensions=[{"Name": name, "Value": value} for name, value in dimensions.items()],
        StartTime=now - timedelta(seconds=since),
        EndTime=now,
        Period=period,
        **asked,
    )
    return sorted(answer["Datapoints"], key=lambda point: point["Timestamp"])


def _now(service: Service) -> datetime:
    """The time that metrics go by: a plane's policy time may be far ahead of wall time."""
    if isinstance(service, PlaneService):
        return service.plane.policy_time()
    return datetime.now(UTC)
