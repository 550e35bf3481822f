"""A record on a database of the test's own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from kennel.decisions import MIGRATIONS, DecisionRecord
from kennel.store import Database


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    made = Database(tmp_path / "kennel.db", MIGRATIONS)
    made.start()
    yield made
    made.stop()


@pytest.fixture
def record(database: Database) -> Iterator[DecisionRecord]:
    made = DecisionRecord(database)
    made.start()
    yield made
    made.stop()
