"""What a process leaves in its folder: `process.json` when it starts, `exit.json` when it ends."""

from __future__ import annotations

import json
import logging
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from kennel.engine.interface import Exit
from kennel.engine.shim import durable

__all__ = ["Ending", "Record", "read_ending", "read_record", "write_ending"]

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Record:
    """Who runs. The start times are the kernel's, only for comparing; `machine` is the boot and
    the pid namespace in which the pids mean something; `started` is in seconds since the epoch.
    `own_pids` says that the command has a pid namespace of its own below that."""

    pid: int
    start: int
    shim_pid: int
    shim_start: int
    machine: str
    started: float
    groups: tuple[str, ...] = ()
    own_pids: bool = False


@dataclass(frozen=True, slots=True)
class Ending:
    """How it ended, and what it had used by then."""

    exit: Exit
    cpu_seconds: float = 0.0
    peak_memory_bytes: int = 0


def read_record(folder: Path) -> Record | None:
    """None if no process was ever recorded there."""
    raw = _read(folder / "process.json")
    if raw is None:
        return None
    return Record(
        pid=raw["pid"],
        start=raw["start"],
        shim_pid=raw["shim_pid"],
        shim_start=raw["shim_start"],
        machine=raw["machine"],
        started=raw["started"],
        groups=tuple(raw["groups"]),
        own_pids=raw.get("own_pids", False),
    )


def read_ending(folder: Path) -> Ending | None:
    """None if no end was recorded there."""
    raw = _read(folder / "exit.json")
    if raw is None:
        return None
    ending = Exit(
        code=raw["code"],
        signal=raw["signal"],
        out_of_memory=raw["out_of_memory"],
        lost=raw["lost"],
        started=raw["started"],
        ended=raw["ended"],
    )
    return Ending(ending, raw["cpu_seconds"], raw["peak_memory_bytes"])


def write_ending(folder: Path, ending: Ending) -> None:
    """Records an end in the shim's stead. Raises OSError."""
    fields = asdict(ending)
    text = json.dumps({**fields.pop("exit"), **fields})
    durable.write(str(folder / "exit.tmp"), text.encode())
    durable.rename(str(folder), "exit.tmp", "exit.json")


def _read(path: Path) -> dict[str, Any] | None:
    try:
        raw = json.loads(path.read_bytes())
    except (FileNotFoundError, NotADirectoryError):
        return None
    except ValueError:
        # Written whole or not at all, so the disk or a person did this.
        _log.error("%s is not readable and counts as absent", path)
        return None
    return raw if isinstance(raw, dict) else None
