"""One SQLite file: one writer with group commit, and readers that never wait for it.

A write is a function of a connection. The writer thread runs all functions that are waiting, each
inside a savepoint of one transaction, commits once, and only then hands their results back: an
acknowledged write is on disk (`synchronous=FULL`), and a hundred concurrent ones cost one fsync.
"""

from __future__ import annotations

import queue
import sqlite3
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

__all__ = ["Database", "Migration"]

T = TypeVar("T")

_BATCH_LIMIT = 256  # writes in one commit; bounds how long the first of them waits


@dataclass(frozen=True, slots=True)
class Migration:
    """One step of one part's schema. Steps of a part run in order, once each, for ever."""

    part: str
    number: int
    script: str


@dataclass(slots=True)
class _Write:
    work: Callable[[sqlite3.Connection], Any]
    future: Future[Any]


class Database:
    """The plane's SQLite file. `start` before use, `stop` at the end."""

    def __init__(self, path: Path, migrations: Sequence[Migration] = ()) -> None:
        self._path = path
        self._migrations = list(migrations)
        self._queue: queue.SimpleQueue[_Write | None] = queue.SimpleQueue()
        self._thread: threading.Thread | None = None
        self._local = threading.local()
        self._readers: list[sqlite3.Connection] = []
        self._readers_lock = threading.Lock()
        self._before_commit: list[Callable[[], None]] = []

    def start(self) -> None:
        """Opens the file, brings its schema up to date, and starts the writer."""
        connection = self._connect()
        connection.execute("PRAGMA journal_mode=WAL")
        _migrate(connection, [*_BASE_MIGRATIONS, *self._migrations])
        self._thread = threading.Thread(
            target=self._write_loop, args=(connection,), name="store-writer", daemon=True
        )
        self._thread.start()

    def stop(self) -> None:
        """Finishes the queued writes and closes every connection."""
        if self._thread is None:
            return
        self._queue.put(None)
        self._thread.join()
        self._thread = None
        with self._readers_lock:
            for reader in self._readers:
                reader.close()
            self._readers.clear()
        self._local = threading.local()

    def before_commit(self, work: Callable[[], None]) -> None:
        """Registers what must be durable before any commit is (the blob store's folder sync)."""
        self._before_commit.append(work)

    def write(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """Runs `work` in a transaction and returns its result once that is on disk.

        An exception rolls back this write alone and is raised here. `work` must not call `write`.
        """
        return self.write_soon(work).result()

    def write_soon(self, work: Callable[[sqlite3.Connection], T]) -> Future[T]:
        """Like `write`, without waiting: the future resolves when the write is on disk."""
        if self._thread is None:
            raise RuntimeError("the database is not started")
        future: Future[T] = Future()
        self._queue.put(_Write(work, future))
        return future

    def read(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """Runs `work` on this thread's own reading connection, on one consistent snapshot."""
        connection = getattr(self._local, "connection", None)
        if connection is None:
            connection = self._connect()
            connection.execute("PRAGMA query_only=1")
            self._local.connection = connection
            with self._readers_lock:
                self._readers.append(connection)
        connection.execute("BEGIN")
        try:
            return work(connection)
        finally:
            connection.execute("ROLLBACK")

    def _connect(self) -> sqlite3.Connection:
        # check_same_thread=False: `stop` closes readers that other threads opened.
        connection = sqlite3.connect(
            self._path, isolation_level=None, check_same_thread=False, cached_statements=256
        )
        connection.execute("PRAGMA synchronous=FULL")
        connection.execute("PRAGMA busy_timeout=10000")
        connection.execute("PRAGMA foreign_keys=ON")
        return connection

    def _write_loop(self, connection: sqlite3.Connection) -> None:
        running = True
        while running:
            first = self._queue.get()
            batch: list[_Write] = []
            while first is not None:
                batch.append(first)
                if len(batch) >= _BATCH_LIMIT or self._queue.empty():
                    break
                first = self._queue.get()
            if first is None:
                running = False
            if batch:
                self._commit(connection, batch)
        connection.close()

    def _commit(self, connection: sqlite3.Connection, batch: list[_Write]) -> None:
        outcomes: list[tuple[_Write, Any, BaseException | None]] = []
        try:
            connection.execute("BEGIN IMMEDIATE")
            for write in batch:
                outcomes.append(_run_in_savepoint(connection, write))
            for work in self._before_commit:
                work()
            connection.execute("COMMIT")
        except BaseException as error:  # the batch is lost: every caller must hear of it
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            for write in batch:
                write.future.set_exception(error)
            return
        for write, result, failure in outcomes:
            if failure is None:
                write.future.set_result(result)
            else:
                write.future.set_exception(failure)


def _run_in_savepoint(
    connection: sqlite3.Connection, write: _Write
) -> tuple[_Write, Any, BaseException | None]:
    connection.execute("SAVEPOINT one")
    try:
        result = write.work(connection)
    except BaseException as error:  # handed to the caller, who waits on the future
        connection.execute("ROLLBACK TO one")
        connection.execute("RELEASE one")
        return write, None, error
    connection.execute("RELEASE one")
    return write, result, None


_BASE_MIGRATIONS = [
    Migration(
        "documents",
        1,
        """
        CREATE TABLE documents (
            collection TEXT NOT NULL,
            key TEXT NOT NULL,
            body BLOB NOT NULL,
            PRIMARY KEY (collection, key)
        ) WITHOUT ROWID;
        """,
    )
]


def _migrate(connection: sqlite3.Connection, migrations: Sequence[Migration]) -> None:
    connection.execute(
        "CREATE TABLE IF NOT EXISTS migrations (part TEXT, number INTEGER, PRIMARY KEY (part, number))"
    )
    done = set(connection.execute("SELECT part, number FROM migrations"))
    for migration in migrations:
        if (migration.part, migration.number) in done:
            continue
        # executescript commits what is open first, so the script carries its own transaction.
        connection.executescript(
            f"BEGIN IMMEDIATE;{migration.script};"
            f"INSERT INTO migrations VALUES ('{migration.part}', {migration.number});COMMIT;"
        )
