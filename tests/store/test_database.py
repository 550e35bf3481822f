from __future__ import annotations

import sqlite3
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from kennel.store import Database, Migration, StorageFull

TABLE = Migration("test", 1, "CREATE TABLE items (name TEXT PRIMARY KEY, size INTEGER);")


@pytest.fixture
def items(tmp_path: Path):
    made = Database(tmp_path / "kennel.db", [TABLE])
    made.start()
    yield made
    made.stop()


def add(name: str):
    return lambda connection: connection.execute("INSERT INTO items VALUES (?, 0)", (name,))


def names(database: Database) -> list[str]:
    return database.read(
        lambda connection: [row[0] for row in connection.execute("SELECT name FROM items")]
    )


def test_a_write_is_there_for_the_next_read(items: Database):
    items.write(add("a"))
    assert names(items) == ["a"]


def test_nobody_but_the_owner_reads_the_files_also_those_of_an_older_kennel(tmp_path: Path):
    path = tmp_path / "kennel.db"
    path.touch(0o644)
    made = Database(path, [TABLE])
    made.start()
    made.write(add("a"))
    modes = {one.name: one.stat().st_mode & 0o777 for one in tmp_path.iterdir()}
    made.stop()
    assert modes == {"kennel.db": 0o600, "kennel.db-wal": 0o600, "kennel.db-shm": 0o600}


def test_an_acknowledged_write_is_on_disk(items: Database, tmp_path: Path):
    items.write(add("a"))
    with sqlite3.connect(tmp_path / "kennel.db") as other:
        assert other.execute("PRAGMA journal_mode").fetchone() == ("wal",)
        assert other.execute("SELECT name FROM items").fetchall() == [("a",)]
    assert items.write(lambda c: c.execute("PRAGMA synchronous").fetchone()) == (2,)


def test_a_failed_write_undoes_itself_alone(items: Database):
    """Even in one commit with others, which this makes sure of by holding the writer up."""
    gate = threading.Event()
    held = items.write_soon(lambda connection: gate.wait())

    def half(connection: sqlite3.Connection) -> None:
        add("half")(connection)
        raise LookupError("no")

    good, bad, after = (items.write_soon(work) for work in (add("good"), half, add("after")))
    gate.set()
    held.result()
    good.result()
    with pytest.raises(LookupError):
        bad.result()
    after.result()
    assert sorted(names(items)) == ["after", "good"]


def test_writes_that_wait_share_a_commit(items: Database):
    commits: list[int] = []
    items.before_commit(lambda: commits.append(1))
    gate = threading.Event()
    held = items.write_soon(lambda connection: gate.wait())
    futures = [items.write_soon(add(str(number))) for number in range(100)]
    gate.set()
    held.result()
    for future in futures:
        future.result()
    assert len(commits) <= 2
    assert len(names(items)) == 100


def test_what_must_be_durable_before_fails_the_commit(items: Database):
    failures = [OSError("disk")]

    def work() -> None:
        if failures:
            raise failures.pop()

    items.before_commit(work)
    with pytest.raises(OSError, match="disk"):
        items.write(add("lost"))
    items.write(add("kept"))
    assert names(items) == ["kept"]


def test_a_cancelled_write_does_not_happen_and_the_writer_lives_on(items: Database):
    gate = threading.Event()
    held = items.write_soon(lambda connection: gate.wait())
    cancelled = items.write_soon(add("cancelled"))
    assert cancelled.cancel()
    gate.set()
    held.result()
    items.write(add("next"))
    assert names(items) == ["next"]


def test_a_write_inside_a_write_is_refused_instead_of_waiting_for_ever(items: Database):
    with pytest.raises(RuntimeError, match="inside a write"):
        items.write(lambda connection: items.write(add("inner")))


def test_a_full_disk_is_a_clean_error_and_the_next_write_works(items: Database):
    (pages,) = items.write(lambda c: c.execute("PRAGMA page_count").fetchone())
    items.write(lambda c: c.execute(f"PRAGMA max_page_count = {pages + 2}").fetchone())

    def fill() -> None:
        for number in range(1000):
            items.write(add(str(number) + "x" * 1000))

    with pytest.raises(StorageFull):
        fill()
    (before,) = items.read(lambda c: c.execute("SELECT count(*) FROM items").fetchone())
    items.write(lambda c: c.execute("DELETE FROM items"))
    items.write(add("fits again"))
    assert before > 0
    assert names(items) == ["fits again"]


def test_a_read_sees_one_moment_and_never_waits_for_a_writer(items: Database):
    items.write(add("a"))
    writing, go_on = threading.Event(), threading.Event()

    def slow(connection: sqlite3.Connection) -> None:
        add("b")(connection)
        writing.set()
        go_on.wait()

    def twice(connection: sqlite3.Connection) -> list[int]:
        counts = []
        for _ in range(2):
            counts.append(connection.execute("SELECT count(*) FROM items").fetchone()[0])
            if not go_on.is_set():
                go_on.set()
                future.result()
        return counts

    future = items.write_soon(slow)
    writing.wait()
    assert items.read(twice) == [1, 1]
    assert len(names(items)) == 2


def test_a_read_may_read_again(items: Database):
    assert items.read(lambda connection: names(items)) == []


def test_a_reader_can_not_write(items: Database):
    with pytest.raises(sqlite3.OperationalError):
        items.read(add("a"))


def test_readers_are_as_many_as_read_at_once(items: Database):
    for _ in range(3):
        with ThreadPoolExecutor(4) as pool:
            list(pool.map(lambda _: names(items), range(50)))
    assert 1 <= len(items._readers) <= 4


def test_migrations_run_once_each_and_in_order(tmp_path: Path):
    second = Migration("test", 2, "ALTER TABLE items ADD COLUMN colour TEXT;")
    for migrations in ([TABLE], [TABLE, second], [TABLE, second]):
        database = Database(tmp_path / "kennel.db", migrations)
        database.start()
        if migrations == [TABLE]:
            database.write(add("old"))
        database.stop()
    with sqlite3.connect(tmp_path / "kennel.db") as connection:
        assert connection.execute("SELECT * FROM items").fetchall() == [("old", 0, None)]


def test_a_broken_migration_leaves_the_schema_as_it_was(tmp_path: Path):
    broken = Migration("test", 2, "CREATE TABLE more (x); CREATE TABLE items (x);")
    database = Database(tmp_path / "kennel.db", [TABLE, broken])
    with pytest.raises(sqlite3.OperationalError):
        database.start()
    database = Database(tmp_path / "kennel.db", [TABLE])
    database.start()
    tables = database.read(
        lambda c: {row[0] for row in c.execute("SELECT name FROM sqlite_master")}
    )
    assert "items" in tables
    assert "more" not in tables
    database.stop()


def test_a_stopped_database_has_finished_its_writes_and_takes_no_more(tmp_path: Path):
    database = Database(tmp_path / "kennel.db", [TABLE])
    with pytest.raises(RuntimeError, match="not started"):
        database.write(add("early"))
    database.start()
    futures = [database.write_soon(add(str(number))) for number in range(50)]
    database.stop()
    database.stop()
    assert all(future.done() for future in futures)
    with pytest.raises(RuntimeError, match="not started"):
        database.write(add("late"))
    with sqlite3.connect(tmp_path / "kennel.db") as connection:
        assert connection.execute("SELECT count(*) FROM items").fetchone() == (50,)
