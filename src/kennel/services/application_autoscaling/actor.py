"""Acts on alarms, bounds and schedules: decides, sets the capacity, and follows it until it is
there.

Everything is done by one thread, one target after the other; a target has at most one change under
way, and what is under way is on disk. So a plane that was killed goes on where it stopped.
"""

from __future__ import annotations

import logging
import threading
import uuid
from typing import Any

from kennel.errors import AwsError
from kennel.scaling import Decision, Direction, NotScaled, decide
from kennel.scaling.schedule import next_firing
from kennel.services.alarm_actions import AlarmReadings
from kennel.services.application_autoscaling.agenda import Agenda, Kind, Task
from kennel.services.application_autoscaling.ballots import Ballot, ballots
from kennel.services.application_autoscaling.book import Book
from kennel.services.application_autoscaling.dimensions import SCALABLES
from kennel.services.application_autoscaling.firing import bounds_after, firing_activity, parsed
from kennel.services.application_autoscaling.linked_role import LinkedRole
from kennel.services.application_autoscaling.moves import Moves
from kennel.services.application_autoscaling.policy_alarms import put_alarms
from kennel.services.application_autoscaling.policy_request import tracking
from kennel.services.application_autoscaling.records import (
    Activity,
    ActivityStatus,
    Policy,
    Target,
    target_key,
)
from kennel.services.service import Parts

__all__ = ["Actor"]

log = logging.getLogger(__name__)


class Actor:
    """`start` takes up what was under way. `changing` is held while a policy and its alarms change
    together."""

    def __init__(self, parts: Parts, book: Book) -> None:
        self._parts = parts
        self._book = book
        self._clock = parts.clock
        self.changing = threading.Lock()
        self._reasons: dict[str, str] = {}  # why a target's newest activity did not scale
        self.agenda = Agenda(parts.clock, self._work)
        self.role = LinkedRole(parts)
        self.moves = Moves(parts, book, self.agenda, self.role)

    def start(self) -> None:
        for _, target in self._book.targets.list():
            if target.moving is not None:
                self.agenda.put(Kind.FOLLOW, target.key)
            if target.is_to_check:
                self.agenda.put(Kind.CHECK, target.key)
        for _, action in self._book.actions.list():
            self.agenda.put(Kind.FIRE, action.key, action.due)
        for _, policy in self._book.policies.list():
            if policy.alarms:
                self.agenda.put(Kind.HEAL, policy.key)
        self.agenda.start()

    def stop(self) -> None:
        self.agenda.stop()

    @property
    def alarms(self) -> AlarmReadings:
        """The plane's CloudWatch."""
        service: object = self._parts.dispatcher.service("cloudwatch")
        assert isinstance(service, AlarmReadings)
        return service

    def put_alarms(self, target: Target, policy: Policy) -> None:
        """Makes or changes a policy's alarms; users make those of step policies. Raises
        CloudWatch's AwsError."""
        if not policy.alarms:
            return
        pure = tracking(policy, SCALABLES[policy.dimension])
        put_alarms(self.role.acting(target.role_arn), policy, pure)

    def _heal(self, key: str) -> None:
        """Makes alarms again that a plane which died did not come to make."""
        with self.changing:
            policy = self._book.policies.get(key)
            if policy is None or all(self.alarms.alarm_reading(name) for name in policy.alarms):
                return
            target = self._book.targets.get(target_key(policy.dimension, policy.resource_id))
            if target is not None:
                self.put_alarms(target, policy)

    def _work(self, task: Task) -> None:
        match task.kind:
            case Kind.HEAL:
                self._heal(task.key)
            case Kind.DECIDE:
                try:
                    self._decide(task.key)
                except AwsError as error:  # the alarm calls again
                    log.warning("%s could not be scaled: %s", task.key, error.message)
            case Kind.CHECK:
                self._check(task.key)
            case Kind.FOLLOW:
                self.moves.follow(task.key)
            case Kind.FIRE:
                self._fire(task.key)

    def _decide(self, key: str) -> None:
        """An alarm invoked a policy of the target."""
        target = self._book.targets.get(key)
        if target is None or target.moving is not None or target.is_to_check:
            return
        scalable = SCALABLES[target.dimension]
        ctx = self.role.acting(target.role_arn)
        standing = scalable.standing(ctx, target.resource_id)
        if standing is None or not standing.is_settled or standing.failure:
            return
        now = self._clock.policy()
        cast = ballots(
            ctx, self.alarms, self._book.policies_of(key), scalable, standing.desired, now
        )
        votes = [ballot.vote for ballot in cast]
        decision = decide(votes, standing.desired, target.bounds, target.suspended)
        if decision.policy:
            self._reasons.pop(key, None)
            mine = [ballot for ballot in cast if ballot.vote.policy == decision.policy]
            self.moves.begin(target, standing.desired, decision, _cause(mine))
        elif decision.not_scaled is not None:
            self._note_not_scaled(target, standing.desired, decision.not_scaled, cast)

    def _check(self, key: str) -> None:
        """The bounds changed: the capacity follows at once, cooldowns or not."""
        target = self._book.targets.get(key)
        if target is None or target.moving is not None or not target.is_to_check:
            return
        standing = self.moves.standing(target)
        if standing is not None and not standing.is_settled:
            self.moves.look_again(Kind.CHECK, key)
            return
        if standing is None or standing.failure:  # "not active in the target service"
            self._book.checked(target)
            return
        wanted = target.bounds.clip(standing.desired)
        if wanted == standing.desired:
            self._book.checked(target)
            return
        self._reasons.pop(key, None)
        side = "minimum" if wanted > standing.desired else "maximum"
        cause = f"{side} capacity was set to {wanted}"
        self.moves.begin(target, standing.desired, Decision(wanted), cause)

    def _fire(self, key: str) -> None:
        """A scheduled action is due."""
        action = self._book.actions.get(key)
        if action is None:
            return
        now = self._clock.policy()
        if action.due > now:
            self.agenda.put(Kind.FIRE, key, action.due)
            return
        due = next_firing(parsed(action), now)
        target = self._book.targets.get(target_key(action.dimension, action.resource_id))
        if target is None or target.is_schedule_suspended:
            self._book.skipped(action, due)
        else:
            changed = bounds_after(action, target)
            if self._book.fired(action, changed, firing_activity(action, changed, now), due):
                self._reasons.pop(target.key, None)
                self.agenda.put(Kind.CHECK, target.key)
        if due is not None:
            self.agenda.put(Kind.FIRE, key, due)

    def _note_not_scaled(
        self, target: Target, capacity: int, reason: NotScaled, cast: list[Ballot]
    ) -> None:
        """Once, not each minute while the alarm lasts."""
        if target.key not in self._reasons:
            self._reasons[target.key] = self._book.newest_reason(target.key)
        if self._reasons[target.key] == reason:
            return
        status = ActivityStatus.FAILED
        if reason is NotScaled.AT_DESIRED:
            status = ActivityStatus.SUCCESSFUL
        now = self._clock.policy()
        self._book.note(
            Activity(
                id=str(uuid.uuid4()),
                namespace=target.namespace,
                resource_id=target.resource_id,
                dimension=target.dimension,
                description="Attempting to scale due to alarm triggered",
                cause=_cause(cast),
                started=now,
                ended=now,
                status=status,
                reasons=[_reason(reason, target, capacity)],
            )
        )
        self._reasons[target.key] = reason


def _cause(cast: list[Ballot]) -> str:
    """The alarm behind what was decided: of those that asked for something, the one that asked
    for most."""
    asking = [
        ballot
        for ballot in cast
        if ballot.vote.direction is not Direction.STAY
        or ballot.vote.flaps
        or ballot.vote.is_satisfied
    ]
    chosen = max(asking, key=lambda ballot: ballot.vote.capacity)
    return f"monitor alarm {chosen.alarm} in state ALARM triggered policy {chosen.vote.policy}"


def _reason(reason: NotScaled, target: Target, capacity: int) -> dict[str, Any]:
    """A NotScaledReason. The guide's example gives the bound that stopped it, and no other."""
    shown: dict[str, Any] = {"Code": reason.value}
    match reason:
        case NotScaled.AT_MAXIMUM:
            shown["MaxCapacity"] = target.maximum
        case NotScaled.AT_MINIMUM:
            shown["MinCapacity"] = target.minimum
        case _:
            shown["CurrentCapacity"] = capacity
    return shown
