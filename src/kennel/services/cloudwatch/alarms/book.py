"""All alarms: in memory to be read, and on disk before anybody hears of a change."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from kennel.services.cloudwatch.alarms import errand as errands
from kennel.services.cloudwatch.alarms import history
from kennel.services.cloudwatch.alarms.errand import Errand
from kennel.services.cloudwatch.alarms.history import Event
from kennel.services.cloudwatch.alarms.record import Alarm, AlarmKey
from kennel.store import Collection, Database

__all__ = ["AlarmBook", "Change"]


@dataclass(frozen=True, slots=True)
class Change:
    """An alarm before and after; None where there is none. With it go the rows of its history and
    the actions to invoke."""

    before: Alarm | None
    after: Alarm | None
    events: Sequence[Event] = ()
    errands: Sequence[Errand] = field(default=())

    @property
    def key(self) -> AlarmKey:
        alarm = self.after if self.after is not None else self.before
        assert alarm is not None
        return alarm.key


class AlarmBook:
    """`start` loads it. Reading takes no lock and no disk."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._collection = Collection(database, "alarms", Alarm)
        self._alarms: dict[AlarmKey, Alarm] = {}
        self._lock = threading.Lock()  # one change at a time, disk and memory together

    def start(self) -> None:
        self._alarms = {alarm.key: alarm for _, alarm in self._collection.list()}

    def get(self, key: AlarmKey) -> Alarm | None:
        return self._alarms.get(key)

    def of_region(self, region: str) -> list[Alarm]:
        """A region's alarms in the order of their names."""
        found = [alarm for key, alarm in self._alarms.copy().items() if key.region == region]
        return sorted(found, key=lambda alarm: alarm.name)

    def count(self, region: str) -> int:
        return sum(key.region == region for key in self._alarms.copy())

    def all(self) -> list[Alarm]:
        return list(self._alarms.copy().values())

    def change(self, decide: Callable[[], Iterable[Change]]) -> tuple[list[Change], list[Errand]]:
        """Makes the changes that `decide` returns, all in one write, while nobody else makes any.
        Returns them with their errands as they are kept."""
        with self._lock:
            return self._apply(list(decide()))

    def apply(self, changes: Iterable[Change]) -> tuple[list[Change], list[Errand]]:
        """Like `change`, with changes that were decided before; those whose alarm is no longer as
        it was then are left out."""
        return self.change(
            lambda: [change for change in changes if self.get(change.key) is change.before]
        )

    def _apply(self, changes: list[Change]) -> tuple[list[Change], list[Errand]]:
        if not changes:
            return [], []
        kept = self._database.write(lambda connection: self._store(connection, changes))
        for change in changes:
            if change.after is None:
                self._alarms.pop(change.key, None)
            else:
                self._alarms[change.key] = change.after
        return changes, kept

    def _store(self, connection: sqlite3.Connection, changes: list[Change]) -> list[Errand]:
        kept: list[Errand] = []
        for change in changes:
            key = "/".join(change.key)
            if change.after is None:
                self._collection.delete_in(connection, key)
            else:
                self._collection.put_in(connection, key, change.after)
            history.write(connection, change.events)
            kept += errands.store(connection, change.errands)
        return kept
