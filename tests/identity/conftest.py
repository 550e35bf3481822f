"""A credential directory on a database of the test's own."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from kennel.clock import SimulatedClock
from kennel.identity import CredentialDirectory
from kennel.store import Database

ACCOUNT = "000011112222"

DirectoryFactory = Callable[[], CredentialDirectory]


@pytest.fixture
def clock() -> SimulatedClock:
    return SimulatedClock()


@pytest.fixture
def directory_factory(tmp_path: Path, clock: SimulatedClock) -> Iterator[DirectoryFactory]:
    """`directory_factory()`: a started directory; each further call is a restart of the plane."""
    databases: list[Database] = []

    def make() -> CredentialDirectory:
        if databases:
            databases[-1].stop()
        databases.append(Database(tmp_path / "kennel.db"))
        databases[-1].start()
        directory = CredentialDirectory(databases[-1], clock, ACCOUNT, tmp_path)
        directory.start()
        return directory

    yield make
    for database in databases:
        database.stop()
