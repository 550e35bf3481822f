"""Processes of this machine, each under a shim of its own, so that they outlive the plane."""

from __future__ import annotations

import logging
import os
import sys
from pathlib import Path
from types import TracebackType
from typing import Self

from kennel.engine.closure import needed_by, secrets_of_user
from kennel.engine.errors import (
    EngineStoppedError,
    FolderInUseError,
    MountError,
    NoNetworkError,
    StartError,
)
from kennel.engine.interface import Capabilities, ProcessSpec
from kennel.engine.launch import Joins, Keeps, Surroundings, check, launch
from kennel.engine.limits import Limits
from kennel.engine.networks import Networks
from kennel.engine.process import LocalProcess
from kennel.engine.records import read_record
from kennel.engine.refusals import Refusals, isolation_notes
from kennel.engine.shim import cgroup, proc
from kennel.engine.watcher import Watcher

__all__ = ["LocalEngine"]

_log = logging.getLogger(__name__)


class LocalEngine:
    """Starts, adopts and watches processes of this machine.

    `limits` are the means to hold them to their limits (the machine's best if None), `python` the
    interpreter of the shims. `hidden` is what no process is to see unless its spec names it, beside
    the keys in the user's home. Call `start` first, or use it as a context manager.
    """

    def __init__(
        self,
        *,
        limits: Limits | None = None,
        python: str = sys.executable,
        hidden: tuple[Path, ...] = (),
    ) -> None:
        self._given_limits = limits
        self._limits: Limits | None = None
        self._python = python
        self._hidden = hidden
        self._watcher = Watcher()
        self._refusals = Refusals(python)
        self._networks = Networks(python, self._start, self.adopt)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.stop()

    @property
    def capabilities(self) -> Capabilities:
        """What this machine offers. The first call tries its namespaces (some 40 ms)."""
        limits = self._running()
        refusals = self._refusals
        notes = (*limits.notes, *isolation_notes(refusals))
        return Capabilities(not refusals.mounts, limits.memory, notes, refusals.network)

    def start(self) -> None:
        """Finds the machine's means and removes the control groups of shims that died."""
        self._limits = self._given_limits or Limits.of_this_machine()
        for folder in self._limits.folders:
            _sweep(folder)
        self._watcher.start()

    def stop(self) -> None:
        """Stops watching. Processes are left running; those in hand can still be asked."""
        self._watcher.stop()
        self._limits = None

    def run(self, spec: ProcessSpec) -> LocalProcess:
        """Starts a process; it is recorded on disk before this returns. Raises EngineError.

        A command that can't be executed is no error here: it ends with 127 (or 126) and a sentence
        in its log, as it would in a container.
        """
        self._running()
        check(spec)
        if spec.mounts and (refusal := self._refusals.mounts):
            raise MountError(f"{spec.mounts[0].target} can't be provided here: {refusal}")
        joined = None
        if spec.network is not None:
            if refusal := self._refusals.network:
                raise NoNetworkError(f"This machine gives no network namespace: {refusal}.")
            joined = self._networks.join(spec.network)
        return self._start(spec, joined, self._surroundings(spec))

    def adopt(self, folder: Path) -> LocalProcess | None:
        """The process recorded in `folder`, alive or ended; None if none ever started there.

        One whose shim died unseen has an Exit with `lost`; what it left behind is killed.
        """
        self._running()
        record = read_record(folder)
        if record is None:
            return None
        process = LocalProcess(folder, record)
        if process.poll() is None:
            self._watcher.add(process)
        return process

    def _surroundings(self, spec: ProcessSpec) -> Surroundings | None:
        refusals = self._refusals
        if refusals.mounts:
            return None
        return Surroundings(
            users=not refusals.users,
            processes=not refusals.processes,
            hidden=(*self._hidden, *secrets_of_user()),
            shown=needed_by((*spec.command, *map(str, spec.readable))),
        )

    def _start(
        self,
        spec: ProcessSpec,
        network: Keeps | Joins | None = None,
        surroundings: Surroundings | None = None,
    ) -> LocalProcess:
        try:
            spec.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            raise StartError(f"the folder {spec.folder}: {error.strerror}") from None
        if read_record(spec.folder) is not None:
            raise FolderInUseError(f"{spec.folder} records a process already: take another folder")
        has_init = surroundings is not None and surroundings.processes
        holds = self._running().holds(spec, helpers=int(has_init))
        launch(self._python, spec, holds, network, surroundings)
        record = read_record(spec.folder)
        if record is None:
            raise StartError(f"{spec.folder} was removed while its process started")
        process = LocalProcess(spec.folder, record, is_child=True)
        self._watcher.add(process)
        return process

    def _running(self) -> Limits:
        if self._limits is None:
            raise EngineStoppedError("the engine is not running: call start() first")
        return self._limits


def _sweep(parent: Path) -> None:
    """Removes control groups whose shim is gone, with all that still lives in them."""
    try:
        names = os.listdir(parent)
    except OSError as error:
        _log.warning("the control groups in %s can't be looked at: %s", parent, error)
        return
    for name in names:
        owner = cgroup.leaf_owner(name)
        if owner is not None and not proc.is_alive(*owner):
            cgroup.kill([str(parent / name)])
            cgroup.remove([str(parent / name)])
