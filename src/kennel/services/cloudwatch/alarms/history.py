"""What happened to alarms: rows that DescribeAlarmHistory shows.

HistorySummary and HistoryData are as CloudWatch was observed to write them. A history outlives its
alarm, for HISTORY_SECONDS.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from kennel.services.cloudwatch.alarms.instants import iso
from kennel.services.cloudwatch.alarms.record import Alarm, described

__all__ = [
    "HISTORY_SECONDS",
    "Event",
    "Filter",
    "acted",
    "configured",
    "forget",
    "read",
    "state_updated",
    "write",
]

HISTORY_SECONDS = 30 * 86_400.0
"""Policy time that a row is kept. Source: "Common features of CloudWatch alarms"."""

_LONGEST_SUMMARY = 255
_LONGEST_DATA = 4095
_SOME = 30  # datapoints of each state, where there is no room for all


@dataclass(frozen=True, slots=True)
class Event:
    """One row. `time` is policy time, in seconds."""

    region: str
    name: str
    time: float
    kind: str
    summary: str
    data: str


@dataclass(frozen=True, slots=True)
class Filter:
    """Which rows are asked for. `after` is the row that the page before ended with."""

    region: str
    name: str | None = None
    kind: str | None = None
    start: float | None = None
    end: float | None = None
    after: int | None = None
    is_newest_first: bool = True


def configured(alarm: Alarm, done: str) -> Event:
    """`done` is created, updated or deleted."""
    kind = {"created": "Create", "updated": "Update", "deleted": "Delete"}[done]
    shown = _camel(alarm)
    data = {"version": "1.0", "type": kind, f"{done}Alarm": shown}
    text = _json(data)
    if len(text) > _LONGEST_DATA:
        shown.pop("metrics", None)
        text = _json(data)
    return Event(
        alarm.region,
        alarm.name,
        alarm.configured,
        "ConfigurationUpdate",
        f'Alarm "{alarm.name}" {done}'[:_LONGEST_SUMMARY],
        text[:_LONGEST_DATA],
    )


def state_updated(before: Alarm, after: Alarm) -> Event:
    """A change of the state's value."""
    data: dict[str, Any] = {"version": "1.0"}
    data |= {"oldState": _state(before), "newState": _state(after)}
    if len(_json(data)) > _LONGEST_DATA:
        for state in (data["oldState"], data["newState"]):
            if isinstance(reason := state.get("stateReasonData"), dict):
                reason.pop("evaluatedDatapoints", None)
                reason["recentDatapoints"] = reason.get("recentDatapoints", [])[-_SOME:]
    return Event(
        after.region,
        after.name,
        after.updated,
        "StateUpdate",
        f"Alarm updated from {before.state} to {after.state}",
        _json(data)[:_LONGEST_DATA],
    )


def acted(
    alarm: Alarm, at: float, action: str, changed: float, message: str = "", error: str = ""
) -> Event:
    """An action was executed at `at`, for a state that began at `changed`. `message` is what was
    sent; with an `error` it failed."""
    data: dict[str, Any] = {
        "actionState": "Failed" if error else "Succeeded",
        "stateUpdateTimestamp": round(changed * 1000),
        "notificationResource": action,
    }
    if message:
        data["publishedMessage"] = message
    if error:
        data["error"] = error
    text = _json(data)
    if len(text) > _LONGEST_DATA:
        data.pop("publishedMessage", None)
        text = _json(data)
    done = f"Successfully executed action {action}"
    if error:
        done = f'Failed to execute action {action}. Received error: "{error}"'
    return Event(
        alarm.region, alarm.name, at, "Action", done[:_LONGEST_SUMMARY], text[:_LONGEST_DATA]
    )


def write(connection: sqlite3.Connection, events: Sequence[Event]) -> None:
    connection.executemany(
        "INSERT INTO alarm_history (region, name, time, kind, summary, data) "
        "VALUES (?, ?, ?, ?, ?, ?)",
        [
            (event.region, event.name, event.time, event.kind, event.summary, event.data)
            for event in events
        ],
    )


def read(
    connection: sqlite3.Connection, wanted: Filter, most: int
) -> tuple[list[dict[str, Any]], int | None]:
    """Up to `most` AlarmHistoryItems, and the row that the next page goes on after."""
    order, beyond = ("DESC", "<") if wanted.is_newest_first else ("ASC", ">")
    rows = connection.execute(
        "SELECT id, name, time, kind, summary, data FROM alarm_history WHERE region = ?1 "
        "AND (?2 IS NULL OR name = ?2) AND (?3 IS NULL OR kind = ?3) "
        "AND (?4 IS NULL OR time >= ?4) AND (?5 IS NULL OR time <= ?5) "
        f"AND (?6 IS NULL OR id {beyond} ?6) ORDER BY id {order} LIMIT ?7",
        (
            wanted.region,
            wanted.name,
            wanted.kind,
            wanted.start,
            wanted.end,
            wanted.after,
            most + 1,
        ),
    ).fetchall()
    items = [
        {
            "AlarmName": name,
            "AlarmType": "MetricAlarm",
            "Timestamp": time,
            "HistoryItemType": kind,
            "HistorySummary": summary,
            "HistoryData": data,
        }
        for _, name, time, kind, summary, data in rows[:most]
    ]
    return items, rows[most - 1][0] if len(rows) > most else None


def forget(connection: sqlite3.Connection, before: float) -> None:
    """Deletes the rows older than a policy time."""
    connection.execute("DELETE FROM alarm_history WHERE time < ?", (before,))


def _state(alarm: Alarm) -> dict[str, Any]:
    state: dict[str, Any] = {"stateValue": alarm.state.value, "stateReason": alarm.reason}
    if alarm.reason_data is not None:
        try:
            state["stateReasonData"] = msgspec.json.decode(alarm.reason_data)
        except msgspec.DecodeError:  # SetAlarmState checked it; an older row might not be JSON
            state["stateReasonData"] = alarm.reason_data
    return state


def _camel(alarm: Alarm) -> dict[str, Any]:
    """An alarm under the names that CloudWatch uses inside a history."""
    shown = described(alarm)
    for name in ("StateTransitionedTimestamp", "StateReason", "StateReasonData"):
        shown.pop(name, None)
    shown["AlarmConfigurationUpdatedTimestamp"] = iso(alarm.configured)
    shown["StateUpdatedTimestamp"] = iso(alarm.updated)
    shown["okactions"] = shown.pop("OKActions")
    found = _lowered(shown)
    assert isinstance(found, dict)
    return found


def _lowered(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {name[0].lower() + name[1:]: _lowered(member) for name, member in value.items()}
    if isinstance(value, list | tuple):
        return [_lowered(member) for member in value]
    return value


def _json(data: Mapping[str, Any]) -> str:
    return msgspec.json.encode(data).decode()
