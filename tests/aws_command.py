"""The AWS command line, pointed at a plane."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from tests.planes import Plane, clean_environment

__all__ = ["AwsCommand"]


class AwsCommand:
    """`aws("s3", "ls")` runs the command in `folder` and returns what it printed; it must succeed.

    Written for the names of a shell: a word of several parts is one argument.
    """

    def __init__(self, plane: Plane, folder: Path) -> None:
        connection = plane.connection
        self.folder = folder
        self._program = str(Path(sys.executable).with_name("aws"))
        self._environment = clean_environment() | {
            "AWS_ENDPOINT_URL": plane.url,
            "AWS_ACCESS_KEY_ID": connection.access_key_id,
            "AWS_SECRET_ACCESS_KEY": connection.secret_access_key,
            "AWS_DEFAULT_REGION": connection.region,
        }

    def __call__(self, *words: str, given: str | bytes = b"") -> str:
        done = self.run(*words, given=given)
        assert done.returncode == 0, done.stderr.decode()
        return done.stdout.decode()

    def json(self, *words: str) -> Any:
        """The same with JSON for what it printed, read; None if it printed nothing."""
        printed = self(*words, "--output", "json")
        return json.loads(printed) if printed else None

    def fails(self, *words: str) -> tuple[int, str]:
        """Exit status and standard error of a command that must not succeed."""
        done = self.run(*words)
        assert done.returncode != 0, done.stdout.decode()
        return done.returncode, done.stderr.decode().strip()

    def run(self, *words: str, given: str | bytes = b"") -> subprocess.CompletedProcess[bytes]:
        """Runs it with `given` at its standard input."""
        return subprocess.run(
            [self._program, *words],
            env=self._environment,
            cwd=self.folder,
            input=given.encode() if isinstance(given, str) else given,
            capture_output=True,
            timeout=300,
        )
