"""What the services ask of an engine: processes that outlive the plane, and their ends."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

__all__ = [
    "Capabilities",
    "Engine",
    "Exit",
    "Mount",
    "Network",
    "Process",
    "ProcessSpec",
    "Usage",
]


@dataclass(frozen=True, slots=True)
class Mount:
    """`source` of this machine appears at `target` inside the process's mount namespace."""

    source: Path
    target: str
    read_only: bool = False


@dataclass(frozen=True, slots=True)
class Network:
    """A network of processes' own: the loopback interface, and nothing else.

    All processes whose specs name the same `folder` share it. There 127.0.0.1 leads to this
    machine's on each of `ports`, and nothing leads anywhere else. The folder is the record of a
    process that keeps the network, started with the first of them: `adopt` finds it as it finds
    any. It ends when it is killed, or a minute after the last of those that share it; a network
    that has ended can't be joined, and who is still in it is cut off from the ports.
    """

    folder: Path
    ports: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class ProcessSpec:
    """A process to run.

    `folder` is its record: the engine writes `process.json` (pid, start time), `exit.json` and
    the log there, and finds the process again by it. `environment` is the whole environment;
    nothing is inherited. `folder` belongs to this one process for good. `memory_bytes` bounds the
    whole process group; one that goes over it is killed and its exit says so. `cpus` is a share of
    CPU time, `processes` the most processes and threads at once. `Capabilities.limits` says what
    of this a machine can't do.

    `host_name` is what gethostname(2) says inside, where there are mounts; the machine's if empty.

    `network` is the one that it is in, this machine's own if None.

    A mount's target need not exist on the machine: it appears inside and nowhere else. One that
    lies in another mount must exist in that one's source.

    Where there are mounts, the process can write to `writable` (folders that it sees where they
    are), to mounts that are not read-only, and to a /tmp of its own. It does not see what the
    engine hides, unless it is named here: `readable` are files and folders that it needs from
    there. `folder` itself it can't write to. `user_name` is who it is inside, if it would be root.

    `file_bytes` is the most that a file may grow to, `open_files` how many it may have open.
    """

    folder: Path
    command: tuple[str, ...]
    environment: Mapping[str, str]
    working_directory: Path
    mounts: tuple[Mount, ...] = ()
    memory_bytes: int | None = None
    cpus: float | None = None
    processes: int | None = None
    host_name: str = ""
    network: Network | None = None
    writable: tuple[Path, ...] = ()
    readable: tuple[Path, ...] = ()
    user_name: str = "kennel"
    file_bytes: int | None = None
    open_files: int | None = None

    @property
    def log(self) -> Path:
        """Standard output and standard error, in the order they were written."""
        return self.folder / "log"


@dataclass(frozen=True, slots=True)
class Exit:
    """How a process ended. `code` is the exit status, or 128 + the signal's number.

    `lost` means that the machine or its shim went down and nobody saw the end; the code is then 137
    and `ended` the time at which it was noticed. Times are seconds since the epoch.
    """

    code: int
    signal: int | None = None
    out_of_memory: bool = False
    lost: bool = False
    started: float = 0.0
    ended: float = 0.0


@dataclass(frozen=True, slots=True)
class Usage:
    """What a process group has used: CPU seconds, bytes of memory now and at its peak.

    Memory is what can't be reclaimed: without page cache, shared pages counted once. The peak is
    the highest that was seen, at least that of its largest process.
    """

    cpu_seconds: float
    memory_bytes: int
    peak_memory_bytes: int


class Process(Protocol):
    """A process that was started or adopted."""

    @property
    def folder(self) -> Path: ...

    @property
    def pid(self) -> int:
        """The pid of the command itself (not of its shim)."""

    def poll(self) -> Exit | None:
        """Its end, or None while it runs. What it left running is gone by then, its log whole."""

    def wait(self, timeout: float | None = None) -> Exit | None:
        """Waits for its end, at most `timeout` seconds; None if it still runs."""

    def terminate(self) -> None:
        """SIGTERM to the process group; returns at once. Nothing happens if it has ended."""

    def kill(self) -> None:
        """SIGKILL to everything that belongs to the process; returns at once."""

    def stop(self, grace: float) -> Exit:
        """SIGTERM, `grace` seconds, SIGKILL; returns its end. The same if it has ended already."""

    def usage(self) -> Usage: ...

    def pid_of(self, number: int, start: int) -> int | None:
        """The pid, as this machine has it, of the descendant that calls itself `number` and was
        started at `start`; None if there is none. Inside pids may be counted anew."""


@dataclass(frozen=True, slots=True)
class Capabilities:
    """What this machine lets an engine hold a process to. `limits` explains, a line each, what it
    can't; `no_network` says why no process can have a network of its own, and is empty if one can.
    """

    mount_namespaces: bool
    memory: str  # "cgroup2", "cgroup1" or "polling"
    limits: tuple[str, ...] = field(default=())
    no_network: str = ""


class Engine(Protocol):
    """Places and supervises processes."""

    @property
    def capabilities(self) -> Capabilities: ...

    def run(self, spec: ProcessSpec) -> Process:
        """Starts a process; it is recorded on disk before this returns. Raises EngineError."""

    def adopt(self, folder: Path) -> Process | None:
        """The process recorded in `folder`, alive or ended; None if none ever started there.

        One that died with its shim unseen has an Exit with `lost`.
        """

    def start(self) -> None: ...

    def stop(self) -> None:
        """Stops watching. Processes are left running."""
