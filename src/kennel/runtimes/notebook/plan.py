"""What the plane tells an instance's process, and what that tells the plane: two JSON files."""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

__all__ = ["Hook", "Plan", "Progress"]


@dataclass(frozen=True, slots=True)
class Hook:
    """A lifecycle script: its name on AWS (`OnCreate`, `OnStart`), the file, where its output goes
    and the seconds it may take."""

    name: str
    script: str
    log: str
    seconds: float


@dataclass(frozen=True, slots=True)
class Plan:
    """One start of an instance. Paths are as the process sees them.

    `folder` holds what this start alone has (`secret`, …), `home` is the
    user's home, `notebooks` the folder that stays. `port` is the one that JupyterLab had before, 0
    if it had none. `environments` are the Python environments by name, each the Python that it is
    laid over. `sudo` says whether the user's own sessions have it; scripts always do.
    """

    folder: str
    home: str
    notebooks: str
    port: int = 0
    environments: dict[str, str] = field(default_factory=dict)
    sudo: bool = True
    hooks: list[Hook] = field(default_factory=list)

    @classmethod
    def read(cls, path: str | Path) -> Plan:
        values = json.loads(Path(path).read_text())
        return cls(**values | {"hooks": [Hook(**hook) for hook in values["hooks"]]})

    def write(self, path: Path) -> None:
        _write(path, asdict(self))


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a start is. `created` once OnCreate has succeeded or there is none to run, `port`
    once JupyterLab answers; `failed` is the name of the hook that ended the start (or `Jupyter`),
    `code` its exit status and None if it took too long, `reason` what else is to be said."""

    created: bool = False
    port: int = 0
    failed: str = ""
    code: int | None = None
    reason: str = ""

    @classmethod
    def read(cls, path: Path) -> Progress:
        """The file's, or that of a start which has not said anything yet."""
        try:
            return cls(**json.loads(path.read_text()))
        except FileNotFoundError:
            return cls()

    def write(self, path: Path) -> None:
        _write(path, asdict(self))


def _write(path: Path, values: dict[str, Any]) -> None:
    """Replaces the file as a whole: a reader sees the old one or the new one."""
    fresh = path.with_name(f".{path.name}.new")
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as file:
        json.dump(values, file)
    fresh.replace(path)
