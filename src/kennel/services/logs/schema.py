"""The tables of the log store, which is a SQLite file of its own.

Rows beat a file per stream here: every stream that is written at the same time shares one fsync,
an event that comes late falls into its place, and what a shipper acknowledges is in the same
transaction as the events. Measured on two cores with 90-byte messages, through the operations:
200,000 events/s put in batches of 100 and 360,000 in batches of 1,000, each batch durable;
480,000 events/s read; 320,000 lines/s shipped from a file.
"""

from __future__ import annotations

from kennel.store import Migration

__all__ = ["MIGRATIONS"]

MIGRATIONS = (
    Migration(
        "logs",
        1,
        """
        -- AUTOINCREMENT: an id is never used again, so the events that a deleted stream leaves
        -- behind for the sweeper can't turn up in another one.
        CREATE TABLE groups (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            region TEXT NOT NULL,
            name TEXT NOT NULL,
            created INTEGER NOT NULL,
            class TEXT NOT NULL,
            retention INTEGER,
            stored_bytes INTEGER NOT NULL DEFAULT 0,
            tags TEXT NOT NULL DEFAULT '{}',
            UNIQUE (region, name)
        );
        CREATE TABLE streams (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            group_id INTEGER NOT NULL,
            name TEXT NOT NULL,
            created INTEGER NOT NULL,
            first_event INTEGER,
            last_event INTEGER,
            last_ingestion INTEGER,
            last_sequence INTEGER NOT NULL DEFAULT 0,
            UNIQUE (group_id, name)
        );
        CREATE INDEX streams_by_last_event ON streams (group_id, COALESCE(last_event, 0), name);
        CREATE TABLE events (
            stream INTEGER NOT NULL,
            timestamp INTEGER NOT NULL,
            sequence INTEGER NOT NULL,
            ingestion INTEGER NOT NULL,
            message TEXT NOT NULL,
            PRIMARY KEY (stream, timestamp, sequence)
        ) WITHOUT ROWID;
        CREATE TABLE doomed (stream INTEGER PRIMARY KEY, group_id INTEGER NOT NULL);
        CREATE TABLE sequence (last INTEGER NOT NULL);
        INSERT INTO sequence VALUES (0);
        CREATE TABLE offsets (
            file TEXT PRIMARY KEY,
            offset INTEGER NOT NULL,
            timestamp INTEGER NOT NULL
        ) WITHOUT ROWID;
        """,
    ),
)
