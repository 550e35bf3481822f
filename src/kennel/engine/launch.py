"""Hands a spec to a new shim and hears whether the command runs."""

from __future__ import annotations

import marshal
import os
import re
import select
import signal
from dataclasses import dataclass
from pathlib import Path

from kennel.engine.errors import SpecError, StartError
from kennel.engine.interface import ProcessSpec
from kennel.engine.limits import Holds

__all__ = ["FLAGS", "MAIN", "Joins", "Keeps", "Surroundings", "check", "encode", "launch"]

MAIN = Path(__file__).parent / "shim" / "main.py"
# A bare interpreter: no site-packages, no environment, nothing of the user's.
FLAGS = ("-I", "-S", "-E")
_START_SECONDS = 60.0
_USER_NAME = re.compile("[a-z_][a-z0-9_-]{0,31}")
_HOST_NAME = re.compile("[A-Za-z0-9.-]{1,64}")  # as long as sethostname(2) takes


@dataclass(frozen=True, slots=True)
class Keeps:
    """The process makes a network, and keeps it while anybody has its lease."""

    lease: Path
    ports: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Joins:
    """The process joins the network that a process keeps, by that one's pid and start time."""

    lease: Path
    pid: int
    start: int


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What the machine gives a process of its own beside mounts, what it hides from it, and what it
    shows of that all the same."""

    users: bool
    processes: bool
    hidden: tuple[Path, ...] = ()
    shown: tuple[Path, ...] = ()


def check(spec: ProcessSpec) -> None:
    """Raises SpecError for what no machine could run."""
    if not spec.command:
        raise SpecError("the command is empty: name a program")
    texts = [*spec.command, *spec.environment, *spec.environment.values()]
    texts += [str(spec.folder), str(spec.working_directory)]
    if any("\0" in text for text in texts):
        raise SpecError("the command, the environment and the paths can't hold NUL characters")
    for name in spec.environment:
        if not name or "=" in name:
            raise SpecError(f"{name!r} can't be an environment variable's name: it has no = in it")
    for path in (spec.folder, spec.working_directory, *spec.writable, *spec.readable):
        if not path.is_absolute():
            raise SpecError(f"{path} must be an absolute path")
    for limit in ("memory_bytes", "cpus", "processes", "file_bytes", "open_files"):
        value = getattr(spec, limit)
        if value is not None and value <= 0:
            raise SpecError(f"{limit} must be above 0, not {value}")
    if not _USER_NAME.fullmatch(spec.user_name):
        raise SpecError(f"{spec.user_name!r} can't be a user's name")
    if spec.host_name and not _HOST_NAME.fullmatch(spec.host_name):
        raise SpecError(f"{spec.host_name!r} can't be a host's name")
    if spec.network is not None:
        if not spec.network.folder.is_absolute():
            raise SpecError(f"{spec.network.folder} must be an absolute path")
        if not all(0 < port < 1 << 16 for port in spec.network.ports):
            raise SpecError(f"the network's ports must be from 1 to 65535: {spec.network.ports}")
    _check_mounts(spec)


def launch(
    python: str,
    spec: ProcessSpec,
    holds: Holds,
    network: Keeps | Joins | None = None,
    surroundings: Surroundings | None = None,
) -> int:
    """Starts a shim for `spec`; returns its pid once the command is recorded on disk.

    Without `surroundings` the process has this machine's, and `spec` may have no mounts.
    The shim is a child of the caller, who waits for it. Raises StartError, with no process left.
    """
    task_end, task = os.pipe()
    news, news_end = os.pipe()
    try:
        try:
            shim = os.posix_spawn(
                python,
                (python, *FLAGS, str(MAIN), str(spec.folder)),
                {},
                file_actions=(
                    (os.POSIX_SPAWN_DUP2, task_end, 0),
                    (os.POSIX_SPAWN_DUP2, news_end, 1),
                    (os.POSIX_SPAWN_OPEN, 2, os.devnull, os.O_WRONLY, 0),
                ),
                setsigmask=(),
            )
        except OSError as error:
            raise StartError(f"{python} could not be started: {error.strerror}") from None
        finally:
            os.close(task_end)
            os.close(news_end)
        _send(task, encode(spec, holds, network, surroundings))
        task = -1
        answer = _receive(news)
    finally:
        if task >= 0:
            os.close(task)
        os.close(news)
    if answer != "ok":
        os.kill(shim, signal.SIGKILL)  # our child, not waited for yet: the pid is its own
        os.waitpid(shim, 0)
        reason = answer or f"its shim gave no answer within {_START_SECONDS:.0f} s"
        raise StartError(f"{spec.command[0]} was not started in {spec.folder}: {reason}")
    return shim


def _check_mounts(spec: ProcessSpec) -> None:
    seen = set()
    for mount in spec.mounts:
        target = mount.target
        if not mount.source.is_absolute() or os.path.normpath(target) != target:
            raise SpecError(f"the mount {mount.source} at {target}: both must be plain paths")
        if not target.startswith("/") or target == "/":
            raise SpecError(f"the mount target {target} must lie below /")
        if target in seen:
            raise SpecError(f"two mounts have the target {target}: leave one out")
        seen.add(target)


def encode(
    spec: ProcessSpec,
    holds: Holds,
    network: Keeps | Joins | None = None,
    surroundings: Surroundings | None = None,
) -> bytes:
    """The task as the shim reads it, see shim/command.py."""
    keeps = joins = None
    if isinstance(network, Keeps):
        keeps = os.fsencode(network.lease), list(network.ports)
    elif network is not None:
        joins = os.fsencode(network.lease), network.pid, network.start
    return marshal.dumps(
        {
            "command": [os.fsencode(argument) for argument in spec.command],
            "environment": {
                os.fsencode(name): os.fsencode(value) for name, value in spec.environment.items()
            },
            "working_directory": os.fsencode(spec.working_directory),
            "sandbox": None if surroundings is None else _sandbox(spec, surroundings),
            "keeps": keeps,
            "joins": joins,
            "groups": [(parent, list(settings)) for parent, settings in holds.groups],
            "watch_bytes": holds.watch_bytes,
            "processes": holds.processes,
            "file_bytes": spec.file_bytes,
            "open_files": spec.open_files,
        }
    )


def _sandbox(spec: ProcessSpec, surroundings: Surroundings) -> dict[str, object]:
    """As shim/sandbox.py reads it."""
    return {
        "mounts": [
            (os.fsencode(mount.source), os.fsencode(mount.target), mount.read_only)
            for mount in spec.mounts
        ],
        "readable": [os.fsencode(path) for path in (*spec.readable, *surroundings.shown)],
        "writable": [os.fsencode(path) for path in spec.writable],
        "hidden": [os.fsencode(path) for path in surroundings.hidden],
        "record": os.fsencode(spec.folder),
        "host_name": os.fsencode(spec.host_name),
        "user_name": os.fsencode(spec.user_name),
        "home": os.fsencode(spec.environment.get("HOME", "/tmp")),
        "has_user": surroundings.users,
        "has_processes": surroundings.processes,
    }


def _send(pipe: int, content: bytes) -> None:
    """Writes everything and closes the pipe. A shim that is gone will have said why."""
    try:
        rest = memoryview(content)
        while rest:
            rest = rest[os.write(pipe, rest) :]
    except BrokenPipeError:
        pass
    finally:
        os.close(pipe)


def _receive(pipe: int) -> str:
    """The shim's line; empty if it died or took too long."""
    poller = select.poll()
    poller.register(pipe, select.POLLIN)
    answer = b""
    while not answer.endswith(b"\n"):
        if not poller.poll(_START_SECONDS * 1000):
            return ""
        part = os.read(pipe, 65536)
        if not part:
            break
        answer += part
    return answer.decode(errors="replace").strip()
