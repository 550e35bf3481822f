"""What the kernel knows of processes: start times, threads, whose death ends whom."""

from __future__ import annotations

import ctypes
import os
import signal

__all__ = ["become_subreaper", "die_with_parent", "start_time", "thread_count"]

_PR_SET_PDEATHSIG = 1
_PR_SET_CHILD_SUBREAPER = 36

_library = ctypes.CDLL(None, use_errno=True)


def become_subreaper() -> None:
    """Descendants whose parent ends become the caller's children."""
    _prctl(_PR_SET_CHILD_SUBREAPER, 1)


def die_with_parent(parent: int) -> None:
    """SIGKILL to the caller when its parent ends; the caller ends now if `parent` has already."""
    _prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        os.kill(os.getpid(), signal.SIGKILL)


def start_time(pid: int) -> int:
    """In clock ticks since the boot: with the pid it names a process for ever."""
    with open(f"/proc/{pid}/stat", "rb") as file:
        line = file.read()
    # The name in brackets may hold anything; the start time is the 20th field behind it.
    return int(line[line.rindex(b")") + 1 :].split()[19])


def thread_count() -> int:
    """How many threads this process has, those that Python knows nothing of included."""
    return len(os.listdir("/proc/self/task"))


def _prctl(option: int, value: int) -> None:
    if _library.prctl(option, value, 0, 0, 0) != 0:
        error = ctypes.get_errno()
        raise OSError(error, os.strerror(error))
