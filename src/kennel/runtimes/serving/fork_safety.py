"""Whether a process may be forked with what users' code has done in it.

Fork copies one thread. A lock that another thread held stays locked in the copy, and a pool of
threads that a library believes in is not there. CUDA can't be used after it at all. A connection
or a file that is open is shared: two copies that read from it take each other's bytes.
"""

from __future__ import annotations

import os
import stat
import sys

from kennel.runtimes.serving.kernel import thread_count

__all__ = ["Census"]


class Census:
    """What is there before users' code runs; `objections` are to what has come since."""

    def __init__(self) -> None:
        self._threads = thread_count()
        self._descriptors = _descriptors()

    def objections(self) -> list[str]:
        """Why a fork would not be safe, as parts of a sentence; empty if it is."""
        found = []
        threads = thread_count() - self._threads
        if threads > 0:
            found.append(f"started {threads} {'thread' if threads == 1 else 'threads'}")
        torch = sys.modules.get("torch")
        if torch is not None and torch.cuda.is_initialized():
            found.append("started CUDA")
        new = _descriptors() - self._descriptors
        modes = [mode for mode in map(_mode, new) if mode is not None]
        if any(map(stat.S_ISSOCK, modes)):
            found.append("left a connection open")
        if any(map(stat.S_ISREG, modes)):
            found.append("left a file open for reading")
        return found


def _descriptors() -> set[int]:
    """Those that are open; the listing itself is not any more."""
    return {fd for fd in map(int, os.listdir("/proc/self/fd")) if _is_open(fd)}


def _is_open(descriptor: int) -> bool:
    try:
        os.fstat(descriptor)
    except OSError:
        return False
    return True


def _mode(descriptor: int) -> int | None:
    """What an open descriptor is; None for a closed one and for a file that is only written."""
    try:
        with open(f"/proc/self/fdinfo/{descriptor}", encoding="ascii") as file:
            fields = dict(line.split(":\t", 1) for line in file if ":\t" in line)
        if int(fields["flags"], 8) & os.O_ACCMODE == os.O_WRONLY:
            return None
        return os.fstat(descriptor).st_mode
    except OSError:
        return None
