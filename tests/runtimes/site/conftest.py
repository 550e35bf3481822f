from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from kennel.runtimes import SITE_FOLDER

Python = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def python(tmp_path: Path) -> Python:
    """Runs code with the site folder and then `tmp_path` first on the path."""

    def run(
        code: str, *, mended: bool = True, **variables: str
    ) -> subprocess.CompletedProcess[str]:
        path = ([SITE_FOLDER] if mended else []) + [str(tmp_path)]
        environment = {"PATH": os.environ["PATH"], "PYTHONPATH": os.pathsep.join(path)}
        return subprocess.run(
            [sys.executable, "-c", code],
            env=environment | variables,
            capture_output=True,
            text=True,
        )

    return run
