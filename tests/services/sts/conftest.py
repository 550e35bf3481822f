"""A stage with IAM and STS on it, where policies decide: trust policies above all."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from kennel.auth import IamMode, PolicyAuthorizer
from tests.services.iam.stage import Stage


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    with Stage(tmp_path / "state", authorizer=PolicyAuthorizer(IamMode.ENFORCE)) as one:
        yield one
