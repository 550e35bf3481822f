"""What a Python interpreter of this machine has installed, without running any of it."""

from __future__ import annotations

import functools
import importlib.metadata
import json
import platform
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from kennel.services.sagemaker.frameworks import DISTRIBUTIONS

__all__ = ["Interpreter", "InterpreterUnusable"]

# Reads the lists of installed packages; a framework's own import would take seconds.
_ASK = """
import json, platform, sys
versions = {}
try:
    from importlib import metadata
except ImportError:
    metadata = None
for name in sys.argv[1:]:
    try:
        versions[name] = metadata.version(name)
    except Exception:
        pass
print(json.dumps({"python": platform.python_version(), "versions": versions}))
"""
_SECONDS = 60


class InterpreterUnusable(Exception):
    """A file is no Python that runs; the message says what it did instead."""


@dataclass(frozen=True, slots=True)
class Interpreter:
    """`python` is its version, `versions` those of the frameworks that it has."""

    python: str
    versions: Mapping[str, str]

    @classmethod
    def at(cls, path: Path) -> Interpreter:
        """The interpreter at a path. Another than the plane's own is asked once for each change
        of it or of its packages. Raises InterpreterUnusable."""
        if path == Path(sys.executable):
            return cls(platform.python_version(), _own_versions())
        return _asked(path, _stamp(path))


def _own_versions() -> dict[str, str]:
    versions = {}
    for name in DISTRIBUTIONS:
        try:
            versions[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue
    return versions


def _stamp(path: Path) -> tuple[int, ...]:
    """Changes with the interpreter, and with what is installed into an environment around it."""
    folders = sorted(path.parent.parent.glob("lib/python3*/*-packages"))
    try:
        return tuple(one.stat().st_mtime_ns for one in [path, *folders])
    except OSError as error:
        raise InterpreterUnusable(f"{path} can't be read: {error.strerror}") from error


@functools.lru_cache(maxsize=32)
def _asked(path: Path, stamp: tuple[int, ...]) -> Interpreter:
    try:
        done = subprocess.run(
            [str(path), "-c", _ASK, *DISTRIBUTIONS],
            capture_output=True,
            text=True,
            timeout=_SECONDS,
            check=True,
            cwd="/",
        )
        answer = json.loads(done.stdout)
        return Interpreter(str(answer["python"]), dict(answer["versions"]))
    except subprocess.CalledProcessError as error:
        said = (error.stderr or "").strip().rpartition("\n")[2]
        raise InterpreterUnusable(f"{path} ends with {error.returncode}: {said}") from error
    except (OSError, subprocess.TimeoutExpired, ValueError, KeyError, TypeError) as error:
        raise InterpreterUnusable(f"{path} does not run as a Python: {error}") from error
