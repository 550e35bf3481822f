"""One SQLite file: one writer with group commit, and readers that never wait for it.

A write is a function of a connection. The writer thread runs all functions that are waiting, each
inside a savepoint of one transaction, commits once, and only then hands their results back: an
acknowledged write is on disk (`synchronous=FULL`), and a hundred concurrent ones cost one fsync.
"""

from __future__ import annotations

import logging
import os
import queue
import sqlite3
import threading
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from kennel.store.errors import StorageFull

__all__ = ["Database", "Migration"]

log = logging.getLogger(__name__)

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
        # Readers that are free, the one used last first: its pages and statements are warm. There
        # are as many as threads ever read at once.
        self._readers: deque[sqlite3.Connection] = deque()
        self._before_commit: list[Callable[[], None]] = []

    def start(self) -> None:
        """Opens the file, brings its schema up to date, and starts the writer. Nobody but the owner
        can read the file, nor what SQLite keeps beside it: there are secrets in it."""
        _make_private(self._path)
        connection = self._connect()
        try:
            connection.execute("PRAGMA journal_mode=WAL")
            _migrate(connection, [*_BASE_MIGRATIONS, *self._migrations])
        except BaseException:
            connection.close()
            raise
        self._thread = threading.Thread(
            target=self._write_loop, args=(connection,), name="store-writer", daemon=True
        )
        self._thread.start()

    def stop(self) -> None:
        """Finishes the queued writes and closes every connection."""
        if self._thread is None:
            return
        thread, self._thread = self._thread, None
        self._queue.put(None)
        thread.join()
        while not self._queue.empty():  # came in while this stopped
            late = self._queue.get()
            if late is not None and late.future.set_running_or_notify_cancel():
                late.future.set_exception(RuntimeError("the database is stopped"))

    def before_commit(self, work: Callable[[], None]) -> None:
        """Registers what must be durable before any commit is (the blob store's folder sync)."""
        self._before_commit.append(work)

    def write(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """Runs `work` in a transaction and returns its result once that is on disk.

        An exception rolls back this write alone and is raised here; StorageFull if the disk is
        full. `work` must not call `write`, and must not keep the connection.
        """
        if threading.current_thread() is self._thread:
            raise RuntimeError("a write inside a write would wait for itself")
        return self.write_soon(work).result()

    def write_soon(self, work: Callable[[sqlite3.Connection], T]) -> Future[T]:
        """Like `write`, without waiting: the future resolves when the write is on disk."""
        if self._thread is None:
            raise RuntimeError("the database is not started")
        future: Future[T] = Future()
        self._queue.put(_Write(work, future))
        return future

    def read(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """Runs `work` on a reading connection, on one consistent snapshot.

        Never waits for a writer. `work` must not keep the connection, nor a cursor of it.
        """
        try:
            connection = self._readers.pop()
        except IndexError:
            connection = self._connect()
            connection.execute("PRAGMA query_only=1")
        connection.execute("BEGIN")
        try:
            return work(connection)
        finally:
            connection.execute("ROLLBACK")
            if self._thread is None:
                connection.close()
            else:
                self._readers.append(connection)

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
        # The writer goes last: it takes the write-ahead log back into the file.
        while self._readers:
            self._readers.pop().close()
        connection.close()

    def _commit(self, connection: sqlite3.Connection, batch: list[_Write]) -> None:
        # A future that its caller cancelled is not started; once it runs it can't be cancelled.
        batch = [write for write in batch if write.future.set_running_or_notify_cancel()]
        outcomes: list[_Outcome] = []
        try:
            connection.execute("BEGIN IMMEDIATE")
            for write in batch:
                outcomes.append(_run_in_savepoint(connection, write))
            for work in self._before_commit:
                work()
            connection.execute("COMMIT")
        except BaseException as error:  # the batch is lost: every caller must hear of it
            log.exception("a commit of %d writes failed", len(batch))
            _roll_back(connection)
            for write in batch:
                write.future.set_exception(self._meaning(error))
            return
        for outcome in outcomes:
            if outcome.failure is None:
                outcome.future.set_result(outcome.result)
            else:
                outcome.future.set_exception(self._meaning(outcome.failure))

    def _meaning(self, error: BaseException) -> BaseException:
        if isinstance(error, sqlite3.Error) and error.sqlite_errorcode == sqlite3.SQLITE_FULL:
            full = StorageFull(self._path)
            full.__cause__ = error
            return full
        return error


def _make_private(path: Path) -> None:
    """Makes the file if need be. SQLite gives what it makes beside it the same mode; what is there
    from before is set right."""
    os.close(os.open(path, os.O_RDONLY | os.O_CREAT | os.O_CLOEXEC, 0o600))
    for one in (path, Path(f"{path}-wal"), Path(f"{path}-shm")):
        if one.exists():
            one.chmod(0o600)


def _roll_back(connection: sqlite3.Connection) -> None:
    try:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
    except sqlite3.Error:  # a disk in trouble; the next BEGIN will tell
        log.exception("a failed commit could not be rolled back")


@dataclass(slots=True)
class _Outcome:
    future: Future[Any]
    result: Any = None
    failure: BaseException | None = None


def _run_in_savepoint(connection: sqlite3.Connection, write: _Write) -> _Outcome:
    connection.execute("SAVEPOINT one")
    try:
        result = write.work(connection)
    except BaseException as error:  # handed to the caller, who waits on the future
        if not connection.in_transaction:
            raise  # SQLite gave up the whole transaction (a full disk, an I/O error)
        connection.execute("ROLLBACK TO one")
        connection.execute("RELEASE one")
        return _Outcome(write.future, failure=error)
    connection.execute("RELEASE one")
    return _Outcome(write.future, result)


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
        "CREATE TABLE IF NOT EXISTS migrations "
        "(part TEXT, number INTEGER, PRIMARY KEY (part, number))"
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
