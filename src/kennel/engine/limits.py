"""How a process is held to its memory, CPUs and number of processes on this machine."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from kennel.engine.hierarchies import Hierarchy, discover
from kennel.engine.interface import ProcessSpec

__all__ = ["Holds", "Limits"]

_PERIOD_MICROSECONDS = 100_000
_LEAST_QUOTA = 1_000  # the kernel takes no less


@dataclass(frozen=True, slots=True)
class Holds:
    """One process's limits as the shim gets them.

    `groups` are the folders in which to make a control group, each with the files to write there.
    `watch_bytes` is the memory to hold it to by looking, where no group does; `processes` the
    number for RLIMIT_NPROC, likewise.
    """

    groups: tuple[tuple[str, tuple[tuple[str, str], ...]], ...] = ()
    watch_bytes: int | None = None
    processes: int | None = None


class Limits:
    """What this machine offers, from the strongest means to the weakest.

    Control groups hold memory, CPUs and processes exactly. Without them the shim looks at the
    memory five times a second and kills what is over; processes are bounded by RLIMIT_NPROC, which
    counts all that the user runs and does not bind root; CPUs are not limited.
    """

    def __init__(self, hierarchies: Iterable[Hierarchy] = (), *, is_root: bool = False) -> None:
        self._hierarchies = tuple(hierarchies)
        self._is_root = is_root

    @classmethod
    def of_this_machine(cls) -> Limits:
        return cls(discover(), is_root=os.geteuid() == 0)

    @property
    def memory(self) -> str:
        """ "cgroup2", "cgroup1" or "polling"."""
        hierarchy = self._holder("memory")
        return f"cgroup{hierarchy.version}" if hierarchy else "polling"

    @property
    def folders(self) -> tuple[Path, ...]:
        """Where the processes' control groups are."""
        return tuple(hierarchy.folder for hierarchy in self._hierarchies)

    @property
    def notes(self) -> tuple[str, ...]:
        """A sentence for each thing that this machine can't hold a process to."""
        notes = []
        if self._holder("memory") is None:
            notes.append(
                "Memory is looked at every 0.2 s and the process killed when it is over its "
                "limit: no memory control group can be made here."
                if sys.platform == "linux"
                else "A limit on memory has no effect: only Linux tells what processes use."
            )
        if self._holder("cpu") is None:
            notes.append("A limit on CPUs has no effect: no cpu control group can be made here.")
        if self._holder("pids") is None:
            notes.append(
                "A limit on processes has no effect: no pids control group can be made here, and "
                "RLIMIT_NPROC does not bind root."
                if self._is_root
                else "A limit on processes is RLIMIT_NPROC, which counts all that the user runs: "
                "no pids control group can be made here."
            )
        return tuple(notes)

    def holds(self, spec: ProcessSpec, helpers: int = 0) -> Holds:
        """How to hold a process to `spec`. `helpers` are processes of the engine's beside it."""
        most = None if spec.processes is None else spec.processes + helpers
        groups = tuple((str(h.folder), tuple(_settings(h, spec, most))) for h in self._hierarchies)
        by_group = self._holder("pids") is not None or self._is_root
        return Holds(
            groups=groups,
            watch_bytes=None if self._holder("memory") else spec.memory_bytes,
            processes=None if by_group else most,
        )

    def _holder(self, controller: str) -> Hierarchy | None:
        return next((h for h in self._hierarchies if controller in h.controllers), None)


def _settings(
    hierarchy: Hierarchy, spec: ProcessSpec, processes: int | None
) -> Iterable[tuple[str, str]]:
    """The files of a leaf and what to write there, in order."""
    version_1 = hierarchy.version == 1
    if spec.memory_bytes is not None and "memory" in hierarchy.controllers:
        if version_1:
            yield "memory.limit_in_bytes", str(spec.memory_bytes)
            # Memory and swap together: no swap. Not below the limit, so it comes second.
            yield "memory.memsw.limit_in_bytes", str(spec.memory_bytes)
        else:
            yield "memory.max", str(spec.memory_bytes)
            yield "memory.swap.max", "0"
            yield "memory.oom.group", "1"
    if spec.cpus is not None and "cpu" in hierarchy.controllers:
        quota = max(_LEAST_QUOTA, round(spec.cpus * _PERIOD_MICROSECONDS))
        if version_1:
            yield "cpu.cfs_period_us", str(_PERIOD_MICROSECONDS)
            yield "cpu.cfs_quota_us", str(quota)
        else:
            yield "cpu.max", f"{quota} {_PERIOD_MICROSECONDS}"
    if processes is not None and "pids" in hierarchy.controllers:
        yield "pids.max", str(processes)
