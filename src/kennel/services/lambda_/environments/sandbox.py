"""An environment's files and processes. What starts, ends or waits may block, so it runs on
threads; the rest is for the event loop and takes microseconds.

    STATE/lambda/environments/ID/environment.json   where its log goes, for a later plane
    STATE/lambda/environments/ID/tmp/               /tmp, kept when the process is replaced
    STATE/lambda/environments/ID/N/                 the engine's record of its Nth process
"""

from __future__ import annotations

import os
import shutil
import signal
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING

from kennel.engine import EngineError, Exit, Process
from kennel.services.lambda_.describe import runtime_arn
from kennel.services.lambda_.environments.deployment import Deployment
from kennel.services.lambda_.environments.execution_role import credentials_of
from kennel.services.lambda_.environments.log_stream import follow, forget, new_stream
from kennel.services.lambda_.environments.recipe import Place, process_spec

if TYPE_CHECKING:
    from kennel.services.logs import Shipment
    from kennel.services.service import Parts

__all__ = ["Sandbox"]

_STOP_GRACE = 2.0  # seconds from SIGTERM to SIGKILL ("Lambda execution environment lifecycle")
_TAIL = 4096  # bytes of the log that LogType=Tail shows


class Sandbox:
    """Runs one environment's processes, one after the other, all under the same log stream."""

    def __init__(self, parts: Parts, deployment: Deployment, folder: Path) -> None:
        self._parts = parts
        self._deployment = deployment
        self._folder = folder
        self._stream = new_stream(deployment)
        self._process: Process | None = None
        self._pidfd = -1
        self._log = -1
        self._log_path = folder
        self._count = 0
        self._shipment: Shipment | None = None
        self._frozen = False
        self._lock = threading.Lock()  # of what `release` lets go

    @property
    def pidfd(self) -> int:
        """Readable once the process has ended; -1 where the machine has no such thing."""
        return self._pidfd

    # For threads

    def launch(self, api: str, token: str) -> None:
        """Starts a process that asks `api` for its work. Raises EngineError, RoleNotPassable."""
        self._count += 1
        place = Place(
            folder=self._folder / str(self._count),
            temporary=self._folder / "tmp",
            stream=self._stream.stream,
            api=api,
            token=token,
            mounted=self._parts.engine.capabilities.mount_namespaces,
        )
        deployment = self._deployment
        credentials = credentials_of(self._parts, deployment.role, deployment.function)
        place.temporary.mkdir(mode=0o700, parents=True, exist_ok=True)
        place.folder.mkdir(mode=0o700)
        self._stream.save(self._folder)
        self._open_log(place.folder / "log")
        if self._count == 1:
            self.write(_init_start(deployment))
        spec = process_spec(deployment, place, credentials, self._parts.reach)
        try:
            self._process = self._parts.engine.run(spec)
        except EngineError:
            self.release()
            raise
        self._frozen = False
        self._pidfd = _pidfd(self._process)

    def collect(self) -> Exit:
        """The end of a process that is ending; it is killed if it takes its time."""
        assert self._process is not None
        ended = self._process.wait(5.0)
        if ended is None:
            self._process.kill()
            ended = self._process.wait()
        assert ended is not None
        return ended

    def kill(self) -> Exit:
        """Ends the process at once."""
        assert self._process is not None
        self._process.kill()
        return self.collect()

    def release(self) -> None:
        """Lets go of a process that has ended: its descriptors, and its log once it is shipped."""
        with self._lock:
            descriptors = [fd for fd in (self._pidfd, self._log) if fd >= 0]
            self._pidfd = self._log = -1
            shipment, self._shipment = self._shipment, None
        for descriptor in descriptors:
            os.close(descriptor)
        if shipment is not None:
            shipment.drain()
            forget(self._parts, self._log_path)

    def stop(self) -> None:
        """SIGTERM, 2 s, SIGKILL; then ships the rest of the log and deletes the files."""
        if self._process is not None and self._process.poll() is None:
            self.thaw()
            self._process.stop(_STOP_GRACE)
        self.release()
        shutil.rmtree(self._folder, ignore_errors=True)

    def peak(self) -> int:
        """The most bytes that an ended process held."""
        return 0 if self._process is None else self._process.usage().peak_memory_bytes

    # For the event loop

    def ended(self) -> bool:
        """Whether the process has ended, by the kernel's word where there is a pidfd."""
        return self._process is None or self._process.poll() is not None

    def freeze(self) -> None:
        """Stops the process where it is."""
        self._frozen = self._signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """Lets it go on."""
        if self._frozen:
            self._signal(signal.SIGCONT)
            self._frozen = False

    def write(self, text: str) -> None:
        """Adds to the log: a write to the page cache."""
        os.write(self._log, text.encode("utf-8", "replace"))

    def mark(self) -> int:
        """How long the log is now."""
        return os.fstat(self._log).st_size

    def end_line(self) -> None:
        """Ends a line that the function left open."""
        end = self.mark()
        if end and os.pread(self._log, 1, end - 1) != b"\n":
            os.write(self._log, b"\n")

    def tail(self, start: int) -> bytes:
        """The last 4 KB of what was logged since `start`."""
        end = self.mark()
        return os.pread(self._log, _TAIL, max(start, end - _TAIL))

    def memory_used(self) -> int:
        """The most bytes that the process ever held; its children are not counted. 40 µs."""
        if self._process is None:
            return 0
        try:
            with open(f"/proc/{self._process.pid}/status", "rb", buffering=0) as file:
                text = file.read(4096)
        except OSError:
            return 0
        found = text.find(b"VmHWM:")
        return 0 if found < 0 else int(text[found + 6 :].split(None, 1)[0]) * 1024

    def _signal(self, number: signal.Signals) -> bool:
        """To the process and its group. The descriptor makes sure that the pid is still its own."""
        if self._pidfd < 0 or self._process is None:
            return False
        try:
            signal.pidfd_send_signal(self._pidfd, number)
            os.killpg(self._process.pid, number)
        except (ProcessLookupError, PermissionError):
            return False
        return True

    def _open_log(self, path: Path) -> None:
        flags = os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC
        self._log = os.open(path, flags, 0o600)
        self._log_path = path
        self._shipment = follow(self._parts, self._stream, path)


def _init_start(deployment: Deployment) -> str:
    version = ".".join(map(str, sys.version_info[:3]))
    arn = runtime_arn(deployment.region)
    text = f"INIT_START Runtime Version: python:{version}\tRuntime Version ARN: {arn}\n"
    wanted = deployment.runtime.removeprefix("python")
    have = f"{sys.version_info.major}.{sys.version_info.minor}"
    if wanted != have:
        text += f"kennel: the function asks for Python {wanted}; it runs on {have} here\n"
    return text


def _pidfd(process: Process) -> int:
    if not hasattr(os, "pidfd_open"):
        return -1
    try:
        descriptor = os.pidfd_open(process.pid)
    except OSError:
        return -1
    if process.poll() is not None:  # it ended before, so the descriptor may be of anybody
        os.close(descriptor)
        return -1
    return descriptor
