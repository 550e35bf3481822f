"""The parent of one command: starts it, outlives the plane with it, and writes down its end.

Run as `python -I -S -E main.py FOLDER`. Standard input brings the task (marshalled, see
`command.Task`): an environment holds secrets, so it is on no command line and on no disk. Standard
output takes one line back: "ok", or why the command could not be started.

FOLDER gets `process.json` (durable before the command is executed), `log` and `exit.json`. SIGUSR1
asks for a SIGTERM to the command's process group, SIGUSR2 for a SIGKILL to all that belongs to the
command; signals that are meant for the plane don't touch the shim. If it is killed itself, the
kernel kills the command too, because nobody would see that one's end.

Only what starts at once is imported: the whole start takes some 15 ms (a bare interpreter: 7).
"""

from __future__ import annotations

import marshal
import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    import signal
else:
    import _signal as signal  # the public module takes 3 ms, all of it for enums

if TYPE_CHECKING or __package__:
    from kennel.engine.shim import command, network, supervisor
else:
    # Last in the path; the neighbours' compiled files are used, which halves the start.
    sys.path.append(os.path.dirname(os.path.abspath(__file__)))
    import command
    import network
    import supervisor

__all__ = ["main"]


def main(folder: str) -> None:
    """The shim's whole life."""
    os.closerange(3, 1 << 16)  # nothing of the plane's is kept open, its port least of all
    plane = os.dup(1)
    try:
        task = command.Task(marshal.loads(_read_all(0)))
        _detach(folder)
        watch = supervisor.Supervisor(folder, task)
        watch.start(plane)
        del task
    except Exception as error:
        # The boundary of this process: whatever it is, the plane hears of it.
        told = isinstance(error, command.StartFailed | network.NetworkError)
        reason = str(error) if told else repr(error)
        _tell(plane, reason)
        return
    _tell(plane, "ok")
    watch.supervise()


def _detach(folder: str) -> None:
    """Leaves the plane's session, and takes the log as output."""
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    os.setsid()
    os.chdir("/")
    os.umask(0o077)
    null = os.open(os.devnull, os.O_RDWR)
    try:
        log = os.open(f"{folder}/log", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    except OSError as error:
        raise command.StartFailed(
            f"the log {folder}/log could not be opened: {error.strerror}"
        ) from None
    for fd, standard in ((null, 0), (log, 1), (log, 2)):
        os.dup2(fd, standard)
    os.close(null)
    os.close(log)


def _tell(plane: int, line: str) -> None:
    try:
        os.write(plane, f"{line}\n".encode())
    except BrokenPipeError:
        pass  # the plane died; the next one finds process.json
    finally:
        os.close(plane)


def _read_all(fd: int) -> bytes:
    parts = []
    while part := os.read(fd, 65536):
        parts.append(part)
    return b"".join(parts)


if __name__ == "__main__":
    main(sys.argv[1])
    os._exit(0)  # spares the interpreter's own end
