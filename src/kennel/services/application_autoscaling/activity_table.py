"""The records of scaling activities, newest first, for six weeks."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable

import msgspec

from kennel.services.application_autoscaling.records import Activity

__all__ = ["RETENTION", "add", "change", "newest_reason", "page"]

RETENTION = 42 * 86_400.0
"""Of policy time. Source: "Scaling activities for Application Auto Scaling"."""

_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(Activity).decode


def add(connection: sqlite3.Connection, activity: Activity) -> int:
    """Writes a new activity and returns its number; forgets those that are too old."""
    connection.execute(
        "DELETE FROM scaling_activities WHERE started < ?", (activity.started - RETENTION,)
    )
    (number,) = connection.execute(
        "INSERT INTO scaling_activities (target, started, is_scaled, body) VALUES (?, ?, ?, ?) "
        "RETURNING number",
        (activity.target_key, activity.started, not activity.reasons, _encode(activity)),
    ).fetchone()
    return int(number)


def change(
    connection: sqlite3.Connection, number: int, work: Callable[[Activity], Activity]
) -> None:
    """Changes an activity, if it is there yet."""
    row = connection.execute(
        "SELECT body FROM scaling_activities WHERE number = ?", (number,)
    ).fetchone()
    if row is not None:
        connection.execute(
            "UPDATE scaling_activities SET body = ? WHERE number = ?",
            (_encode(work(_decode(row[0]))), number),
        )


def newest_reason(connection: sqlite3.Connection, target: str) -> str:
    """The code of the reason of a target's newest activity, empty if that did scale."""
    row = connection.execute(
        "SELECT body FROM scaling_activities WHERE target = ? ORDER BY number DESC LIMIT 1",
        (target,),
    ).fetchone()
    reasons = _decode(row[0]).reasons if row else []
    return str(reasons[0]["Code"]) if reasons else ""


def page(
    connection: sqlite3.Connection,
    prefix: str,
    resource_id: str | None,
    since: float,
    with_not_scaled: bool,
    before: int | None,
    size: int,
) -> list[tuple[int, Activity]]:
    """Activities with their numbers, newest first: of the targets whose key begins with `prefix`,
    of one resource if it is given, begun since then and numbered below `before`."""
    rows = connection.execute(
        "SELECT number, body FROM scaling_activities WHERE target >= ? AND target < ? "
        "AND substr(target, instr(target, '|') + 1) = coalesce(?, "
        "substr(target, instr(target, '|') + 1)) AND started >= ? AND is_scaled >= ? "
        "AND number < ? ORDER BY number DESC LIMIT ?",
        (
            prefix,
            prefix + "\U0010ffff",
            resource_id,
            since,
            0 if with_not_scaled else 1,
            2**62 if before is None else before,
            size,
        ),
    )
    return [(int(number), _decode(body)) for number, body in rows]
