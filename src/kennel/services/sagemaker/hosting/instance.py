"""An instance of a model server: a forked process, known by its record."""

from __future__ import annotations

import json
import logging
import os
import shutil
import signal
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from kennel.engine import Engine, Process
from kennel.engine.shim.proc import is_alive, proportional, resident
from kennel.services.sagemaker.instance_types import InstanceType, InstanceUse
from kennel.services.sagemaker_runtime import InstancePlace

__all__ = ["STOP_GRACE", "Instance", "kill_if_too_large", "stop_processes"]

log = logging.getLogger(__name__)

STOP_GRACE = 30.0  # seconds from SIGTERM to SIGKILL ("Use Your Own Inference Code")


@dataclass(frozen=True, slots=True)
class Instance:
    """A forked instance: its pid and start time, and its folder with socket and log."""

    name: str
    pid: int
    start_time: int
    folder: Path
    socket: Path

    @property
    def place(self) -> InstancePlace:
        return InstancePlace(self.name, self.socket)

    @property
    def alive(self) -> bool:
        """Whether the process still runs, and is still this one."""
        return is_alive(self.pid, self.start_time)

    def signal(self, number: int) -> None:
        """Sends a signal if the process is still this one."""
        if self.alive:
            try:
                os.killpg(self.pid, number)
            except ProcessLookupError:
                pass
            except PermissionError:
                log.warning("instance %s can't be signalled", self.name)


def kill_if_too_large(instance: Instance, limit: InstanceType) -> None:
    """Kills an instance that uses more memory than its type has, and says so in its log.

    Forked instances share pages, so what counts is each one's proportional share; that is asked
    for only where even all pages in full are too many.
    """
    if resident(instance.pid) <= limit.memory_bytes:
        return
    used = proportional(instance.pid)
    if used <= limit.memory_bytes:
        return
    instance.signal(signal.SIGKILL)
    larger = limit.next_larger(InstanceUse.HOSTING)
    advice = f" Try {larger.name} with {larger.memory}." if larger else ""
    # The process may have put a link in its place.
    flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW
    with os.fdopen(os.open(instance.folder / "log", flags, 0o600), "a") as file:
        file.write(
            f"kennel: this instance was killed: it used {used / 2**30:.1f} GiB, and "
            f"{limit.name} has {limit.memory}.{advice}\n"
        )


def stop_processes(engine: Engine, folder: Path) -> None:
    """Ends the zygote and the instances whose records lie in a model server's folder, and
    forgets the records. Instances that still answer a request do so first."""
    process = engine.adopt(folder / "zygote")
    if process is not None and process.poll() is None:
        process.stop(grace=STOP_GRACE + 2.0)  # the zygote stops its instances within its grace
    for instance in _recorded(folder, process) if process is not None else ():
        instance.signal(signal.SIGKILL)
    for name in ("zygote", "instances"):
        shutil.rmtree(folder / name, ignore_errors=True)
    (folder / "control").unlink(missing_ok=True)


def _recorded(folder: Path, zygote: Process) -> Iterator[Instance]:
    for record in (folder / "instances").glob("*/process.json"):
        home = record.parent
        try:
            facts = json.loads(record.read_text())
            start = int(facts["start"])
            pid = zygote.pid_of(int(facts["pid"]), start) or 0
        except (OSError, ValueError, KeyError):
            log.warning("%s can't be read", record, exc_info=True)
            continue
        yield Instance(home.name, pid, start, home, home / "socket")
