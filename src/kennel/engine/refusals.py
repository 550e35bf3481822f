"""Why this machine does not give processes namespaces of their own: found out by trying, once."""

from __future__ import annotations

import subprocess
import sys
import threading
from pathlib import Path

from kennel.engine.launch import FLAGS

__all__ = ["Refusals", "isolation_notes"]

_PROBE = Path(__file__).parent / "shim" / "probe.py"
_CURE = (
    "User namespaces would keep them out: see the sysctls user.max_user_namespaces, "
    "kernel.unprivileged_userns_clone and kernel.apparmor_restrict_unprivileged_userns; "
    "in Docker, --security-opt seccomp=unconfined."
)
_NAMES = ("mounts", "users", "processes", "network")


class Refusals:
    """Each is a phrase, and empty where the machine does not refuse. The first look takes some
    40 ms."""

    def __init__(self, python: str) -> None:
        self._python = python
        self._lock = threading.Lock()
        self._found: dict[str, str] = {}

    @property
    def mounts(self) -> str:
        """Why a process has no view of its own of the file system."""
        return self._of("mounts")

    @property
    def users(self) -> str:
        """Why it has its user's own number inside, which may be root's."""
        return self._of("users")

    @property
    def processes(self) -> str:
        """Why it sees other processes."""
        return self._of("processes")

    @property
    def network(self) -> str:
        """Why it can't have a network of its own."""
        return self._of("network")

    def _of(self, what: str) -> str:
        with self._lock:
            if not self._found:
                self._found = _try(self._python)
            return self._found[what]


def _try(python: str) -> dict[str, str]:
    if sys.platform != "linux":
        return dict.fromkeys(_NAMES, f"{sys.platform} has no namespaces")
    try:
        done = subprocess.run(
            (python, *FLAGS, str(_PROBE)),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            env={},
            check=False,
        )
    except OSError as error:
        return dict.fromkeys(_NAMES, f"{python} could not be started: {error.strerror}")
    lines = (line.partition(": ") for line in done.stdout.splitlines())
    told = {name: reason.strip() for name, _, reason in lines}
    return {name: told.get(name, "the attempt failed") for name in _NAMES}


def isolation_notes(refusals: Refusals) -> tuple[str, ...]:
    """A sentence for each thing that can't be kept from a process, or given to it, and why."""
    notes = []
    if refusals.mounts:
        notes.append(
            f"Mounts are refused, so there is no /opt/ml: {refusals.mounts}. Processes can read "
            "what your user may, the plane's state and other jobs' files among it."
            + (f" {_CURE}" if sys.platform == "linux" else "")
        )
    elif refusals.users:
        notes.append(
            "Processes are root inside, though without root's capabilities: no user namespace "
            f"can be made here: {refusals.users}. {_CURE}"
        )
    if refusals.processes and not refusals.mounts:
        notes.append(
            "Processes see those of your user, with their environments, and can signal them: no "
            f"pid namespace can be made here: {refusals.processes}. In a container, give it "
            "an unmasked /proc (docker run --security-opt systempaths=unconfined)."
        )
    if refusals.network:
        notes.append(
            f"No process can have a network of its own: {refusals.network}. Training jobs run in "
            "this machine's, so a script that ignores its proxy settings could reach AWS."
        )
    return tuple(notes)
