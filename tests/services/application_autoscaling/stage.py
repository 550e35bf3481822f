"""Application Auto Scaling on a simulated clock, between a SageMaker and a CloudWatch that only
remember what they were told."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any

from kennel.clock import SimulatedClock
from kennel.errors import ValidationException
from kennel.identity import CredentialDirectory, Principal
from kennel.scaling import AlarmState
from kennel.services import Access, Context, Dispatcher, Parts, Service
from kennel.services.alarm_actions import AlarmCall, AlarmReading
from kennel.services.application_autoscaling import ApplicationAutoScaling
from kennel.services.cloudwatch.errors import LimitExceededFault
from kennel.services.iam import Iam
from kennel.store import Database

__all__ = ["ACCOUNT", "TARGET", "Stage"]

ACCOUNT = "123456789012"
TARGET = {
    "ServiceNamespace": "sagemaker",
    "ResourceId": "endpoint/e/variant/v",
    "ScalableDimension": "sagemaker:variant:DesiredInstanceCount",
}


class _Authorizer:
    def __init__(self) -> None:
        self.principals: dict[str, str] = {}

    def allows(self, context: Context, access: Access) -> bool:
        return True

    def authorize(
        self, context: Context, service: str, operation: str, parameters: Mapping[str, Any]
    ) -> None:
        self.principals[operation] = context.principal.arn


class FakeSageMaker(Service):
    """One endpoint of one variant, whose changes take until `settle`."""

    name = "sagemaker"

    def __init__(self, parts: Parts) -> None:
        super().__init__(parts)
        self.desired = 1
        self.status = "InService"
        self.asked: list[int] = []
        self.refusal = ""
        self.has_variants = True

    def settle(self) -> None:
        self.status = "InService"

    def describe_endpoint(self, ctx: Context, *, EndpointName: str) -> dict[str, Any]:
        if EndpointName != "e" or self.status == "gone":
            raise ValidationException("Could not find endpoint.")
        described: dict[str, Any] = {
            "EndpointArn": "arn:e",
            "EndpointConfigName": "c",
            "EndpointStatus": self.status,
        }
        if self.has_variants:
            variant = {"VariantName": "v", "DesiredInstanceCount": self.desired}
            described["ProductionVariants"] = [variant]
        return described

    def describe_endpoint_config(self, ctx: Context, *, EndpointConfigName: str) -> dict[str, Any]:
        return {"ProductionVariants": [{"VariantName": "v", "InstanceType": "ml.m5.large"}]}

    def update_endpoint_weights_and_capacities(
        self, ctx: Context, *, EndpointName: str, DesiredWeightsAndCapacities: Any
    ) -> None:
        if self.refusal:
            raise ValidationException(self.refusal)
        self.desired = DesiredWeightsAndCapacities[0]["DesiredInstanceCount"]
        self.asked.append(self.desired)
        self.status = "Updating"


class FakeCloudWatch(Service):
    """Alarms with the readings that a test gives them."""

    name = "cloudwatch"

    def __init__(self, parts: Parts) -> None:
        super().__init__(parts)
        self.alarms: dict[str, dict[str, Any]] = {}
        self.most = 100
        self.readings: dict[str, AlarmReading] = {}

    def alarm_reading(self, alarm_name: str) -> AlarmReading | None:
        unknown = AlarmReading(AlarmState.INSUFFICIENT_DATA, None, 0.0)
        return self.readings.get(alarm_name, unknown) if alarm_name in self.alarms else None

    def put_metric_alarm(
        self,
        ctx: Context,
        *,
        AlarmName: str,
        AlarmActions: Any,
        Threshold: float,
        AlarmDescription: Any = None,
        ActionsEnabled: Any = None,
        ComparisonOperator: Any = None,
        EvaluationPeriods: Any = None,
        Namespace: Any = None,
        MetricName: Any = None,
        Statistic: Any = None,
        Period: Any = None,
        Dimensions: Any = None,
    ) -> None:
        if len(self.alarms.keys() | {AlarmName}) > self.most:
            raise LimitExceededFault("There are too many alarms.")
        alarm = {"AlarmName": AlarmName, "AlarmActions": AlarmActions, "Threshold": Threshold}
        self.alarms[AlarmName] = alarm

    def describe_alarms(self, ctx: Context, *, ActionPrefix: str) -> dict[str, Any]:
        found = [alarm for alarm in self.alarms.values() if alarm["AlarmActions"] == [ActionPrefix]]
        return {"MetricAlarms": found}

    def delete_alarms(self, ctx: Context, *, AlarmNames: Any) -> None:
        for name in AlarmNames:
            self.alarms.pop(name, None)


class Stage:
    """Leaving the `with` kills it; another on the same folder goes on where it was. Nothing runs
    by itself: `run` does what is due."""

    def __init__(self, folder: Path, former: Stage | None = None) -> None:
        self.folder = folder
        self.clock: SimulatedClock = former.clock if former else SimulatedClock()
        self.database = Database(folder / "kennel.db", ApplicationAutoScaling.migrations)
        credentials = CredentialDirectory(self.database, self.clock, ACCOUNT, folder)
        self.authorizer = _Authorizer()
        self.dispatcher = Dispatcher(self.authorizer, "us-east-1", ACCOUNT)
        parts: dict[str, Any] = dict.fromkeys(field.name for field in fields(Parts))
        parts |= {
            "database": self.database,
            "clock": self.clock,
            "credentials": credentials,
            "dispatcher": self.dispatcher,
            "folder": folder,
            "region": "us-east-1",
            "account_id": ACCOUNT,
        }
        self.credentials = credentials
        self.sagemaker: FakeSageMaker = (
            former.sagemaker if former else FakeSageMaker(Parts(**parts))
        )
        self.cloudwatch: FakeCloudWatch = (
            former.cloudwatch if former else FakeCloudWatch(Parts(**parts))
        )
        self.service = ApplicationAutoScaling(Parts(**parts))
        for service in (Iam(Parts(**parts)), self.sagemaker, self.cloudwatch, self.service):
            self.dispatcher.add(service)

    def __enter__(self) -> Stage:
        self.database.start()
        self.credentials.start()
        agenda = self.service._actor.agenda
        agenda.start = lambda: None  # type: ignore[method-assign]
        self.service.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.database.stop()

    def call(self, operation: str, **parameters: Any) -> dict[str, Any]:
        context = self.dispatcher.context(Principal.root(ACCOUNT))
        return context.call("application-autoscaling", operation, **parameters)

    def register(self, minimum: int, maximum: int, **more: Any) -> None:
        self.call(
            "RegisterScalableTarget",
            **TARGET,
            MinCapacity=minimum,
            MaxCapacity=maximum,
            **more,
        )

    def track(self, name: str = "ten", metric: str = "", **more: Any) -> list[str]:
        """A policy with the target 10; returns the names of its alarms."""
        configuration: dict[str, Any] = {"TargetValue": 10.0, **more}
        if metric:
            configuration["CustomizedMetricSpecification"] = {
                "Namespace": "own",
                "MetricName": metric,
                "Statistic": "Sum",
            }
        else:
            configuration["PredefinedMetricSpecification"] = {
                "PredefinedMetricType": "SageMakerVariantInvocationsPerInstance"
            }
        reply = self.call(
            "PutScalingPolicy",
            **TARGET,
            PolicyName=name,
            PolicyType="TargetTrackingScaling",
            TargetTrackingScalingPolicyConfiguration=configuration,
        )
        return [alarm["AlarmName"] for alarm in reply["Alarms"]]

    def set(self, alarm: str, value: float | None, state: AlarmState = AlarmState.ALARM) -> None:
        """An alarm's reading, which nobody is told of."""
        self.cloudwatch.readings[alarm] = AlarmReading(state, value, 10.0)

    def ring(self, alarm: str, value: float | None) -> None:
        """The alarm is raised with that value and invokes its policy."""
        self.set(alarm, value)
        (action,) = self.cloudwatch.alarms[alarm]["AlarmActions"]
        reading = self.cloudwatch.readings[alarm]
        call = AlarmCall(alarm, f"arn:{uuid.uuid4()}", action, reading, self.clock.policy())
        self.service.alarm_invoked(call)
        self.run()

    def run(self, seconds: float = 0.0) -> None:
        """Time passes, and what is due is done."""
        self.clock.advance(seconds)
        self.service._actor.agenda.run_due()

    def fulfil(self) -> None:
        """The endpoint gets done, and that is noticed."""
        self.sagemaker.settle()
        self.run(1.0)

    def activities(self, **more: Any) -> list[dict[str, Any]]:
        """Newest first."""
        found: list[dict[str, Any]] = self.call("DescribeScalingActivities", **TARGET, **more)[
            "ScalingActivities"
        ]
        return found

    def statuses(self) -> list[str]:
        return [activity["StatusCode"] for activity in self.activities()]

    def reasons(self) -> list[dict[str, Any]]:
        """Why nothing was done, newest first."""
        found = self.activities(IncludeNotScaledActivities=True)
        return [reason for each in found for reason in each.get("NotScaledReasons", ())]
