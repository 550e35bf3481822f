"""What the kernel says about processes: who they are, whose children, what they use.

The shim imports this file without the rest of Kennel, so it needs only what starts at no cost
(no dataclasses, no typing at run time). A process is known by its pid *and* its start time: a pid
alone may belong to somebody else by now.
"""

from __future__ import annotations

import os
import select
import sys

__all__ = [
    "Stat",
    "descendants",
    "high_water",
    "inner_pid",
    "is_alive",
    "machine",
    "open_pidfd",
    "parse_stat",
    "pids",
    "proportional",
    "read_stat",
    "resident",
    "signal_process",
    "start_time",
    "tasks_of_user",
    "wait_for_end",
]

LINUX = sys.platform == "linux"
TICKS = os.sysconf("SC_CLK_TCK")
_KERNEL_LISTS_CHILDREN = os.path.exists("/proc/thread-self/children")  # CONFIG_PROC_CHILDREN
_PAGE = os.sysconf("SC_PAGE_SIZE")
_POLL_SECONDS = 0.02  # where no pidfd is to be had


class Stat:
    """A line of /proc/PID/stat. Times are in clock ticks, `start` counted from the boot."""

    __slots__ = ("children_ticks", "parent", "session", "start", "state", "threads", "ticks")

    def __init__(self, fields: list[bytes]) -> None:
        self.state = fields[0].decode("ascii", "replace")
        self.parent = int(fields[1])
        self.session = int(fields[3])
        self.ticks = int(fields[11]) + int(fields[12])
        self.children_ticks = int(fields[13]) + int(fields[14])
        self.threads = int(fields[17])
        self.start = int(fields[19])

    @property
    def ended(self) -> bool:
        """True for a process that nobody has waited for yet."""
        return self.state in "ZXx"


def parse_stat(line: bytes) -> Stat:
    """Parses /proc/PID/stat. The name in it may hold spaces and brackets. Raises ValueError."""
    fields = line[line.rindex(b")") + 1 :].split()
    if len(fields) < 20:
        raise ValueError("a /proc/PID/stat line has at least 22 fields")
    return Stat(fields)


def read_stat(pid: int) -> Stat | None:
    """None if there is no such process."""
    raw = _read(f"/proc/{pid}/stat")
    return parse_stat(raw) if raw else None


def start_time(pid: int) -> int | None:
    """When process `pid` started, or None if there is none; a zombie counts as none.

    Clock ticks since the boot on Linux, seconds since the epoch elsewhere: only for comparing.
    """
    if LINUX:
        stat = read_stat(pid)
        return None if stat is None or stat.ended else stat.start
    return _start_time_by_ps(pid)


def is_alive(pid: int, start: int) -> bool:
    """Whether the process that was started at `start` still runs under `pid`."""
    return start_time(pid) == start


def machine() -> str:
    """Names this boot of this machine and the pid namespace: pids mean something only there."""
    if not LINUX:
        return _run("/usr/sbin/sysctl", "-n", "kern.bootsessionuuid")
    boot = _read("/proc/sys/kernel/random/boot_id").decode().strip()
    return f"{boot}/{os.stat('/proc/self/ns/pid').st_ino}"


def open_pidfd(pid: int, start: int) -> int | None:
    """A descriptor of that process; None if it has ended. The caller closes it.

    Raises OSError(ENOSYS) where the kernel has no pidfds. A signal through the descriptor can't
    hit another process, however soon the pid is used again.
    """
    if not hasattr(os, "pidfd_open"):
        raise OSError(38, "this machine has no pidfds")
    try:
        fd = os.pidfd_open(pid)
    except ProcessLookupError:
        return None
    # Looked at after opening: if the start time is right now, the descriptor is right for good.
    if is_alive(pid, start):
        return fd
    os.close(fd)
    return None


def wait_for_end(pid: int, start: int, seconds: float | None) -> None:
    """Returns when that process has ended, or after `seconds`."""
    try:
        fd = open_pidfd(pid, start)
    except OSError:
        _poll_for_end(pid, start, seconds)
        return
    if fd is None:
        return
    try:
        poller = select.poll()
        poller.register(fd, select.POLLIN)
        poller.poll(None if seconds is None else max(0, int(seconds * 1000) + 1))
    finally:
        os.close(fd)


def signal_process(pid: int, start: int, number: int) -> bool:
    """Sends a signal to that process and to no other; False if it has ended."""
    import signal  # not at the top: it costs the shim 3 ms, and only the plane calls this

    try:
        fd = open_pidfd(pid, start)
    except OSError:
        if not is_alive(pid, start):
            return False
        os.kill(pid, number)
        return True
    if fd is None:
        return False
    try:
        signal.pidfd_send_signal(fd, number)
    except ProcessLookupError:
        return False
    finally:
        os.close(fd)
    return True


def descendants(root: int) -> list[int]:
    """The pids of all living descendants of `root`, without itself."""
    if not LINUX:
        return []
    found: list[int] = []
    todo = [root]
    tree = None if _KERNEL_LISTS_CHILDREN else _tree()
    while todo:
        pid = todo.pop()
        children = _children(pid) if tree is None else tree.get(pid, [])
        found += children
        todo += children
    return found


def resident(pid: int) -> int:
    """Bytes of memory in use, shared pages counted in full; 0 if it has ended."""
    fields = _read(f"/proc/{pid}/statm").split()
    return int(fields[1]) * _PAGE if len(fields) > 1 else 0


def proportional(pid: int) -> int:
    """Bytes of memory in use, each shared page divided by its users; 0 if it has ended."""
    return _kilobytes(f"/proc/{pid}/smaps_rollup", b"Pss:") or resident(pid)


def high_water(pid: int) -> int:
    """The most bytes that were ever resident; 0 if it has ended."""
    return _kilobytes(f"/proc/{pid}/status", b"VmHWM:")


def inner_pid(pid: int) -> int | None:
    """What a process's own pid is, as it sees that; None if it has ended."""
    for line in _read(f"/proc/{pid}/status").splitlines():
        if line.startswith(b"NSpid:"):
            return int(line.split()[-1])
    return None


def tasks_of_user(uid: int) -> int:
    """How many threads `uid` runs on this machine."""
    count = 0
    for pid in pids():
        try:
            if os.stat(f"/proc/{pid}").st_uid == uid:
                count += len(os.listdir(f"/proc/{pid}/task"))
        except OSError:
            continue
    return count


def _children(pid: int) -> list[int]:
    try:
        threads = os.listdir(f"/proc/{pid}/task")
    except OSError:
        return []
    children: list[int] = []
    for thread in threads:
        children += map(int, _read(f"/proc/{pid}/task/{thread}/children").split())
    return children


def _tree() -> dict[int, list[int]]:
    tree: dict[int, list[int]] = {}
    for pid in pids():
        stat = read_stat(pid)
        if stat is not None:
            tree.setdefault(stat.parent, []).append(pid)
    return tree


def pids() -> list[int]:
    """All processes that this one may see."""
    return [int(name) for name in os.listdir("/proc") if name.isdigit()]


def _kilobytes(path: str, key: bytes) -> int:
    for line in _read(path).splitlines():
        if line.startswith(key):
            return int(line.split()[1]) * 1024
    return 0


def _read(path: str) -> bytes:
    """The whole file, or nothing: a process may go while one reads about it."""
    try:
        fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return b""
    try:
        parts = []
        while part := os.read(fd, 65536):
            parts.append(part)
        return b"".join(parts)
    except OSError:
        return b""
    finally:
        os.close(fd)


def _poll_for_end(pid: int, start: int, seconds: float | None) -> None:
    import time

    deadline = None if seconds is None else time.monotonic() + seconds
    while is_alive(pid, start) and (deadline is None or time.monotonic() < deadline):
        time.sleep(_POLL_SECONDS)


def _start_time_by_ps(pid: int) -> int | None:
    import time

    text = _run("/bin/ps", "-o", "state=,lstart=", "-p", str(pid))
    state, _, started = text.partition(" ")
    if not state or state.startswith("Z"):
        return None
    return int(time.mktime(time.strptime(started.strip(), "%a %b %d %H:%M:%S %Y")))


def _run(*command: str) -> str:
    import subprocess

    done = subprocess.run(command, capture_output=True, text=True, env={"LC_ALL": "C"}, check=False)
    return done.stdout.strip()
