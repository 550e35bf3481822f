"""From the fork to the exec: the child makes itself what its task says and becomes the command.

The shim imports this file without the rest of Kennel.
"""

from __future__ import annotations

import os
import resource

TYPE_CHECKING = False
if TYPE_CHECKING:
    import signal
    from typing import Any, NoReturn
else:
    import _signal as signal  # the public module takes 3 ms, all of it for enums

if TYPE_CHECKING or __package__:
    from kennel.engine.shim import cgroup, network, proc, sandbox
else:
    import cgroup
    import network
    import proc
    import sandbox

__all__ = ["StartFailed", "Task", "become"]

_NOT_FOUND = 127  # as a shell says it
_NOT_EXECUTABLE = 126


class StartFailed(Exception):
    """The command can't be started; the message says why, to the user."""


class Task:
    """What the plane asks for; it arrives as a marshalled dict with these keys."""

    def __init__(self, raw: dict[str, object]) -> None:
        values: dict[str, Any] = raw
        self.command: list[bytes] = values["command"]
        self.environment: dict[bytes, bytes] = values["environment"]
        self.working_directory: bytes = values["working_directory"]
        # Source, target, read only.
        self.mounts: list[tuple[bytes, bytes, bool]] = values["mounts"]
        # What gethostname(2) says inside; the machine's own if empty.
        self.host_name: bytes = values["host_name"]
        # Parent folders of the control groups, and the settings of the leaf in each.
        self.groups: list[tuple[str, list[tuple[str, str]]]] = values["groups"]
        # Bytes to hold the command to by looking at it; None if a cgroup does it or nobody asks.
        self.watch_bytes: int | None = values["watch_bytes"]
        # The lease and the ports of the network that the command keeps; None if it is no passage.
        self.keeps: tuple[bytes, list[int]] | None = values["keeps"]
        # The lease of the network that it joins, the passage's pid and start time.
        self.joins: tuple[bytes, int, int] | None = values["joins"]
        # For RLIMIT_NPROC; None if a cgroup counts or nobody asks.
        self.processes: int | None = values["processes"]


def become(task: Task, groups: list[str], ready: int, go: int) -> NoReturn:
    """In the child. Writes "ok" or a reason to `ready`, waits for a byte from `go`, executes."""
    shim = os.getppid()
    try:
        _prepare(task, groups)
        sandbox.die_with_parent()  # last: a change of credentials undoes it
        if os.getppid() != shim:
            os._exit(1)
    except Exception as error:
        # The boundary of this process: the shim passes the reason on.
        os.write(ready, (str(error) or repr(error)).encode())
        os._exit(1)
    os.write(ready, b"ok")
    os.close(ready)
    if os.read(go, 1) != b"g":
        os._exit(1)
    try:
        _execute(task)
    except OSError as error:
        name = os.fsdecode(task.command[0])
        os.write(2, f"kennel: {name} could not be executed: {error.strerror}\n".encode())
        absent = isinstance(error, FileNotFoundError | NotADirectoryError)
        os._exit(_NOT_FOUND if absent else _NOT_EXECUTABLE)


def _prepare(task: Task, groups: list[str]) -> None:
    os.setsid()
    os.umask(0o022)
    cgroup.join(groups)
    if task.keeps is not None:
        lease, ports = task.keeps
        network.make(ports, lease)
    if task.joins is not None:
        network.join(*task.joins[1:])
    own_user_namespace = bool(task.mounts) and sandbox.enter(task.mounts, task.host_name)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if task.processes is not None:
        _limit_processes(task.processes, own_user_namespace)
    try:
        os.chdir(task.working_directory)
    except OSError as error:
        folder = os.fsdecode(task.working_directory)
        raise StartFailed(f"the working directory {folder}: {error.strerror}") from None
    # What is ignored would stay ignored across exec.
    for number in range(1, signal.NSIG):
        if signal.getsignal(number) == signal.SIG_IGN:
            signal.signal(number, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_SETMASK, [])


def _limit_processes(processes: int, own_user_namespace: bool) -> None:
    # The kernel counts all that the user runs, in a user namespace (since 5.14) only what is in it.
    others = 0 if own_user_namespace else proc.tasks_of_user(os.getuid()) - 1
    limit = processes + others
    hard = resource.getrlimit(resource.RLIMIT_NPROC)[1]
    if hard != resource.RLIM_INFINITY:
        limit = min(limit, hard)
    resource.setrlimit(resource.RLIMIT_NPROC, (limit, limit))


def _execute(task: Task) -> NoReturn:
    """Raises OSError; of several refusals that of a file which is there."""
    name = task.command[0]
    if b"/" in name:
        os.execve(name, task.command, task.environment)
    refusal: OSError = FileNotFoundError(2, "there is no such file in its PATH")
    for folder in task.environment.get(b"PATH", os.defpath.encode()).split(b":"):
        try:
            os.execve(os.path.join(folder, name), task.command, task.environment)
        except (FileNotFoundError, NotADirectoryError):
            continue
        except OSError as error:
            refusal = error
    raise refusal
