"""Processes that count their pids anew: how one says who it is, and how a test finds it."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

from kennel.engine.shim import proc
from kennel.gateway.plane import ACCOUNT_ID

__all__ = ["WHO", "kill", "lives", "shared"]

WHO = """
def who(pid):
    import os
    with open(f"/proc/{pid}/stat") as file:
        start = file.read().rpartition(")")[2].split()[19]
    return f"{pid}.{start}.{os.stat('/proc/self/ns/pid').st_ino}"

"""
"""For a script: `who(os.getpid())` tells its process from any other of this machine, ever."""


def kill(who: str, number: int) -> None:
    """Sends a signal to a process that lives."""
    pid = _pid(who)
    assert pid is not None, f"{who} has ended"
    os.kill(pid, number)


def lives(who: str) -> bool:
    """Whether it runs, or has ended and nobody has waited for it."""
    return _pid(who) is not None


def shared(state: Path, role: str = "training") -> Path:
    """The folder that jobs of a role can write to, and a test too: it is where they see it."""
    arn = f"arn:aws:iam::{ACCOUNT_ID}:role/{role}"
    folder = state / "cache" / hashlib.sha256(arn.encode()).hexdigest()[:32]
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return folder


def _pid(who: str) -> int | None:
    number, start, namespace = map(int, who.split("."))
    for pid in proc.pids():
        stat = proc.read_stat(pid)
        if stat is None or stat.start != start or proc.inner_pid(pid) != number:
            continue
        try:
            if Path(f"/proc/{pid}/ns/pid").stat().st_ino == namespace:
                return pid
        except FileNotFoundError:
            continue  # it has just ended
    return None
