"""What all operations of Application Auto Scaling share: the book, and what can be scaled."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

from kennel.errors import NotImplementedByKennel
from kennel.services.application_autoscaling.actor import Actor
from kennel.services.application_autoscaling.book import Book
from kennel.services.application_autoscaling.dimensions import SCALABLES
from kennel.services.application_autoscaling.errors import (
    ObjectNotFoundException,
    ValidationException,
)
from kennel.services.application_autoscaling.records import Policy, Target, target_key
from kennel.services.application_autoscaling.scalable import Scalable
from kennel.services.application_autoscaling.schema import MIGRATIONS
from kennel.services.context import Context
from kennel.services.service import Parts, Service
from kennel.store import Migration

__all__ = ["AutoScalingBase", "check_bounds", "named"]

_ALARMS_AT_ONCE = 100  # DeleteAlarms' limit


class AutoScalingBase(Service):
    """The book is what is kept, the actor what acts."""

    name: ClassVar[str] = "application-autoscaling"
    migrations: ClassVar[tuple[Migration, ...]] = MIGRATIONS

    def __init__(self, parts: Parts) -> None:
        super().__init__(parts)
        self._book = Book(parts.database)
        self._actor = Actor(parts, self._book)

    def _arn(self, service: str, resource: str) -> str:
        """In the plane's region, whose alarms act, wherever the caller says that it is."""
        return f"arn:aws:{service}:{self.parts.region}:{self.parts.account_id}:{resource}"

    def _scalable(self, namespace: str, resource_id: str, dimension: str) -> Scalable:
        """Raises ValidationException for what AWS does not scale, NotImplementedByKennel for what
        Kennel does not."""
        scalable = SCALABLES.get(dimension)
        if scalable is not None:
            if scalable.namespace != namespace or not scalable.is_name(resource_id):
                raise ValidationException(
                    "Unsupported service namespace, resource type or scalable dimension"
                )
            return scalable
        if not dimension.startswith(f"{namespace}:") and namespace != "cassandra":
            raise ValidationException(
                "Unsupported service namespace, resource type or scalable dimension"
            )
        raise NotImplementedByKennel(
            f"Kennel does not scale {dimension}. It scales {' and '.join(SCALABLES)}."
        )

    def _target(self, namespace: str, resource_id: str, dimension: str, verb: str) -> Target:
        """The target, which is there. Raises ObjectNotFoundException, in which AWS says "found"
        or "registered"."""
        self._scalable(namespace, resource_id, dimension)
        found = self._book.targets.get(target_key(dimension, resource_id))
        if found is None:
            raise ObjectNotFoundException(
                f"No scalable target {verb} for {named(namespace, resource_id, dimension)}"
            )
        return found

    def _delete_alarms(self, ctx: Context, policies: Iterable[Policy]) -> None:
        """Before the policies go: an alarm is not outlived by what it is for, but by its policy."""
        names = [name for policy in policies for name in policy.alarms]
        for start in range(0, len(names), _ALARMS_AT_ONCE):
            chosen = names[start : start + _ALARMS_AT_ONCE]
            ctx.call("cloudwatch", "DeleteAlarms", AlarmNames=chosen)

    def _remove(self, target: Target) -> None:
        """Deregisters a target with all that belongs to it."""
        with self._actor.changing:
            ctx = self._actor.role.acting(target.role_arn)
            self._delete_alarms(ctx, self._book.policies_of(target.key))
            self._book.remove(target.key, self.parts.clock.policy())


def check_bounds(scalable: Scalable, minimum: int | None, maximum: int | None) -> None:
    """Raises ValidationException for bounds that no target of the dimension has."""
    for bound in (minimum, maximum):
        if bound is not None and bound < 0:
            raise ValidationException("Minimum capacity cannot be less than 0")
    if minimum is not None and maximum is not None and maximum < minimum:
        raise ValidationException("Maximum capacity cannot be less than minimum capacity")
    if minimum is not None and minimum < scalable.least:
        raise ValidationException(
            f"Minimum capacity must be at least {scalable.least} for {scalable.dimension}"
        )


def named(namespace: str, resource_id: str, dimension: str) -> str:
    """How AWS's sentences name a target."""
    return (
        f"service namespace: {namespace}, resource ID: {resource_id}, "
        f"scalable dimension: {dimension}"
    )
