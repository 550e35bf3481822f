"""One process's control groups: made, joined, read, killed, removed.

A process has a leaf in every hierarchy that the machine offers, called kennel-PID-START after its
shim; so anybody can tell from the name alone whether a leaf's owner still lives. The shim imports
this file without the rest of Kennel. Version 1 and version 2 differ only in file names here.
"""

from __future__ import annotations

import os
import time

__all__ = [
    "cpu_seconds",
    "create",
    "join",
    "kill",
    "leaf_name",
    "leaf_owner",
    "members",
    "memory",
    "oom_kills",
    "remove",
    "watch_memory",
]

_PREFIX = "kennel-"
# Not every kernel counts swap or kills whole groups; the limit itself holds without.
_OPTIONAL = ("memory.memsw.limit_in_bytes", "memory.swap.max", "memory.oom.group")
_REMOVE_SECONDS = 1.0


def leaf_name(shim_pid: int, shim_start: int) -> str:
    return f"{_PREFIX}{shim_pid}-{shim_start}"


def leaf_owner(name: str) -> tuple[int, int] | None:
    """The pid and start time of the shim that a leaf is named after; None for others' folders."""
    pid, dash, start = name.removeprefix(_PREFIX).partition("-")
    if not (name.startswith(_PREFIX) and dash and pid.isdecimal() and start.isdecimal()):
        return None
    return int(pid), int(start)


def create(parent: str, name: str, settings: list[tuple[str, str]]) -> str:
    """Makes a leaf and writes its settings in order. Raises OSError, leaving no leaf behind."""
    folder = os.path.join(parent, name)
    os.mkdir(folder)
    try:
        for file, value in settings:
            if file not in _OPTIONAL or os.path.exists(f"{folder}/{file}"):
                _write(folder, file, value)
    except OSError:
        os.rmdir(folder)
        raise
    return folder


def join(folders: list[str]) -> None:
    """Moves the calling process into its leaves."""
    for folder in folders:
        _write(folder, "cgroup.procs", "0")


def members(folder: str) -> list[int]:
    """The pids in a leaf. One of another pid namespace reads as 0, and to signal 0 is suicide."""
    return [int(pid) for pid in _read(folder, "cgroup.procs").split() if pid != b"0"]


def kill(folders: list[str]) -> None:
    """SIGKILL to every process in the leaves."""
    for folder in folders:
        if os.path.exists(f"{folder}/cgroup.kill"):
            _try_write(folder, "cgroup.kill", "1")
            continue
        # Nobody can fork away from the loop below. It has no other reader any more.
        _try_write(folder, "pids.max", "0")
        for pid in members(folder):
            try:
                os.kill(pid, 9)
            except ProcessLookupError:
                continue


def remove(folders: list[str]) -> list[str]:
    """Removes the leaves; returns those that still hold processes after a second."""
    deadline = time.monotonic() + _REMOVE_SECONDS
    left = list(folders)
    while True:
        left = [folder for folder in left if not _rmdir(folder)]
        if not left or time.monotonic() > deadline:
            return left
        kill(left)
        time.sleep(0.005)


def oom_kills(folders: list[str]) -> int:
    """How many processes of the leaves the kernel has killed for want of memory."""
    return max((_counter(folder, "oom_kill") for folder in folders), default=0)


def watch_memory(folders: list[str]) -> int | None:
    """A descriptor that becomes readable when a version 1 leaf runs out of memory.

    None for version 2, where the kernel itself kills the whole leaf. The caller closes it.
    """
    for folder in folders:
        if not os.path.exists(f"{folder}/cgroup.event_control"):
            continue
        try:
            control = os.open(f"{folder}/memory.oom_control", os.O_RDONLY | os.O_CLOEXEC)
        except FileNotFoundError:
            continue
        event = os.eventfd(0, os.EFD_CLOEXEC | os.EFD_NONBLOCK)
        try:
            _write(folder, "cgroup.event_control", f"{event} {control}")
        finally:
            os.close(control)
        return event
    return None


def cpu_seconds(folders: list[str]) -> float | None:
    """CPU time of the leaves' processes, ended ones included; None if no leaf counts it."""
    for folder in folders:
        nanoseconds = _read(folder, "cpuacct.usage")
        if nanoseconds:
            return int(nanoseconds) / 1e9
    for folder in folders:
        microseconds = _fields(folder, "cpu.stat").get("usage_usec")
        if microseconds is not None:
            return microseconds / 1e6
    return None


def memory(folders: list[str]) -> int | None:
    """Bytes in use that can't be reclaimed (no page cache); None if no leaf counts them."""
    for folder in folders:
        stat = _fields(folder, "memory.stat")
        if "total_rss" in stat:
            return stat["total_rss"] + stat.get("total_shmem", 0)
        if "anon" in stat:
            return stat["anon"] + stat.get("shmem", 0)
    return None


def _counter(folder: str, key: str) -> int:
    version_1 = _fields(folder, "memory.oom_control")
    return version_1[key] if key in version_1 else _fields(folder, "memory.events").get(key, 0)


def _fields(folder: str, file: str) -> dict[str, int]:
    pairs = (line.split() for line in _read(folder, file).splitlines())
    return {pair[0].decode(): int(pair[1]) for pair in pairs if len(pair) == 2}


def _read(folder: str, file: str) -> bytes:
    try:
        fd = os.open(f"{folder}/{file}", os.O_RDONLY | os.O_CLOEXEC)
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


def _write(folder: str, file: str, value: str) -> None:
    fd = os.open(f"{folder}/{file}", os.O_WRONLY | os.O_CLOEXEC)
    try:
        os.write(fd, value.encode())
    finally:
        os.close(fd)


def _try_write(folder: str, file: str, value: str) -> None:
    try:
        _write(folder, file, value)
    except OSError:
        return


def _rmdir(folder: str) -> bool:
    try:
        os.rmdir(folder)
    except FileNotFoundError:
        return True
    except OSError:
        return False
    return True
