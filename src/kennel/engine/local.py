"""Processes of this machine, each under a shim of its own, so that they outlive the plane."""

from __future__ import annotations

import logging
import os
import subprocess
import sys
import threading
from pathlib import Path
from types import TracebackType
from typing import Self

from kennel.engine.errors import EngineStoppedError, FolderInUseError, MountError, StartError
from kennel.engine.interface import Capabilities, ProcessSpec
from kennel.engine.launch import FLAGS, check, launch
from kennel.engine.limits import Limits
from kennel.engine.process import LocalProcess
from kennel.engine.records import read_record
from kennel.engine.shim import cgroup, proc
from kennel.engine.watcher import Watcher

__all__ = ["LocalEngine"]

_log = logging.getLogger(__name__)
_SANDBOX = Path(__file__).parent / "shim" / "sandbox.py"


class LocalEngine:
    """Starts, adopts and watches processes of this machine.

    `limits` are the means to hold them to their limits (the machine's best if None), `python` the
    interpreter of the shims. Call `start` first, or use it as a context manager.
    """

    def __init__(self, *, limits: Limits | None = None, python: str = sys.executable) -> None:
        self._given_limits = limits
        self._limits: Limits | None = None
        self._python = python
        self._watcher = Watcher()
        self._lock = threading.Lock()
        self._mount_refusal: str | None = None  # "" once the machine has been found to allow them

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
        """What this machine offers. The first call tries a mount namespace (some 20 ms)."""
        limits = self._running()
        refusal = self._refusal_of_mounts()
        notes = limits.notes
        if refusal:
            notes += (f"Mounts are refused, so there is no /opt/ml: {refusal}",)
        return Capabilities(not refusal, limits.memory, notes)

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
        limits = self._running()
        check(spec)
        if spec.mounts and (refusal := self._refusal_of_mounts()):
            raise MountError(f"{spec.mounts[0].target} can't be provided here: {refusal}")
        try:
            spec.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            raise StartError(f"the folder {spec.folder}: {error.strerror}") from None
        if read_record(spec.folder) is not None:
            raise FolderInUseError(f"{spec.folder} records a process already: take another folder")
        launch(self._python, spec, limits.holds(spec))
        record = read_record(spec.folder)
        if record is None:
            raise StartError(f"{spec.folder} was removed while its process started")
        process = LocalProcess(spec.folder, record, is_child=True)
        self._watcher.add(process)
        return process

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

    def _running(self) -> Limits:
        if self._limits is None:
            raise EngineStoppedError("the engine is not running: call start() first")
        return self._limits

    def _refusal_of_mounts(self) -> str:
        """Why mounts are impossible here; empty if they are not."""
        with self._lock:
            if self._mount_refusal is None:
                self._mount_refusal = _try_mounts(self._python)
            return self._mount_refusal


def _try_mounts(python: str) -> str:
    if sys.platform != "linux":
        return "only Linux has mount namespaces."
    done = subprocess.run(
        (python, *FLAGS, str(_SANDBOX)),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        env={},
        check=False,
    )
    return "" if done.returncode == 0 else done.stdout.strip() or "the attempt failed."


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
