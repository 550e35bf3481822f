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
)
