"""An instance: from the fork to its last reply."""

from __future__ import annotations

import os
import random
import signal
import socket
import sys
import time
import traceback
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import NoReturn

from kennel.runtimes.serving import handlers, records, sockets
from kennel.runtimes.serving.channel import Channel
from kennel.runtimes.serving.handlers import Handlers
from kennel.runtimes.serving.invocation import Responder
from kennel.runtimes.serving.kernel import die_with_parent, start_time
from kennel.runtimes.serving.loading import LoadingAnswers
from kennel.runtimes.serving.order import Order
from kennel.runtimes.serving.server import Server
from kennel.runtimes.serving.settings import Settings

__all__ = ["become_instance"]


def become_instance(
    order: Order,
    channel: Channel,
    zygote: int,
    settings: Settings,
    loaded: Handlers | None,
    threads: Mapping[str, str],
) -> NoReturn:
    """Never returns. `zygote` is the parent's pid; `loaded` is None where the instance loads its
    own model; `threads` are the thread variables that the instance may use.

    The channel hears "listening", or "unborn" with an "error".
    """
    try:
        drain = _Drain()
        listener = _settle_in(order, zygote)
        pid = os.getpid()
        channel.send(
            {
                "event": "listening",
                "name": order.name,
                "pid": pid,
                "start_time": start_time(pid),
                "socket": order.socket,
            }
        )
        channel.close()
    except Exception as error:  # the process's boundary: the plane hears of it
        channel.send({"event": "unborn", "name": order.name, "error": repr(error)})
        os._exit(1)
    code = 1
    try:
        _reseed()
        _allow_threads(threads)
        if loaded is None:
            with drain.off(), LoadingAnswers(listener):
                loaded = handlers.load(settings)
        responder = Responder(loaded, settings.default_accept)
        Server(
            listener,
            responder.answer,
            max_body=settings.max_body,
            wakeup=drain.wakeup,
            is_draining=drain.is_asked,
        ).run()
        code = 0
    except SystemExit as error:
        # A handler's own exit ends this instance and no other.
        code = error.code if isinstance(error.code, int) else int(error.code is not None)
        print(f"kennel: the instance's code exits: {error.code}", file=sys.stderr)
    except BaseException:  # the process's boundary
        traceback.print_exc()
    finally:
        _flush()
        # Not sys.exit: the frames below belong to the template.
        os._exit(code)


class _Drain:
    """SIGTERM as a flag and a wake-up for the server's loop."""

    def __init__(self) -> None:
        self._asked = False
        self.wakeup, write_end = os.pipe()
        for descriptor in (self.wakeup, write_end):
            os.set_blocking(descriptor, False)
        signal.set_wakeup_fd(write_end, warn_on_full_buffer=False)
        signal.signal(signal.SIGTERM, self._ask)

    def is_asked(self) -> bool:
        return self._asked

    @contextmanager
    def off(self) -> Iterator[None]:
        """While the model loads there is nothing to finish: SIGTERM ends the process."""
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        yield
        signal.signal(signal.SIGTERM, self._ask)

    def _ask(self, *_: object) -> None:
        self._asked = True


def _settle_in(order: Order, zygote: int) -> socket.socket:
    """Makes the fork a process of its own, with its record and its listening socket."""
    die_with_parent(zygote)
    os.setsid()
    for path in order.cgroup_procs:
        with open(path, "w", encoding="ascii") as file:
            file.write("0")  # whoever writes
    os.environ.update(order.environment)
    _redirect(os.path.join(order.folder, "log"))
    listener = sockets.listen(order.socket)
    record = records.process_record(os.getpid(), zygote, time.time(), order.groups)
    records.write(order.folder, "process.json", record)
    return listener


def _redirect(log: str) -> None:
    _flush()
    output = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    nothing = os.open(os.devnull, os.O_RDONLY)
    for source, target in ((nothing, 0), (output, 1), (output, 2)):
        os.dup2(source, target)
    os.close(output)
    os.close(nothing)


def _reseed() -> None:
    """Forks of one template would otherwise draw the same numbers."""
    random.seed()
    numpy_random = sys.modules.get("numpy.random")
    if numpy_random is not None:
        numpy_random.seed(int.from_bytes(os.urandom(4)))
    torch = sys.modules.get("torch")
    if torch is not None:
        torch.manual_seed(int.from_bytes(os.urandom(7)))


def _allow_threads(threads: Mapping[str, str]) -> None:
    """The template loaded with one thread, whatever was asked; from here on it may be more."""
    os.environ.update(threads)
    torch = sys.modules.get("torch")
    asked = threads.get("OMP_NUM_THREADS", "")
    if torch is not None and asked.isdecimal() and int(asked) > 1:
        torch.set_num_threads(int(asked))


def _flush() -> None:
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except (OSError, ValueError):
            continue  # a closed or full log is no reason to stay
