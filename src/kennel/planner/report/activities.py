"""Scaling activities, as lines."""

from __future__ import annotations

from collections.abc import Sequence

from kennel.planner.simulation import Activity

__all__ = ["activity_rows"]


def activity_rows(activities: Sequence[Activity], most: int) -> list[tuple[str, str, str, str]]:
    """When, from how many to how many, after how long, and why; the last `most` of them left out.

    A row that says how many are left out stands in their place.
    """
    rows = [
        (
            _clock(one.begun),
            f"{one.before} → {one.after}",
            "under way" if one.ended is None else f"{one.ended - one.begun:.0f} s",
            one.cause,
        )
        for one in activities[:most]
    ]
    if len(activities) > most:
        rows.append(("", f"{len(activities) - most:,} more", "", ""))
    return rows


def _clock(seconds: float) -> str:
    """`1d 02:03:04`, the days only if there are some."""
    days, rest = divmod(int(seconds), 86400)
    text = f"{rest // 3600:02}:{rest % 3600 // 60:02}:{rest % 60:02}"
    return f"{days}d {text}" if days else text
