"""A process of this machine, known by its folder; the plane need not be its parent."""

from __future__ import annotations

import logging
import os
import signal
import threading
import time
from pathlib import Path

from kennel.engine.interface import Exit, Usage
from kennel.engine.records import Ending, Record, read_ending, read_record, write_ending
from kennel.engine.shim import cgroup, proc

__all__ = ["LocalProcess"]

_log = logging.getLogger(__name__)
_LOST_CODE = 128 + signal.SIGKILL  # what the kernel does to a command whose shim dies
_BURIAL_SECONDS = 1.0  # a process that was killed is usually gone at once


class LocalProcess:
    """Reads files and asks the kernel; holds nothing that a restart of the plane would lose."""

    def __init__(self, folder: Path, record: Record, *, is_child: bool = False) -> None:
        self._folder = folder
        self._record = record
        self._is_child = is_child
        self._groups = list(record.groups)
        self._is_here = record.machine == proc.machine()  # else the pids mean nothing
        self._lock = threading.Lock()
        self._ending: Ending | None = None
        self._peak_bytes = 0

    @property
    def folder(self) -> Path:
        return self._folder

    @property
    def pid(self) -> int:
        return self._record.pid

    @property
    def command(self) -> tuple[int, int]:
        """The pid and start time of the command itself."""
        return self._record.pid, self._record.start

    @property
    def shim(self) -> tuple[int, int]:
        """The pid and start time of the shim, whose end is the end of everything."""
        return self._record.shim_pid, self._record.shim_start

    def poll(self) -> Exit | None:
        """Its end, or None while it runs (its leftovers included)."""
        with self._lock:
            if self._ending is None:
                self._ending = self._find_ending()
            return self._ending.exit if self._ending else None

    def wait(self, timeout: float | None = None) -> Exit | None:
        """Waits for its end, at most `timeout` seconds; None if it still runs."""
        deadline = None if timeout is None else time.monotonic() + timeout
        while (ended := self.poll()) is None:
            rest = None if deadline is None else deadline - time.monotonic()
            if rest is not None and rest <= 0:
                return None
            proc.wait_for_end(*self.shim, rest)
        return ended

    def terminate(self) -> None:
        """SIGTERM to the process group; returns at once."""
        self._ask(signal.SIGUSR1)

    def kill(self) -> None:
        """SIGKILL to everything that belongs to the process; returns at once."""
        self._ask(signal.SIGUSR2)

    def stop(self, grace: float) -> Exit:
        """SIGTERM, `grace` seconds, SIGKILL; returns its end."""
        self.terminate()
        ended = self.wait(grace)
        while ended is None:
            self.kill()
            ended = self.wait()
        return ended

    def usage(self) -> Usage:
        """What the whole group uses. The peak is the highest that any call saw, or the highest of
        any single process, whichever is more."""
        if self.poll() is None:
            usage = self._usage_now()
            if usage is not None:
                return usage
        self.wait(1.0)
        ending = self._ending or Ending(Exit(code=0))
        peak = max(self._peak_bytes, ending.peak_memory_bytes)
        return Usage(ending.cpu_seconds, 0, peak)

    def pid_of(self, number: int, start: int) -> int | None:
        """This machine's pid of the descendant that calls itself `number`; None if it has ended."""
        if not self._record.own_pids:
            return number if proc.is_alive(number, start) else None
        if not self._is_here or not proc.is_alive(*self.shim):
            return None
        for pid in proc.descendants(self._record.shim_pid):
            if proc.inner_pid(pid) == number and proc.is_alive(pid, start):
                return pid
        return None

    def settle(self) -> None:
        """After the shim's end: waits for it if it was ours, and records an end that nobody saw."""
        if self._is_child:
            try:
                os.waitpid(self._record.shim_pid, 0)
            except ChildProcessError:
                pass
            self._is_child = False
        self.poll()

    def _ask(self, number: int) -> None:
        # The shim passes it on: only the command's parent can be sure whose pid it is.
        if self._is_here and self.poll() is None:
            proc.signal_process(*self.shim, number)

    def _find_ending(self) -> Ending | None:
        ending = read_ending(self._folder)
        if ending is not None:
            return ending
        if self._is_here and proc.is_alive(*self.shim):
            return None
        # It may have written its last word between the two looks.
        return read_ending(self._folder) or self._bury()

    def _bury(self) -> Ending:
        """Ends what a dead shim left behind and records the loss."""
        record = self._record
        if self._is_here:
            cgroup.kill(self._groups)
            if proc.is_alive(record.pid, record.start):
                _kill_group(record.pid)
            for pid in _orphans(record, self._folder / "log"):
                proc.signal_process(pid, proc.start_time(pid) or 0, signal.SIGKILL)
            proc.wait_for_end(record.pid, record.start, _BURIAL_SECONDS)
            for left in cgroup.remove(self._groups):
                _log.warning("the control group %s still holds processes and stays", left)
        ended = Exit(code=_LOST_CODE, lost=True, started=record.started, ended=time.time())
        ending = Ending(ended, peak_memory_bytes=self._peak_bytes)
        # Its folder may be gone by now, and another process have one of that name.
        if read_record(self._folder) == record:
            try:
                write_ending(self._folder, ending)
            except OSError as error:
                _log.warning("the end of %s could not be recorded: %s", self._folder, error)
        return ending

    def _usage_now(self) -> Usage | None:
        """None if it ends while we look."""
        shim = proc.read_stat(self._record.shim_pid) if proc.LINUX else None
        if shim is None or shim.start != self._record.shim_start:
            return None
        family = proc.descendants(self._record.shim_pid)
        memory = cgroup.memory(self._groups)
        if memory is None:
            memory = sum(map(proc.proportional, family))
        seconds = cgroup.cpu_seconds(self._groups)
        if seconds is None:
            # Each ended process's time went to the one that waited for it.
            stats = [stat for stat in map(proc.read_stat, family) if stat is not None]
            ticks = shim.children_ticks + sum(stat.ticks + stat.children_ticks for stat in stats)
            seconds = ticks / proc.TICKS
        largest = max(map(proc.high_water, family), default=0)
        self._peak_bytes = max(self._peak_bytes, memory, largest)
        return Usage(seconds, memory, self._peak_bytes)


def _kill_group(pid: int) -> None:
    try:
        os.killpg(pid, signal.SIGKILL)
    except (ProcessLookupError, PermissionError):
        return


def _orphans(record: Record, log: Path) -> list[int]:
    """What is left of the command's session, where no control group tells.

    A session's number may be used again, so only processes count that have our log open too.
    """
    try:
        ours = os.stat(log)
    except OSError:
        return []
    found = []
    for pid in proc.pids():
        stat = proc.read_stat(pid)
        if stat is None or stat.session != record.pid or stat.start < record.start:
            continue
        if any(os.path.samestat(ours, theirs) for theirs in _open_files(pid)):
            found.append(pid)
    return found


def _open_files(pid: int) -> list[os.stat_result]:
    files = []
    try:
        for name in os.listdir(f"/proc/{pid}/fd"):
            files.append(os.stat(f"/proc/{pid}/fd/{name}"))
    except OSError:
        return files
    return files
