"""Targets, policies, scheduled actions and activities, and what is written of them together.

Whoever changes something had loaded it before; a change is made only if it is as it was then.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable

import msgspec

from kennel.scaling import Change
from kennel.services.application_autoscaling import activity_table
from kennel.services.application_autoscaling.records import (
    Activity,
    ActivityStatus,
    Move,
    Policy,
    ScheduledAction,
    Target,
)
from kennel.store import Collection, Database

__all__ = ["Book"]


class Book:
    """All that is kept. Times are seconds of policy time."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self.targets = Collection(database, "autoscaling.targets", Target)
        self.policies = Collection(database, "autoscaling.policies", Policy)
        self.actions = Collection(database, "autoscaling.actions", ScheduledAction)

    def policies_of(self, target_key: str) -> list[Policy]:
        """By name."""
        return [policy for _, policy in self.policies.list(f"{target_key}|")]

    def actions_of(self, target_key: str) -> list[ScheduledAction]:
        """By name."""
        return [action for _, action in self.actions.list(f"{target_key}|")]

    def begin(
        self, target: Target, before: int, after: int, policy: str, activity: Activity
    ) -> Target | None:
        """Starts a change of capacity with its activity; None if the target is another by now."""

        def work(connection: sqlite3.Connection) -> Target | None:
            if self.targets.get_in(connection, target.key) != target:
                return None
            number = activity_table.add(connection, activity)
            move = Move(activity=number, before=before, after=after, policy=policy)
            return self._put(connection, msgspec.structs.replace(target, moving=move))

        return self._database.write(work)

    def requested(self, target: Target, message: str) -> Target | None:
        """The service has taken the new capacity."""

        def work(connection: sqlite3.Connection, stored: Target, move: Move) -> Target:
            self._tell(connection, move, ActivityStatus.IN_PROGRESS, message, None)
            move = msgspec.structs.replace(move, is_requested=True)
            return self._put(connection, msgspec.structs.replace(stored, moving=move))

        return self._with_move(target, work)

    def end(
        self, target: Target, status: ActivityStatus, message: str, now: float
    ) -> Target | None:
        """The change of capacity is over. A successful one starts cooldowns."""

        def work(connection: sqlite3.Connection, stored: Target, move: Move) -> Target:
            self._tell(connection, move, status, message, now)
            if status is ActivityStatus.SUCCESSFUL and move.policy:
                self._remember(connection, stored, move, now)
            return self._put(connection, msgspec.structs.replace(stored, moving=None))

        return self._with_move(target, work)

    def note(self, activity: Activity) -> None:
        """Writes an activity that needs no following."""
        self._database.write(lambda connection: activity_table.add(connection, activity))

    def newest_reason(self, target_key: str) -> str:
        """Why the target's newest activity did not scale; empty if it did."""
        return self._database.read(
            lambda connection: activity_table.newest_reason(connection, target_key)
        )

    def checked(self, target: Target) -> None:
        """The capacity was compared with these bounds."""

        def change(stored: Target) -> Target | None:
            if stored.bounds != target.bounds:
                return None
            return msgspec.structs.replace(stored, is_to_check=False)

        self.targets.update(target.key, change)

    def fired(
        self, action: ScheduledAction, target: Target, activity: Activity, due: float | None
    ) -> bool:
        """A scheduled action has fired: its target, the record of it, and when it is due next.
        False if one of the two is another by now."""

        def work(connection: sqlite3.Connection) -> bool:
            if self.actions.get_in(connection, action.key) != action:
                return False
            stored = self.targets.get_in(connection, target.key)
            if stored is None:
                return False
            if due is None:
                self.actions.delete_in(connection, action.key)
            else:
                changed = msgspec.structs.replace(action, due=due)
                self.actions.put_in(connection, action.key, changed)
            activity_table.add(connection, activity)
            if activity.status is ActivityStatus.SUCCESSFUL:
                self._put(
                    connection,
                    msgspec.structs.replace(
                        stored, minimum=target.minimum, maximum=target.maximum, is_to_check=True
                    ),
                )
            return True

        return self._database.write(work)

    def skipped(self, action: ScheduledAction, due: float | None) -> None:
        """A scheduled action came due and did nothing."""

        def work(connection: sqlite3.Connection) -> None:
            if self.actions.get_in(connection, action.key) != action:
                return
            if due is None:
                self.actions.delete_in(connection, action.key)
            else:
                changed = msgspec.structs.replace(action, due=due)
                self.actions.put_in(connection, action.key, changed)

        self._database.write(work)

    def remove(self, target_key: str, now: float) -> None:
        """A target goes with all that belongs to it; its activities stay."""

        def work(connection: sqlite3.Connection) -> None:
            stored = self.targets.get_in(connection, target_key)
            if stored is not None and stored.moving is not None:
                message = "The scalable target was deregistered before the change was fulfilled."
                self._tell(connection, stored.moving, ActivityStatus.UNFULFILLED, message, now)
            self.targets.delete_in(connection, target_key)
            for policy_key, _ in self.policies.list_in(connection, f"{target_key}|"):
                self.policies.delete_in(connection, policy_key)
            for action_key, _ in self.actions.list_in(connection, f"{target_key}|"):
                self.actions.delete_in(connection, action_key)

        self._database.write(work)

    def _with_move(
        self, target: Target, work: Callable[[sqlite3.Connection, Target, Move], Target]
    ) -> Target | None:
        """Does the work if the target has the same change under way as it had."""

        def guarded(connection: sqlite3.Connection) -> Target | None:
            stored = self.targets.get_in(connection, target.key)
            if stored is None or stored.moving is None or stored.moving != target.moving:
                return None
            return work(connection, stored, stored.moving)

        return self._database.write(guarded)

    def _put(self, connection: sqlite3.Connection, target: Target) -> Target:
        self.targets.put_in(connection, target.key, target)
        return target

    def _remember(
        self, connection: sqlite3.Connection, target: Target, move: Move, now: float
    ) -> None:
        change = Change(now, move.before, move.after)
        for key, policy in self.policies.list_in(connection, f"{target.key}|"):
            history = policy.history
            if policy.name == move.policy:
                policy.history = history.after(change)
            else:
                policy.history = history.beside(change)
            self.policies.put_in(connection, key, policy)

    @staticmethod
    def _tell(
        connection: sqlite3.Connection,
        move: Move,
        status: ActivityStatus,
        message: str,
        ended: float | None,
    ) -> None:
        activity_table.change(
            connection,
            move.activity,
            lambda activity: msgspec.structs.replace(
                activity, status=status, message=message, ended=ended
            ),
        )
