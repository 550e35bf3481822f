"""A started database and blob store."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest

from kennel.store import BlobStore, Database, Migration, StagedBlob

OWNERS = Migration("test", 1, "CREATE TABLE owners (blob_id TEXT PRIMARY KEY);")


def owned(connection: sqlite3.Connection) -> Iterable[str]:
    return [blob_id for (blob_id,) in connection.execute("SELECT blob_id FROM owners")]


class Blobs:
    """A blob store with a table of the blobs that are owned."""

    def __init__(self, folder: Path, **options: int) -> None:
        self.folder = folder / "blobs"
        self.database = Database(folder / "kennel.db", [OWNERS])
        self.database.start()
        self.store = BlobStore(self.folder, self.database, **options)
        self.store.references(owned)

    def own(self, blob: StagedBlob) -> str:
        self.database.write(
            lambda connection: connection.execute("INSERT INTO owners VALUES (?)", (blob.blob_id,))
        )
        blob.keep()
        return blob.blob_id

    def files(self) -> set[str]:
        """The ids of the blobs on the disk."""
        return {path.parent.name + path.name for path in self.folder.rglob("*") if path.is_file()}


@pytest.fixture
def blobs(tmp_path: Path) -> Iterator[Blobs]:
    made = Blobs(tmp_path)
    made.store.start()
    yield made
    made.database.stop()


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    made = Database(tmp_path / "kennel.db")
    made.start()
    yield made
    made.stop()
