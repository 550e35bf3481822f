"""The service: its operations, and what CloudWatch and the scaled services ask it in process."""

from __future__ import annotations

import re

from kennel.services.alarm_actions import AlarmCall
from kennel.services.application_autoscaling.activity_operations import ActivityOperations
from kennel.services.application_autoscaling.agenda import Kind
from kennel.services.application_autoscaling.authorization import AuthorizationAnswers
from kennel.services.application_autoscaling.dimensions import SCALABLES
from kennel.services.application_autoscaling.errors import ObjectNotFoundException
from kennel.services.application_autoscaling.policy_operations import PolicyOperations
from kennel.services.application_autoscaling.records import target_key
from kennel.services.application_autoscaling.schedule_operations import ScheduleOperations
from kennel.services.application_autoscaling.tag_operations import TagOperations
from kennel.services.application_autoscaling.target_operations import TargetOperations

__all__ = ["ApplicationAutoScaling"]

_POLICY = re.compile(
    r"arn:[^:]+:autoscaling:[^:]*:\d{12}:scalingPolicy:[^:]+:resource/([^/]+)/(.+):policyName/(.+)"
)


class ApplicationAutoScaling(
    TargetOperations,
    PolicyOperations,
    ScheduleOperations,
    ActivityOperations,
    TagOperations,
    AuthorizationAnswers,
):
    """Application Auto Scaling. It is CloudWatch's AlarmActor, and ScalableTargets for what it
    scales."""

    def start(self) -> None:
        """Endpoints whose deletion the plane did not survive are deregistered now."""
        for _, target in self._book.targets.list():
            if target.namespace == "sagemaker" and self._actor.moves.standing(target) is None:
                self._remove(target)
        self._actor.start()

    def stop(self) -> None:
        self._actor.stop()

    def alarm_invoked(self, call: AlarmCall) -> None:
        """An alarm calls a policy: the target's policies are asked soon. Raises
        ObjectNotFoundException if there is no such policy."""
        match = _POLICY.fullmatch(call.action_arn)
        if match is not None:
            namespace, resource_id, name = match.groups()
            for scalable in SCALABLES.values():
                target = target_key(scalable.dimension, resource_id)
                policy = self._book.policies.get(f"{target}|{name}")
                if scalable.namespace == namespace and policy and policy.arn == call.action_arn:
                    self._actor.agenda.put(Kind.DECIDE, target)
                    return
        raise ObjectNotFoundException(f"There is no scaling policy {call.action_arn}.")

    def is_registered(self, resource_id: str, dimension: str) -> bool:
        """Whether a scalable target is registered (`endpoint/E/variant/V`)."""
        return self._book.targets.get(target_key(dimension, resource_id)) is not None

    def resource_deleted(self, prefix: str) -> None:
        """Deregisters every target whose resource id starts with `prefix` (`endpoint/E/`)."""
        for _, target in self._book.targets.list():
            if target.resource_id.startswith(prefix):
                self._remove(target)
