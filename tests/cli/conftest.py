from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from typing import Any

import pytest

from tests.planes import clean_environment

Kennel = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def kennel(tmp_path) -> Kennel:
    """`kennel("up", "--port", "0", KENNEL_REGION="eu-west-1")`: the real command, with a state
    folder of the test's own as its default."""

    def run(*arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
        environment: dict[str, Any] = {"KENNEL_STATE": str(tmp_path / "state"), **variables}
        return subprocess.run(
            [sys.executable, "-m", "kennel", *arguments],
            env=clean_environment() | environment,
            capture_output=True,
            text=True,
            timeout=120,
        )

    return run
