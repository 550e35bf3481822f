"""What Kennel keeps: documents in SQLite, bytes in files."""

from kennel.store.blobs import BlobStore, BlobWriter
from kennel.store.collection import Collection, Document
from kennel.store.database import Database, Migration

__all__ = ["BlobStore", "BlobWriter", "Collection", "Database", "Document", "Migration"]
