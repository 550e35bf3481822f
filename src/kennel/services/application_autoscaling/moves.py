"""Changes of capacity: begun, asked for, and followed until the service has them.

A change is on disk before the service is asked, so a plane that was killed follows it on.
"""

from __future__ import annotations

import uuid

from kennel.errors import AwsError
from kennel.scaling import Decision
from kennel.services.application_autoscaling.agenda import Agenda, Kind
from kennel.services.application_autoscaling.book import Book
from kennel.services.application_autoscaling.dimensions import SCALABLES
from kennel.services.application_autoscaling.linked_role import LinkedRole
from kennel.services.application_autoscaling.records import Activity, ActivityStatus, Target
from kennel.services.application_autoscaling.scalable import Standing
from kennel.services.roles import RoleNotPassable
from kennel.services.service import Parts

__all__ = ["Moves"]

_LOOK_SECONDS = 1.0  # of policy time, between two looks at a change under way …
_LOOK_WALL_SECONDS = 0.05  # … but never more often than this


class Moves:
    """A target has at most one change under way."""

    def __init__(self, parts: Parts, book: Book, agenda: Agenda, role: LinkedRole) -> None:
        self._clock = parts.clock
        self._book = book
        self._agenda = agenda
        self._role = role

    def standing(self, target: Target) -> Standing | None:
        """The target's capacity as it stands; None if its resource is gone."""
        scalable = SCALABLES[target.dimension]
        return scalable.standing(self._role.acting(target.role_arn), target.resource_id)

    def begin(self, target: Target, before: int, decision: Decision, cause: str) -> None:
        """Starts a change and asks for it, unless the target is another by now."""
        noun = SCALABLES[target.dimension].noun
        activity = Activity(
            id=str(uuid.uuid4()),
            namespace=target.namespace,
            resource_id=target.resource_id,
            dimension=target.dimension,
            description=f"Setting {noun} to {decision.capacity}.",
            cause=cause,
            started=self._clock.policy(),
        )
        begun = self._book.begin(target, before, decision.capacity, decision.policy, activity)
        if begun is not None:
            self._request(begun)
        elif target.is_to_check:
            self._agenda.put(Kind.CHECK, target.key)

    def _request(self, target: Target) -> None:
        move = target.moving
        assert move is not None
        scalable = SCALABLES[target.dimension]
        try:
            ctx = self._role.strictly(target.role_arn)
            scalable.set(ctx, target.resource_id, move.after)
        except (AwsError, RoleNotPassable) as error:
            reason = error.message if isinstance(error, AwsError) else str(error)
            message = f"Failed to set {scalable.noun} to {move.after}. Reason: {reason}"
            self._end(target, ActivityStatus.FAILED, message)
            return
        message = (
            f"Successfully set {scalable.noun} to {move.after}. "
            f"Waiting for change to be fulfilled by {target.namespace}."
        )
        if self._book.requested(target, message) is not None:
            self._agenda.put(Kind.FOLLOW, target.key)

    def follow(self, key: str) -> None:
        """Looks how far the change under way is."""
        target = self._book.targets.get(key)
        if target is None or target.moving is None:
            return
        move = target.moving
        scalable = SCALABLES[target.dimension]
        standing = self.standing(target)
        told = f"Successfully set {scalable.noun} to {move.after}."
        if standing is None:
            gone = f"{target.resource_id} is not there any more."
            self._end(target, ActivityStatus.UNFULFILLED, f"{told} Change not fulfilled: {gone}")
        elif not move.is_requested and standing.desired != move.after:
            self._request(target)  # the plane was stopped before it was
        elif standing.desired != move.after:
            self._end(
                target,
                ActivityStatus.OVERRIDDEN,
                f"{told} Change overridden: it was set to {standing.desired} since.",
            )
        elif not standing.is_settled:
            self.look_again(Kind.FOLLOW, key)
        elif standing.failure:
            self._end(
                target,
                ActivityStatus.UNFULFILLED,
                f"{told} Change not fulfilled: {standing.failure}",
            )
        else:
            message = f"{told} Change successfully fulfilled by {target.namespace}."
            self._end(target, ActivityStatus.SUCCESSFUL, message)

    def _end(self, target: Target, status: ActivityStatus, message: str) -> None:
        ended = self._book.end(target, status, message, self._clock.policy())
        if ended is None or not ended.is_to_check:
            return
        if status is ActivityStatus.FAILED:
            standing = self.standing(target)
            if standing is None or standing.is_settled:
                self._book.checked(ended)  # asking again would fail again
                return
        self.look_again(Kind.CHECK, target.key)

    def look_again(self, kind: Kind, key: str) -> None:
        """Has a task done after a while: the service is busy."""
        pause = max(_LOOK_SECONDS, _LOOK_WALL_SECONDS * self._clock.scale)
        self._agenda.put(kind, key, self._clock.policy() + pause)
