"""Zygotes for tests with real processes."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from tests.runtimes.serving.zygotes import Zygote, ZygoteFactory


def _factory(folder: Path, made: list[Zygote]) -> ZygoteFactory:
    numbers = itertools.count()

    def make(
        files: Mapping[str, str | bytes] | str, *, start: bool = True, **environment: str
    ) -> Zygote:
        """`files` of the code folder, or the text of inference.py."""
        content = {"inference.py": files} if isinstance(files, str) else files
        zygote = Zygote(folder / f"zygote-{next(numbers)}", content, environment)
        made.append(zygote)
        return zygote.start() if start else zygote

    return make


@pytest.fixture
def zygote(tmp_path: Path) -> Iterator[ZygoteFactory]:
    made: list[Zygote] = []
    yield _factory(tmp_path, made)
    for one in made:
        one.close()


@pytest.fixture(scope="module")
def shared_zygote(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ZygoteFactory]:
    """For models that take long to load: the module's tests fork from one."""
    made: list[Zygote] = []
    yield _factory(tmp_path_factory.mktemp("zygotes"), made)
    for one in made:
        one.close()
