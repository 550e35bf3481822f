"""Running one command of the job in the foreground.

Its output goes on as it comes, in the order it was written; signals for the job reach it; and it
never outlives this process.
"""

from __future__ import annotations

import ctypes
import os
import select
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager

from kennel.runtimes.training.error_message import OutputTail

__all__ = ["run"]

_CHUNK = 64 * 1024
_PASSED_ON = (signal.SIGTERM, signal.SIGINT)
_PR_SET_PDEATHSIG = 1


def run(
    command: Sequence[str],
    *,
    environment: Mapping[str, str],
    directory: str,
    tail: OutputTail,
    whole_group: bool = False,
) -> int:
    """Runs a command to its end and returns its exit code, 128 + the signal's number if one
    ended it.

    `tail` is fed what it prints. SIGTERM and SIGINT are passed on to the command alone, so that
    the worker processes of a script that saves its state are not ended under it; with
    `whole_group` to its process group (a shell passes nothing on by itself).
    """
    output, write_end = os.pipe()
    with _signals() as signals:
        child = subprocess.Popen(
            command,
            env=dict(environment),
            cwd=directory,
            stdin=subprocess.DEVNULL,
            stdout=write_end,
            stderr=write_end,
            # A group of its own: whoever signals ours would otherwise reach the script twice,
            # and a second SIGTERM breaks off what the script's handler does at the first.
            process_group=0,
            preexec_fn=_dies_with_parent(),
        )
        os.close(write_end)
        os.set_blocking(output, False)

        def pass_on(number: int) -> None:
            try:
                (os.killpg if whole_group else os.kill)(child.pid, number)
            except ProcessLookupError:
                pass

        try:
            _relay(child, output, signals, pass_on, tail)
        finally:
            os.close(output)
    code = child.returncode
    return code if code >= 0 else 128 - code


def _relay(
    child: subprocess.Popen[bytes],
    output: int,
    signals: int,
    pass_on: Callable[[int], None],
    tail: OutputTail,
) -> None:
    """Until the child has ended. What its own children still print after that is not waited
    for: a worker that was left behind must not keep the job from ending."""
    poll = select.poll()
    poll.register(output, select.POLLIN)
    poll.register(signals, select.POLLIN)
    while child.poll() is None:
        for descriptor, _ in poll.poll():
            if descriptor == signals:
                for number in os.read(signals, _CHUNK):
                    if number in _PASSED_ON:
                        pass_on(number)
            elif _copy(output, tail) == 0:
                poll.unregister(output)
    while _copy(output, tail):
        pass


def _copy(output: int, tail: OutputTail) -> int | None:
    """Passes one chunk on and returns its length: 0 when everybody has closed the pipe, None
    when there is nothing now."""
    try:
        chunk = os.read(output, _CHUNK)
    except BlockingIOError:
        return None
    tail.feed(chunk)
    rest = memoryview(chunk)
    while rest:
        rest = rest[os.write(sys.stdout.fileno(), rest) :]
    return len(chunk)


@contextmanager
def _signals() -> Iterator[int]:
    """A descriptor that yields the number of each signal that arrives, a byte each."""
    read_end, write_end = os.pipe()
    os.set_blocking(read_end, False)
    os.set_blocking(write_end, False)
    watched = (*_PASSED_ON, signal.SIGCHLD)
    before = {number: signal.signal(number, lambda *_: None) for number in watched}
    woken = signal.set_wakeup_fd(write_end, warn_on_full_buffer=False)
    try:
        yield read_end
    finally:
        signal.set_wakeup_fd(woken)
        for number, handler in before.items():
            signal.signal(number, handler)
        os.close(read_end)
        os.close(write_end)


def _dies_with_parent() -> Callable[[], None] | None:
    """What makes a child get SIGKILL when this process goes, where the system can."""
    library = ctypes.CDLL(None)
    if not hasattr(library, "prctl"):
        return None

    def ask() -> None:
        library.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)

    return ask
