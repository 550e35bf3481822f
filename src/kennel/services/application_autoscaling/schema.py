"""The table of scaling activities. Targets, policies and scheduled actions are documents."""

from __future__ import annotations

from kennel.store import Migration

__all__ = ["MIGRATIONS"]

MIGRATIONS = (
    Migration(
        "application-autoscaling",
        1,
        """
        CREATE TABLE scaling_activities (
            number INTEGER PRIMARY KEY AUTOINCREMENT,
            target TEXT NOT NULL,
            started REAL NOT NULL,
            is_scaled INTEGER NOT NULL,
            body BLOB NOT NULL
        );
        CREATE INDEX scaling_activities_by_target ON scaling_activities (target, number);
        CREATE INDEX scaling_activities_by_time ON scaling_activities (started);
        """,
    ),
)
