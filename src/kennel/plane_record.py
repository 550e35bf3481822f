"""`plane.json`: where a running plane can be reached, for clients that share its state folder."""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path

__all__ = ["PlaneRecord", "process_start_time"]

_NAME = "plane.json"


@dataclass(frozen=True, slots=True)
class PlaneRecord:
    """A plane that is (or was) ready. `start_time` is `process_start_time(pid)`: a pid alone may
    have gone to another process since."""

    pid: int
    start_time: int
    port: int
    url: str
    region: str
    version: str

    def write(self, state: Path) -> None:
        """Publishes the record: readers see the old one or this one, whole."""
        temporary = state / f".{_NAME}.{os.getpid()}"
        temporary.write_text(json.dumps(asdict(self)) + "\n")
        os.replace(temporary, state / _NAME)

    @classmethod
    def read(cls, state: Path) -> PlaneRecord | None:
        """The record in a state folder, or None if there is none that makes sense."""
        try:
            return cls(**json.loads((state / _NAME).read_text()))
        except (OSError, ValueError, TypeError):
            return None

    @staticmethod
    def remove(state: Path) -> None:
        """Takes the record away, as a plane does when it stops."""
        (state / _NAME).unlink(missing_ok=True)

    def is_alive(self) -> bool:
        """Whether the recorded process still runs, and is still that process."""
        return process_start_time(self.pid) == self.start_time


def process_start_time(pid: int) -> int | None:
    """When a process started, in clock ticks since boot (proc(5)); None if it runs no more.

    A zombie runs no more. Where there is no /proc, a running process has start time 0.
    """
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        if os.path.isdir("/proc/self"):
            return None
        return 0 if _exists(pid) else None
    return None if fields[0] in "ZX" else int(fields[19])


def _exists(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
