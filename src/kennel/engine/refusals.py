"""Why this machine does not give processes namespaces of their own: found out by trying, once."""

from __future__ import annotations

import subprocess
import sys
import threading
from pathlib import Path

from kennel.engine.launch import FLAGS

__all__ = ["Refusals"]

_PROBE = Path(__file__).parent / "shim" / "probe.py"


class Refusals:
    """Each is a phrase, and empty where the machine does not refuse. The first look at one takes
    some 20 ms."""

    def __init__(self, python: str) -> None:
        self._python = python
        self._lock = threading.Lock()
        self._found: dict[str, str] = {}

    @property
    def mounts(self) -> str:
        return self._of("mounts")

    @property
    def network(self) -> str:
        return self._of("network")

    def _of(self, what: str) -> str:
        with self._lock:
            if what not in self._found:
                self._found[what] = _try(self._python, what)
            return self._found[what]


def _try(python: str, what: str) -> str:
    if sys.platform != "linux":
        return f"{sys.platform} has no namespaces"
    done = subprocess.run(
        (python, *FLAGS, str(_PROBE), what),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        env={},
        check=False,
    )
    return "" if done.returncode == 0 else done.stdout.strip() or "the attempt failed"
