"""An instance's files, in the form in which the engine writes those of other processes."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from typing import Any

from kennel.runtimes.serving.kernel import start_time

__all__ = ["exit_record", "killed_for_memory", "process_record", "write"]

_SIGKILL = 9


def process_record(pid: int, zygote: int, started: float, groups: Sequence[str]) -> dict[str, Any]:
    """`start` in clock ticks since the boot, `started` in seconds since the epoch; `groups` are
    the control groups' folders. There is no shim, so nobody may signal the instance through one:
    the zygote is named instead."""
    with open("/proc/sys/kernel/random/boot_id", encoding="ascii") as file:
        boot = file.read().strip()
    return {
        "pid": pid,
        "start": start_time(pid),
        "zygote_pid": zygote,
        "zygote_start": start_time(zygote),
        "machine": f"{boot}/{os.stat('/proc/self/ns/pid').st_ino}",
        "started": started,
        "groups": list(groups),
    }


def exit_record(
    status: int, usage: Any, *, started: float, ended: float, out_of_memory: bool
) -> dict[str, Any]:
    """`status` and `usage` as wait4 gives them."""
    code = os.waitstatus_to_exitcode(status)
    return {
        "code": code if code >= 0 else 128 - code,
        "signal": -code if code < 0 else None,
        "out_of_memory": out_of_memory,
        "lost": False,
        "started": started,
        "ended": ended,
        "cpu_seconds": usage.ru_utime + usage.ru_stime,
        "peak_memory_bytes": usage.ru_maxrss * 1024,
    }


def killed_for_memory(status: int, groups: Sequence[str]) -> bool:
    """Whether SIGKILL came and one of the control groups counts a kill for want of memory."""
    if os.waitstatus_to_exitcode(status) != -_SIGKILL:
        return False
    files = ("memory.oom_control", "memory.events")
    return any(_oom_kills(os.path.join(group, file)) > 0 for group in groups for file in files)


def _oom_kills(path: str) -> int:
    try:
        with open(path, encoding="ascii") as file:
            fields = (line.split() for line in file)
            return sum(int(field[1]) for field in fields if field[0] == "oom_kill")
    except OSError:
        return 0


def write(folder: str, name: str, content: dict[str, Any]) -> None:
    """Writes a JSON file that is whole or absent, through to the disk. Raises OSError."""
    temporary = os.path.join(folder, f"{name}.tmp")
    with open(temporary, "w", encoding="utf-8") as file:
        file.write(json.dumps(content) + "\n")
        file.flush()
        os.fsync(file.fileno())
    os.rename(temporary, os.path.join(folder, name))
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
