"""An action that an alarm has to invoke, kept until that is done."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence

import msgspec

from kennel.scaling import AlarmState
from kennel.services.alarm_actions import AlarmReading

__all__ = ["Errand", "pending", "remove", "store"]


class Errand(msgspec.Struct, frozen=True, kw_only=True):
    """One action for one change of state. Times in policy time; `value` and `threshold` are the
    alarm's reading at the change. `message` is what a Lambda function gets. `is_repeat` marks
    those for a state that lasts: they are not kept."""

    region: str
    name: str
    action: str
    state: AlarmState
    changed: float
    value: float | None
    threshold: float
    message: str = ""
    is_repeat: bool = False
    number: int = 0
    """Of the row that keeps it."""

    @property
    def reading(self) -> AlarmReading:
        return AlarmReading(self.state, self.value, self.threshold)


def store(connection: sqlite3.Connection, errands: Sequence[Errand]) -> list[Errand]:
    """Keeps errands; returns them with the numbers of their rows."""
    kept = []
    for errand in errands:
        (number,) = connection.execute(
            "INSERT INTO alarm_errands (body) VALUES (?) RETURNING id",
            (msgspec.json.encode(errand),),
        ).fetchone()
        kept.append(msgspec.structs.replace(errand, number=int(number)))
    return kept


def pending(connection: sqlite3.Connection) -> list[Errand]:
    """Those that were not done when the plane last ran, oldest first."""
    rows = connection.execute("SELECT id, body FROM alarm_errands ORDER BY id").fetchall()
    return [
        msgspec.structs.replace(msgspec.json.decode(body, type=Errand), number=number)
        for number, body in rows
    ]


def remove(connection: sqlite3.Connection, errand: Errand) -> None:
    connection.execute("DELETE FROM alarm_errands WHERE id = ?", (errand.number,))
