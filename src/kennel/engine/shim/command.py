"""From the fork to the exec: the child makes itself what its task says and becomes the command.

The shim imports this file without the rest of Kennel.
"""

from __future__ import annotations

import os
import resource
import select

TYPE_CHECKING = False
if TYPE_CHECKING:
    import signal
    from typing import Any, NoReturn
else:
    import _signal as signal  # the public module takes 3 ms, all of it for enums

if TYPE_CHECKING or __package__:
    from kennel.engine.shim import cgroup, network, privileges, proc, processes, sandbox
else:
    import cgroup
    import network
    import privileges
    import proc
    import processes
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
        # Its surroundings; None where it has this machine's.
        given = values["sandbox"]
        self.sandbox: sandbox.Sandbox | None = None if given is None else sandbox.Sandbox(given)
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
        # For RLIMIT_FSIZE and RLIMIT_NOFILE; None leaves the machine's.
        self.file_bytes: int | None = values["file_bytes"]
        self.open_files: int | None = values["open_files"]


def become(task: Task, groups: list[str], ready: int, go: int) -> NoReturn:
    """In the child. Writes "ok" or a reason to `ready`, waits for a byte from `go`, executes.

    Where the command gets a pid namespace, the caller writes "pid N", the command's own pid, before
    that, and ends. The command and the namespace's init are orphans then, and the shim's children.
    `go` must stay open in the shim, and only there, for as long as it lives.
    """
    shim = os.getppid()
    try:
        has_init = _surround(task, groups, ready, go)
        _prepare(task)
    except Exception as error:
        # The boundary of this process: the shim passes the reason on.
        os.write(ready, (str(error) or repr(error)).encode())
        os._exit(1)
    os.write(ready, b"ok\n")
    os.close(ready)
    if os.read(go, 1) != b"g":
        os._exit(1)
    privileges.die_with_parent()  # not earlier: what changes credentials, or the parent, undoes it
    if _has_ended(go) if has_init else os.getppid() != shim:
        os._exit(1)
    try:
        _execute(task)
    except OSError as error:
        name = os.fsdecode(task.command[0])
        os.write(2, f"kennel: {name} could not be executed: {error.strerror}\n".encode())
        absent = isinstance(error, FileNotFoundError | NotADirectoryError)
        os._exit(_NOT_FOUND if absent else _NOT_EXECUTABLE)


def _surround(task: Task, groups: list[str], ready: int, go: int) -> bool:
    """Limits and namespaces. Returns whether the caller is now the child of who called, in a pid
    namespace with an init."""
    os.umask(0o022)
    cgroup.join(groups)
    if task.keeps is not None:
        lease, ports = task.keeps
        network.make(ports, lease)
    if task.joins is not None:
        network.join(*task.joins[1:])
    if task.sandbox is None:
        return False
    sandbox.enter(task.sandbox)
    if not task.sandbox.has_processes:
        return False
    processes.start_init(go, is_user=task.sandbox.has_user)
    pid = os.fork()
    if pid:
        os.write(ready, b"pid %d\n" % pid)
        os._exit(0)
    return True


def _prepare(task: Task) -> None:
    os.setsid()
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    _limit(resource.RLIMIT_FSIZE, task.file_bytes)
    _limit(resource.RLIMIT_NOFILE, task.open_files)
    if task.processes is not None:
        has_user = task.sandbox is not None and task.sandbox.has_user
        _limit_processes(task.processes, has_user)
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
    if task.keeps is None:  # which is a program of Kennel's own
        privileges.drop()


def _has_ended(pipe: int) -> bool:
    """Whether the shim, who alone holds the pipe's other end, has."""
    poller = select.poll()
    poller.register(pipe, 0)
    return bool(poller.poll(0))


def _limit(what: int, most: int | None) -> None:
    if most is None:
        return
    hard = resource.getrlimit(what)[1]
    if hard != resource.RLIM_INFINITY:
        most = min(most, hard)
    resource.setrlimit(what, (most, most))


def _limit_processes(processes: int, own_user_namespace: bool) -> None:
    # The kernel counts all that the user runs, in a user namespace (since 5.14) only what is in it.
    others = 0 if own_user_namespace else proc.tasks_of_user(os.getuid()) - 1
    _limit(resource.RLIMIT_NPROC, processes + others)


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
