"""PutScalingPolicy, DescribeScalingPolicies, DeleteScalingPolicy, GetPredictiveScalingForecast."""

from __future__ import annotations

import contextlib
import sqlite3
import uuid
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import msgspec

from kennel.errors import AccessDeniedException, AwsError
from kennel.services.application_autoscaling.ballots import alarms_of
from kennel.services.application_autoscaling.base import AutoScalingBase, named
from kennel.services.application_autoscaling.errors import (
    FailedResourceAccessException,
    LimitExceededException,
    ObjectNotFoundException,
    ValidationException,
)
from kennel.services.application_autoscaling.listing import page_of, page_size, those_of
from kennel.services.application_autoscaling.policy_alarms import alarm_names
from kennel.services.application_autoscaling.policy_request import check_steps, check_tracking
from kennel.services.application_autoscaling.records import Policy, PolicyType, Target, target_key
from kennel.services.context import Context

__all__ = ["MOST_POLICIES", "PolicyOperations"]

MOST_POLICIES = 50
"""Source: "Quotas for Application Auto Scaling", scaling policies per scalable target."""

_PAGE = 10
_CONFIGURATIONS = {
    PolicyType.STEP: "StepScalingPolicyConfiguration",
    PolicyType.TRACKING: "TargetTrackingScalingPolicyConfiguration",
}
_METRICS = ("PredefinedMetricSpecification", "CustomizedMetricSpecification")


class PolicyOperations(AutoScalingBase):
    """Scaling policies and the alarms of those that track a target."""

    def put_scaling_policy(
        self,
        ctx: Context,
        *,
        PolicyName: str,
        ServiceNamespace: str,
        ResourceId: str,
        ScalableDimension: str,
        PolicyType: str | None = None,
        StepScalingPolicyConfiguration: Mapping[str, Any] | None = None,
        TargetTrackingScalingPolicyConfiguration: Mapping[str, Any] | None = None,
    ) -> dict[str, Any]:
        """A policy that is there keeps its ARN, its alarms' names and its cooldowns."""
        target = self._target(ServiceNamespace, ResourceId, ScalableDimension, "registered")
        given = {
            name: value
            for name, value in (
                ("StepScalingPolicyConfiguration", StepScalingPolicyConfiguration),
                (
                    "TargetTrackingScalingPolicyConfiguration",
                    TargetTrackingScalingPolicyConfiguration,
                ),
            )
            if value is not None
        }
        with self._actor.changing:
            known = self._book.policies.get(f"{target.key}|{PolicyName}")
            policy = self._wanted(target, PolicyName, PolicyType, given, known)
            self._store(policy, target)
            try:
                self._bring_alarms(target, policy, known)
            except AwsError as error:
                self._undo(target, policy, known)
                raise FailedResourceAccessException(error.message) from None
        return {"PolicyARN": policy.arn, "Alarms": self._shown_alarms(policy.alarms)}

    def _wanted(
        self,
        target: Target,
        name: str,
        kind: str | None,
        given: Mapping[str, Mapping[str, Any]],
        known: Policy | None,
    ) -> Policy:
        """The policy as it will be. Raises ValidationException."""
        chosen = _kind(kind, known)
        wrong = [other for other in given if other != _CONFIGURATIONS[chosen]]
        if wrong:
            raise ValidationException(f"{wrong[0]} can't be specified for the type {chosen}.")
        configuration = given.get(_CONFIGURATIONS[chosen], known.configuration if known else None)
        if configuration is None:
            raise ValidationException(f"{_CONFIGURATIONS[chosen]} must be specified.")
        scalable = self._scalable(target.namespace, target.resource_id, target.dimension)
        alarms: list[str] = []
        if chosen is PolicyType.TRACKING:
            check_tracking(configuration, scalable)
            self._check_metric(target, name, configuration)
            alarms = alarm_names(
                target.resource_id,
                known.alarms if known else [],
                scales_in=not configuration.get("DisableScaleIn", False),
            )
        else:
            check_steps(configuration, scalable)
        resource = f"resource/{target.namespace}/{target.resource_id}:policyName/{name}"
        arn = self._arn("autoscaling", f"scalingPolicy:{uuid.uuid4()}:{resource}")
        return Policy(
            name=name,
            namespace=target.namespace,
            resource_id=target.resource_id,
            dimension=target.dimension,
            kind=chosen,
            arn=known.arn if known else arn,
            created=known.created if known else self.parts.clock.policy(),
            configuration=dict(configuration),
            alarms=alarms,
        )

    def _check_metric(self, target: Target, name: str, configuration: Mapping[str, Any]) -> None:
        """Two policies that track the same metric would fight."""
        wanted = [configuration.get(part) for part in _METRICS]
        for other in self._book.policies_of(target.key):
            if other.name != name and wanted == [other.configuration.get(p) for p in _METRICS]:
                raise ValidationException(
                    "Only one TargetTrackingScaling policy for a given metric specification is "
                    "allowed."
                )

    def _store(self, policy: Policy, target: Target) -> None:
        def work(connection: sqlite3.Connection) -> None:
            if self._book.targets.get_in(connection, target.key) is None:
                where = named(target.namespace, target.resource_id, target.dimension)
                raise ObjectNotFoundException(f"No scalable target registered for {where}")
            keys = {key for key, _ in self._book.policies.list_in(connection, f"{target.key}|")}
            if len(keys | {policy.key}) > MOST_POLICIES:
                raise LimitExceededException(
                    f"A scalable target can't have more than {MOST_POLICIES} scaling policies."
                )
            stored = self._book.policies.get_in(connection, policy.key)
            if stored is not None:  # a change may have been fulfilled since
                policy.history = stored.history
            self._book.policies.put_in(connection, policy.key, policy)

        self.parts.database.write(work)

    def _bring_alarms(self, target: Target, policy: Policy, known: Policy | None) -> None:
        self._actor.put_alarms(target, policy)
        former = [name for name in known.alarms if name not in policy.alarms] if known else []
        if former:
            self._actor.role.acting(target.role_arn).call(
                "cloudwatch", "DeleteAlarms", AlarmNames=former
            )

    def _undo(self, target: Target, policy: Policy, known: Policy | None) -> None:
        """Policy and alarms are again as they were."""
        ctx = self._actor.role.acting(target.role_arn)
        made = [name for name in policy.alarms if known is None or name not in known.alarms]
        with contextlib.suppress(AwsError):  # a role that may not make alarms need not be able to
            if made:
                ctx.call("cloudwatch", "DeleteAlarms", AlarmNames=made)
            if known is not None:
                self._actor.put_alarms(target, known)
        if known is None:
            self._book.policies.delete(policy.key)
        else:
            self._book.policies.update(
                known.key, lambda stored: msgspec.structs.replace(known, history=stored.history)
            )

    def describe_scaling_policies(
        self,
        ctx: Context,
        *,
        ServiceNamespace: str,
        PolicyNames: Sequence[str] | None = None,
        ResourceId: str | None = None,
        ScalableDimension: str | None = None,
        MaxResults: int | None = None,
        NextToken: str | None = None,
    ) -> dict[str, Any]:
        """By dimension, resource and name."""
        found = those_of(self._book.policies, ServiceNamespace, ResourceId, ScalableDimension)
        if PolicyNames:
            found = [pair for pair in found if pair[1].name in PolicyNames]
        size = page_size(MaxResults, _PAGE)
        try:
            page, more = page_of(
                found,
                "DescribeScalingPolicies",
                NextToken,
                size,
                lambda policy: _shown(policy, self._shown_alarms(alarms_of(ctx, policy))),
            )
        except AccessDeniedException as error:  # the caller may not see alarms
            raise FailedResourceAccessException(error.message) from None
        return {"ScalingPolicies": page, **more}

    def _shown_alarms(self, names: Sequence[str]) -> list[dict[str, str]]:
        return [
            {"AlarmName": name, "AlarmARN": self._arn("cloudwatch", f"alarm:{name}")}
            for name in names
        ]

    def delete_scaling_policy(
        self,
        ctx: Context,
        *,
        PolicyName: str,
        ServiceNamespace: str,
        ResourceId: str,
        ScalableDimension: str,
    ) -> None:
        """The alarms of a tracking policy go with it, a user's own stay."""
        self._scalable(ServiceNamespace, ResourceId, ScalableDimension)
        key = f"{target_key(ScalableDimension, ResourceId)}|{PolicyName}"
        with self._actor.changing:
            policy = self._book.policies.get(key)
            target = self._book.targets.get(target_key(ScalableDimension, ResourceId))
            if policy is None or target is None:
                where = named(ServiceNamespace, ResourceId, ScalableDimension)
                raise ObjectNotFoundException(
                    f"No scaling policy found for {where}, policy name: {PolicyName}"
                )
            self._delete_alarms(self._actor.role.acting(target.role_arn), [policy])
            self._book.policies.delete(key)

    def get_predictive_scaling_forecast(
        self,
        ctx: Context,
        *,
        ServiceNamespace: str,
        ResourceId: str,
        ScalableDimension: str,
        PolicyName: str,
        StartTime: datetime,
        EndTime: datetime,
    ) -> None:
        """There is no predictive policy, here as at AWS for what Kennel scales."""
        self._scalable(ServiceNamespace, ResourceId, ScalableDimension)
        where = named(ServiceNamespace, ResourceId, ScalableDimension)
        key = f"{target_key(ScalableDimension, ResourceId)}|{PolicyName}"
        if self._book.policies.get(key) is None:
            raise ValidationException(
                f"No scaling policy found for {where}, policy name: {PolicyName}"
            )
        raise ValidationException(
            f"The scaling policy {PolicyName} has no forecast: it is no predictive scaling policy."
        )


def _kind(given: str | None, known: Policy | None) -> PolicyType:
    if given == "PredictiveScaling":
        raise ValidationException("PredictiveScaling is only supported for ECS services.")
    if given is None and known is None:
        raise ValidationException("PolicyType must be specified for a new scaling policy.")
    if known is None:
        return PolicyType(given or "")
    if given not in (None, known.kind):
        raise ValidationException(
            f"The type of the scaling policy {known.name} is {known.kind} and can't be changed."
        )
    return known.kind


def _shown(policy: Policy, alarms: list[dict[str, str]]) -> dict[str, Any]:
    return {
        "PolicyARN": policy.arn,
        "PolicyName": policy.name,
        "ServiceNamespace": policy.namespace,
        "ResourceId": policy.resource_id,
        "ScalableDimension": policy.dimension,
        "PolicyType": policy.kind.value,
        _CONFIGURATIONS[policy.kind]: policy.configuration,
        "Alarms": alarms,
        "CreationTime": policy.created,
    }
