"""What Kennel keeps: documents in SQLite, bytes in files."""

from kennel.store.blobs import BlobStore
from kennel.store.collection import Collection, Document
from kennel.store.database import Database, Migration
from kennel.store.errors import BlobGone, StorageFull
from kennel.store.hashing import ContentHash, Hasher, combine_crc
from kennel.store.slices import BlobSlices, Slice
from kennel.store.staging import BlobWriter, Piece, StagedBlob

__all__ = [
    "BlobGone",
    "BlobSlices",
    "BlobStore",
    "BlobWriter",
    "Collection",
    "ContentHash",
    "Database",
    "Document",
    "Hasher",
    "Migration",
    "Piece",
    "Slice",
    "StagedBlob",
    "StorageFull",
    "combine_crc",
]
