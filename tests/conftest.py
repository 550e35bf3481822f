"""Fixtures for tests that talk to a real plane over the wire."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

from tests.planes import Plane, clean_environment

# No test asserts a time, hypothesis's own included: a machine may be busy with something else.
settings.register_profile("kennel", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("kennel")

# Jobs have a /tmp of their own and see the rest of the machine read-only: a script can wait for a
# file of a test's only outside of /tmp.
os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", str(Path.home()))

PlaneFactory = Callable[..., Plane]
ClientFactory = Callable[[str], Any]


@pytest.fixture(scope="session", autouse=True)
def _no_settings_of_the_person_who_runs_the_tests() -> Iterator[None]:
    """boto3 clients in this process see no profile, key, region or endpoint from outside."""
    with pytest.MonkeyPatch.context() as patch:
        wanted = clean_environment()
        for name in os.environ.keys() - wanted.keys():
            patch.delenv(name)
        for name, value in wanted.items():
            patch.setenv(name, value)
        yield


@pytest.fixture(scope="session")
def plane(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Plane]:
    """A running plane that all tests share: name resources so that they meet no one else's."""
    shared = Plane(tmp_path_factory.mktemp("plane") / "state")
    try:
        yield shared.start()
    finally:
        shared.close()


@pytest.fixture
def client(plane: Plane) -> ClientFactory:
    """`client("s3")`: a boto3 client of the shared plane, as its root user."""
    return plane.client


@pytest.fixture
def plane_factory(tmp_path: Path) -> Iterator[PlaneFactory]:
    """`plane_factory("--time-scale", "60", start=False)`: a plane of the test's own, which it may
    kill, stop and start again. Runs when it is returned, unless told not to."""
    yield from _planes(tmp_path)


@pytest.fixture(scope="module")
def module_plane_factory(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PlaneFactory]:
    """The same for a plane that the tests of a module share."""
    yield from _planes(tmp_path_factory.mktemp("planes"))


def _planes(folder: Path) -> Iterator[PlaneFactory]:
    planes: list[Plane] = []

    def make(*options: str, start: bool = True, prefix: tuple[str, ...] = ()) -> Plane:
        planes.append(Plane(folder / f"plane-{len(planes)}", *options, prefix=prefix))
        return planes[-1].start() if start else planes[-1]

    yield make
    for one in planes:
        one.close()
