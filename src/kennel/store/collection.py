"""Typed documents of one kind, by key, in key order."""

from __future__ import annotations

import builtins
import sqlite3
from collections.abc import Callable
from typing import Generic, TypeVar

import msgspec

from kennel.store.database import Database

__all__ = ["Collection", "Document"]


class Document(msgspec.Struct, kw_only=True, omit_defaults=True):
    """Base of what a collection holds. New fields need a default, so that old rows still load."""


D = TypeVar("D", bound=Document)


def _prefix_end(prefix: str) -> str | None:
    """The smallest string above all that start with `prefix`, or None if there is none."""
    for length in range(len(prefix), 0, -1):
        last = ord(prefix[length - 1])
        if last < 0x10FFFF:
            following = 0xE000 if last == 0xD7FF else last + 1  # no surrogates in UTF-8
            return prefix[: length - 1] + chr(following)
    return None


class Collection(Generic[D]):
    """Documents of type `kind` under `name`; a document is stored as JSON.

    Methods ending in `_in` work on a connection inside somebody's write, so that several
    collections change together or not at all.
    """

    def __init__(self, database: Database, name: str, kind: type[D]) -> None:
        self._database = database
        self._name = name
        self._decoder = msgspec.json.Decoder(kind)
        self._encoder = msgspec.json.Encoder()

    def get(self, key: str) -> D | None:
        """The document, or None."""
        return self._database.read(lambda connection: self.get_in(connection, key))

    def put(self, key: str, document: D) -> None:
        """Stores the document, replacing what was there."""
        self._database.write(lambda connection: self.put_in(connection, key, document))

    def add(self, key: str, document: D) -> bool:
        """Stores the document if the key is free; says whether it was."""
        return self._database.write(lambda connection: self.add_in(connection, key, document))

    def update(self, key: str, change: Callable[[D], D | None]) -> D | None:
        """Applies `change` to the document as it stands in the writing transaction.

        `change` may alter its argument and return it, or return None to leave the stored one as
        it was. Returns what is stored now, or None if there is no such document. An exception of
        `change` leaves the store untouched and is raised here.
        """
        return self._database.write(lambda connection: self.update_in(connection, key, change))

    def delete(self, key: str) -> bool:
        """Removes the document; says whether there was one."""
        return self._database.write(lambda connection: self.delete_in(connection, key))

    def list(
        self, prefix: str = "", after: str = "", limit: int = -1
    ) -> builtins.list[tuple[str, D]]:
        """(key, document) in key order: keys that start with `prefix` and come after `after`."""
        return self._database.read(
            lambda connection: self.list_in(connection, prefix, after, limit)
        )

    def get_in(self, connection: sqlite3.Connection, key: str) -> D | None:
        row = connection.execute(
            "SELECT body FROM documents WHERE collection = ? AND key = ?", (self._name, key)
        ).fetchone()
        return None if row is None else self._decoder.decode(row[0])

    def put_in(self, connection: sqlite3.Connection, key: str, document: D) -> None:
        connection.execute(
            "INSERT OR REPLACE INTO documents VALUES (?, ?, ?)",
            (self._name, key, self._encoder.encode(document)),
        )

    def add_in(self, connection: sqlite3.Connection, key: str, document: D) -> bool:
        cursor = connection.execute(
            "INSERT OR IGNORE INTO documents VALUES (?, ?, ?)",
            (self._name, key, self._encoder.encode(document)),
        )
        return cursor.rowcount == 1

    def update_in(
        self, connection: sqlite3.Connection, key: str, change: Callable[[D], D | None]
    ) -> D | None:
        current = self.get_in(connection, key)
        if current is None:
            return None
        changed = change(current)
        if changed is None:
            return self.get_in(connection, key)
        self.put_in(connection, key, changed)
        return changed

    def delete_in(self, connection: sqlite3.Connection, key: str) -> bool:
        cursor = connection.execute(
            "DELETE FROM documents WHERE collection = ? AND key = ?", (self._name, key)
        )
        return cursor.rowcount == 1

    def list_in(
        self, connection: sqlite3.Connection, prefix: str = "", after: str = "", limit: int = -1
    ) -> builtins.list[tuple[str, D]]:
        end = _prefix_end(prefix)
        rows = connection.execute(
            "SELECT key, body FROM documents WHERE collection = ? AND key >= ? AND key > ? "
            f"{'' if end is None else 'AND key < ? '}ORDER BY key LIMIT ?",
            (self._name, prefix, after, *([] if end is None else [end]), limit),
        )
        return [(key, self._decoder.decode(body)) for key, body in rows]
