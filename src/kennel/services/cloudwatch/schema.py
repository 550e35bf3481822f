"""The tables of the metric store, which is a SQLite file of its own."""

from __future__ import annotations

from kennel.store import Migration

__all__ = ["MIGRATIONS"]

MIGRATIONS = (
    Migration(
        "cloudwatch",
        1,
        """
        -- `seen` is the policy time at which data last came, in seconds.
        CREATE TABLE metrics (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            region TEXT NOT NULL,
            namespace TEXT NOT NULL,
            name TEXT NOT NULL,
            dimensions TEXT NOT NULL,
            seen REAL NOT NULL,
            UNIQUE (region, namespace, name, dimensions)
        );
        CREATE TABLE points (
            metric INTEGER NOT NULL,
            level INTEGER NOT NULL,
            time INTEGER NOT NULL,
            unit TEXT NOT NULL,
            count REAL NOT NULL,
            total REAL NOT NULL,
            minimum REAL NOT NULL,
            maximum REAL NOT NULL,
            covered REAL NOT NULL,
            distribution BLOB NOT NULL,
            PRIMARY KEY (metric, level, time, unit)
        ) WITHOUT ROWID;
        -- The last generation of the sink that was flushed.
        CREATE TABLE flushed (generation INTEGER NOT NULL);
        INSERT INTO flushed VALUES (0);
        """,
    ),
    Migration(
        "cloudwatch",
        2,
        """
        CREATE TABLE alarm_history (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            region TEXT NOT NULL,
            name TEXT NOT NULL,
            time REAL NOT NULL,
            kind TEXT NOT NULL,
            summary TEXT NOT NULL,
            data TEXT NOT NULL
        );
        CREATE INDEX alarm_history_of_alarm ON alarm_history (region, name, id);
        CREATE INDEX alarm_history_by_time ON alarm_history (time);
        -- Actions that alarms have to invoke and did not yet.
        CREATE TABLE alarm_errands (id INTEGER PRIMARY KEY AUTOINCREMENT, body BLOB NOT NULL);
        -- The policy time at which the plane was last seen alive, and when it was down.
        CREATE TABLE alarm_life (alive REAL NOT NULL);
        CREATE TABLE alarm_downtime (began REAL NOT NULL, ended REAL NOT NULL);
        """,
    ),
)
