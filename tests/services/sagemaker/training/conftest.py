from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.services.sagemaker.training.bench import Bench


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    """A plane that the module's tests share; each names its jobs so that they meet no other's."""
    shared = Bench(tmp_path_factory.mktemp("bench") / "state").start()
    yield shared
    shared.stop()
