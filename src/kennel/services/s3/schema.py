"""The tables of S3.

Keys are UTF-8 bytes, so that SQLite orders them as S3 does; they exist here alone, never as names
of files. A content is an ordered run of pieces of blobs: a version or an uploaded part owns one
content, a blob may be in several (a copy shares them), and content 0 is the empty one.
"""

from __future__ import annotations

from kennel.store import Migration

__all__ = ["MIGRATIONS"]

MIGRATIONS = (
    Migration(
        "s3",
        1,
        """
        CREATE TABLE s3_buckets (
            bucket_id INTEGER PRIMARY KEY,
            name TEXT NOT NULL UNIQUE,
            region TEXT NOT NULL,
            created INTEGER NOT NULL,
            versioning TEXT NOT NULL DEFAULT ''  -- '', Enabled or Suspended
        );
        CREATE TABLE s3_configurations (
            bucket_id INTEGER NOT NULL,
            kind TEXT NOT NULL,
            body BLOB NOT NULL,
            PRIMARY KEY (bucket_id, kind)
        ) WITHOUT ROWID;

        CREATE TABLE s3_versions (
            row_id INTEGER PRIMARY KEY,
            bucket_id INTEGER NOT NULL,
            key BLOB NOT NULL,
            age INTEGER NOT NULL,  -- minus row_id: ascending is newest first
            version_id TEXT NOT NULL,  -- 'null' for what was put without versioning
            latest INTEGER NOT NULL,
            marker INTEGER NOT NULL,  -- a delete marker
            modified INTEGER NOT NULL,
            size INTEGER NOT NULL,
            etag TEXT NOT NULL,
            storage_class TEXT NOT NULL,
            checksum_algorithm TEXT NOT NULL,
            checksum_type TEXT NOT NULL,
            content_id INTEGER NOT NULL,
            part_count INTEGER NOT NULL,  -- 0 unless it was uploaded in parts
            upload_id TEXT,
            properties BLOB NOT NULL,
            tags BLOB,
            parts BLOB
        );
        CREATE UNIQUE INDEX s3_history ON s3_versions (bucket_id, key, age);
        CREATE UNIQUE INDEX s3_current ON s3_versions (bucket_id, key)
            WHERE latest = 1 AND marker = 0;
        CREATE INDEX s3_version_ids ON s3_versions (version_id) WHERE version_id != 'null';

        CREATE TABLE s3_pieces (
            content_id INTEGER NOT NULL,
            position INTEGER NOT NULL,
            blob_id TEXT NOT NULL,
            start INTEGER NOT NULL,
            length INTEGER NOT NULL,
            PRIMARY KEY (content_id, position)
        ) WITHOUT ROWID;
        CREATE INDEX s3_blobs ON s3_pieces (blob_id);

        CREATE TABLE s3_uploads (
            upload_id TEXT PRIMARY KEY,
            bucket_id INTEGER NOT NULL,
            key BLOB NOT NULL,
            started INTEGER NOT NULL,
            storage_class TEXT NOT NULL,
            checksum_algorithm TEXT NOT NULL,
            checksum_type TEXT NOT NULL,
            properties BLOB NOT NULL,
            tags BLOB
        ) WITHOUT ROWID;
        CREATE INDEX s3_uploads_by_key ON s3_uploads (bucket_id, key, upload_id);
        CREATE TABLE s3_parts (
            upload_id TEXT NOT NULL,
            number INTEGER NOT NULL,
            etag TEXT NOT NULL,
            size INTEGER NOT NULL,
            modified INTEGER NOT NULL,
            checksum TEXT NOT NULL,
            content_id INTEGER NOT NULL,
            PRIMARY KEY (upload_id, number)
        ) WITHOUT ROWID;
        """,
    ),
)
