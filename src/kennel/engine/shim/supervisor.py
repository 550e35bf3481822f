"""Stays with one command until its end, and writes down how that came.

The shim imports this file without the rest of Kennel.
"""

from __future__ import annotations

import os
import resource
import select
import sys
import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    import signal
    from collections.abc import Callable
else:
    import _signal as signal  # the public module takes 3 ms, all of it for enums

if TYPE_CHECKING or __package__:
    from kennel.engine.shim import cgroup, command, durable, network, privileges, proc
else:
    import cgroup
    import command
    import durable
    import network
    import privileges
    import proc

__all__ = ["Supervisor"]

_LINUX = sys.platform == "linux"
_MEMORY_SECONDS = 0.2  # how often memory is looked at where no cgroup bounds it
_OOM_SECONDS, _OOM_ROUNDS = 0.02, 50  # after a warning: how often, how many times
_LEFTOVER_SECONDS = 10.0  # how long the killed may take to go; some hang in the kernel
_EXIT_BYTES = 512  # kept on the disk for exit.json


class Supervisor:
    """The command and all that came of it."""

    def __init__(self, folder: str, task: command.Task) -> None:
        self._folder = folder
        self._task = task
        self._watch_bytes = task.watch_bytes
        self._pid = 0  # 0 before the fork and after the wait
        self._status = 0
        self._started = 0.0
        self._groups: list[str] = []
        self._asked: set[int] = set()
        self._poller = select.poll()
        self._wakeup = -1
        self._go = -1  # open for as long as the shim lives: a pid namespace ends with it
        self._has_namespace = False  # whether the command has pids of its own
        self._oom_event: int | None = None
        self._oom_rounds = 0
        self._over_memory = False
        self._peak_bytes = 0

    def start(self, plane: int) -> None:
        """Returns when the command is recorded and let go. Raises StartFailed.

        `plane` is the pipe on which the plane waits for the news; if nobody does, nothing starts.
        """
        self._listen()
        privileges.become_subreaper()
        if self._task.joins is not None:
            network.take_lease(self._task.joins[0])  # held for as long as this process lives
        try:
            self._make_groups()
            self._fork()
            _check_plane(plane)
            self._record()
        except BaseException:
            self._kill_everything()
            self._reap_leftovers()
            cgroup.remove(self._groups)
            raise
        os.write(self._go, b"g")
        del self._task  # it may hold secrets, and the shim lives long

    def supervise(self) -> None:
        """Waits for the command's end, ends what it left behind, writes exit.json."""
        while not self._has_ended():
            self._wait()
            asked, self._asked = self._asked, set()
            if signal.SIGUSR1 in asked:
                _kill(os.killpg, self._pid, signal.SIGTERM)
            if signal.SIGUSR2 in asked or self._is_over_memory():
                self._kill_everything()
        ended = time.time()
        self._kill_everything()
        self._reap_leftovers()
        if cgroup.oom_kills(self._groups) > 0:
            self._over_memory = True
            # Version 1 may take a child only, and the command end by itself before it is killed.
            self._status = signal.SIGKILL
        cgroup.remove(self._groups)
        os.fsync(1)
        self._write_exit(self._exit_text(ended))

    def _listen(self) -> None:
        """Signals only wake the loop; the loop acts."""
        self._wakeup, wakeup = os.pipe()
        for fd in (self._wakeup, wakeup):
            os.set_blocking(fd, False)
        signal.set_wakeup_fd(wakeup, warn_on_full_buffer=False)
        for number in (signal.SIGCHLD, signal.SIGUSR1, signal.SIGUSR2):
            signal.signal(number, lambda number, _: self._asked.add(number))
        self._poller.register(self._wakeup, select.POLLIN)

    def _make_groups(self) -> None:
        name = cgroup.leaf_name(os.getpid(), proc.start_time(os.getpid()) or 0)
        for parent, settings in self._task.groups:
            try:
                self._groups.append(cgroup.create(parent, name, settings))
            except OSError as error:
                raise command.StartFailed(
                    f"no control group could be made in {parent}: {error.strerror}"
                ) from None
        self._oom_event = cgroup.watch_memory(self._groups)
        if self._oom_event is not None:
            self._poller.register(self._oom_event, select.POLLIN)

    def _fork(self) -> None:
        """Starts the child and hears that it is ready to be let go."""
        ready, ready_child = os.pipe()
        go_child, self._go = os.pipe()
        self._pid = os.fork()
        if self._pid == 0:
            os.close(self._go)
            command.become(self._task, self._groups, ready_child, go_child)
        os.close(ready_child)
        os.close(go_child)
        answer = b""
        while part := os.read(ready, 4096):
            answer += part
        os.close(ready)
        lines = answer.splitlines()
        pids = [int(line[4:]) for line in lines if line.startswith(b"pid ")]
        if b"ok" not in lines:
            reasons = b" ".join(line for line in lines if not line.startswith(b"pid "))
            raise command.StartFailed(reasons.decode() or "it died before it was executed")
        if pids:
            # It made a pid namespace and what is in there, which is ours with its end.
            os.waitpid(self._pid, 0)
            self._pid = pids[0]
            self._has_namespace = True

    def _record(self) -> None:
        self._started = time.time()
        shim = os.getpid()
        text = (
            f'{{"pid": {self._pid}, "start": {proc.start_time(self._pid) or 0}, '
            f'"shim_pid": {shim}, "shim_start": {proc.start_time(shim) or 0}, '
            f'"machine": {durable.quote(proc.machine())}, "started": {self._started!r}, '
            f'"own_pids": {"true" if self._has_namespace else "false"}, '
            f'"groups": [{", ".join(map(durable.quote, self._groups))}]}}\n'
        )
        try:
            # A disk that is full when the command ends must not swallow its end.
            durable.write(f"{self._folder}/exit.tmp", b" " * _EXIT_BYTES)
            durable.write(f"{self._folder}/process.tmp", text.encode())
            durable.rename(self._folder, "process.tmp", "process.json")
        except OSError as error:
            raise command.StartFailed(
                f"{self._folder} could not be written: {error.strerror}"
            ) from None

    def _wait(self) -> None:
        """Until something happens, or it is time to look at the memory."""
        seconds = None if self._watch_bytes is None else _MEMORY_SECONDS
        if self._oom_rounds:
            self._oom_rounds -= 1
            seconds = _OOM_SECONDS
        for fd, _ in self._poller.poll(None if seconds is None else seconds * 1000):
            if fd == self._wakeup:
                _drain(fd)
            else:
                os.eventfd_read(fd)
                self._oom_rounds = _OOM_ROUNDS

    def _is_over_memory(self) -> bool:
        if self._oom_rounds and cgroup.oom_kills(self._groups) > 0:
            # The kernel took one process of the group; half a group is of use to nobody. (It also
            # warns when a group above ours is full, and may then take somebody else's process.)
            self._over_memory = True
            self._oom_rounds = 0
            return True
        if self._watch_bytes is None:
            return False
        family = proc.descendants(os.getpid())
        used = sum(map(proc.resident, family))
        if used > self._watch_bytes:
            # Pages that forked processes share were counted once for each of them.
            used = sum(map(proc.proportional, family))
        self._peak_bytes = max(self._peak_bytes, used)
        self._over_memory = self._over_memory or used > self._watch_bytes
        return used > self._watch_bytes

    def _has_ended(self) -> bool:
        """Whether the command has; also waits for the orphans that came to the shim.

        The command itself stays a zombie, so that its pid and its group's number can't become
        anybody else's before the group is killed.
        """
        if not _LINUX:  # has no waitid in Python 3.11
            pid, self._status = os.waitpid(self._pid, os.WNOHANG)
            return pid != 0
        while ended := os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT):
            if ended.si_pid == self._pid:
                return True
            os.waitpid(ended.si_pid, 0)
        return False

    def _kill_everything(self) -> None:
        cgroup.kill(self._groups)
        for pid in proc.descendants(os.getpid()):
            _kill(os.kill, pid, signal.SIGKILL)
        if self._pid:
            _kill(os.killpg, self._pid, signal.SIGKILL)

    def _reap_leftovers(self) -> None:
        """Waits for all descendants that have been killed."""
        if self._oom_event is not None:
            self._poller.unregister(self._oom_event)
            self._oom_event = None
        deadline = time.monotonic() + _LEFTOVER_SECONDS
        while time.monotonic() < deadline:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if pid == 0:
                self._poller.poll(20)
                _drain(self._wakeup)
                self._kill_everything()  # what was forked during the last round too
            elif pid == self._pid:
                self._pid, self._status = 0, status

    def _exit_text(self, ended: float) -> str:
        code = os.waitstatus_to_exitcode(self._status)
        usage = resource.getrusage(resource.RUSAGE_CHILDREN)
        largest = usage.ru_maxrss * (1024 if _LINUX else 1)
        return (
            f'{{"code": {code if code >= 0 else 128 - code}, '
            f'"signal": {-code if code < 0 else "null"}, '
            f'"out_of_memory": {"true" if self._over_memory else "false"}, "lost": false, '
            f'"started": {self._started!r}, "ended": {ended!r}, '
            f'"cpu_seconds": {usage.ru_utime + usage.ru_stime!r}, '
            f'"peak_memory_bytes": {max(largest, self._peak_bytes)}}}\n'
        )

    def _write_exit(self, text: str) -> None:
        while True:
            try:
                durable.write(f"{self._folder}/exit.tmp", text.encode())
                durable.rename(self._folder, "exit.tmp", "exit.json")
            except FileNotFoundError:
                return  # the folder was deleted: nobody wants to know
            except OSError as error:
                os.write(1, f"kennel: exit.json was not written, trying again: {error}\n".encode())
                time.sleep(1)
            else:
                return


def _check_plane(plane: int) -> None:
    """A plane that died before the record would start the command again in its next life."""
    poller = select.poll()
    poller.register(plane, 0)
    if any(event & (select.POLLERR | select.POLLHUP) for _, event in poller.poll(0)):
        raise command.StartFailed("the plane is gone")


def _drain(fd: int) -> None:
    try:
        while os.read(fd, 4096):
            continue
    except BlockingIOError:
        return


def _kill(send: Callable[[int, int], None], pid: int, number: int) -> None:
    try:
        send(pid, number)
    except (ProcessLookupError, PermissionError):
        return
