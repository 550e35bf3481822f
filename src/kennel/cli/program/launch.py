"""Runs a program to its end in a network of its own, whose one way out is the plane's proxy.

    kennel (the machine's network)          the program (a namespace with loopback alone)
      passes on  <- sockets handed over -     listener on the plane's port

Where no namespace is to be had the program runs in the machine's network all the same, and the
person is told.
"""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import NoReturn
from urllib.parse import urlsplit

from kennel.cli.errors import UsageError
from kennel.cli.program.doorway import SocketMaker, listen_inside, serve_sockets
from kennel.cli.program.namespace import NoNamespace, die_with_parent, enter_own_network
from kennel.cli.program.passage import pass_on

__all__ = ["Published", "run_program"]

_LOOPBACK = "127.0.0.1"
_CANT_RUN, _NOT_FOUND = 126, 127  # what shells give for it
_FORWARDED = (signal.SIGTERM, signal.SIGHUP, signal.SIGUSR1, signal.SIGUSR2)


@dataclass(frozen=True, slots=True)
class Published:
    """A port of the program's that can be reached at 127.0.0.1:`outside`."""

    outside: int
    inside: int


def run_program(
    command: Sequence[str],
    environment: Mapping[str, str],
    *,
    url: str,
    isolate: bool = True,
    publish: Sequence[Published] = (),
    warn: Callable[[str], None],
) -> int:
    """Runs `command` on this process's terminal and returns its exit code, 128 + the number of the
    signal that ended it. `url` is the plane's; `warn` is told, in a sentence, what could not be
    held. Raises UsageError if a port to publish is taken.
    """
    port = urlsplit(url).port or 80
    outside = [(_published_listener(one), one.inside) for one in publish if isolate]
    here, there = socket.socketpair()
    pid = os.fork()
    if pid == 0:
        here.close()
        for listener, _ in outside:
            listener.close()
        _be_the_program(command, environment, port if isolate else None, bool(outside), there)
    there.close()
    with here:
        return asyncio.run(_attend(pid, here, port, isolate, outside, warn))


def _published_listener(published: Published) -> socket.socket:
    try:
        return socket.create_server((_LOOPBACK, published.outside))
    except OSError as error:
        raise UsageError(
            f"Port {published.outside} can't be published: {error.strerror}. "
            "Name another: --publish OUTSIDE:INSIDE."
        ) from error


async def _attend(
    pid: int,
    channel: socket.socket,
    port: int,
    isolate: bool,
    outside: list[tuple[socket.socket, int]],
    warn: Callable[[str], None],
) -> int:
    loop = asyncio.get_running_loop()
    servers = []
    for number in _FORWARDED:
        loop.add_signal_handler(number, _forward, pid, number)
    # Ctrl-C reaches the program by the terminal; this process waits for what it makes of it.
    loop.add_signal_handler(signal.SIGINT, lambda: None)
    if isolate:
        answer, descriptors, _, _ = socket.recv_fds(channel, 4096, 1)
        if descriptors:
            inside = socket.socket(fileno=descriptors[0])
            servers.append(await pass_on(inside, partial(_connected, port)))
            maker = SocketMaker(channel)
            for listener, its_port in outside:
                servers.append(await pass_on(listener, partial(_entered, maker, its_port)))
        elif answer:
            warn(
                f"this machine gives no network namespace ({answer.decode()}), so a program that "
                "ignores its proxy settings could still reach AWS"
            )
        channel.sendall(b"go")
    _, status = await loop.run_in_executor(None, os.waitpid, pid, 0)
    for server in servers:
        server.close()
    return code if (code := os.waitstatus_to_exitcode(status)) >= 0 else 128 - code


def _forward(pid: int, number: int) -> None:
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        pass


async def _connected(port: int) -> socket.socket:
    """A connection to the plane."""
    return await _connect(socket.socket(socket.AF_INET, socket.SOCK_STREAM), port)


async def _entered(maker: SocketMaker, port: int) -> socket.socket:
    """A connection to a port of the program's."""
    return await _connect(maker.make(), port)


async def _connect(fresh: socket.socket, port: int) -> socket.socket:
    fresh.setblocking(False)
    try:
        await asyncio.get_running_loop().sock_connect(fresh, (_LOOPBACK, port))
    except BaseException:
        fresh.close()
        raise
    return fresh


def _be_the_program(
    command: Sequence[str],
    environment: Mapping[str, str],
    port: int | None,
    published: bool,
    channel: socket.socket,
) -> NoReturn:
    """The child's part. `port`: the plane's, if there is to be a network of its own."""
    try:
        die_with_parent()
        if port is not None:
            _isolate(port, published, channel)
        os.execvpe(command[0], list(command), dict(environment))
    except FileNotFoundError:
        _complain(f"{command[0]} is not to be found.", _NOT_FOUND)
    except OSError as error:
        _complain(f"{command[0]} can't be run: {error.strerror}.", _CANT_RUN)
    finally:
        os._exit(_CANT_RUN)  # whatever it was, this process must not go on as the command


def _isolate(port: int, published: bool, channel: socket.socket) -> None:
    try:
        enter_own_network()
        with listen_inside(port) as listener:
            socket.send_fds(channel, [b"."], [listener.fileno()])
    except NoNamespace as error:
        channel.sendall(str(error).encode())
        published = False
    channel.recv(2)  # the connections are attended from here on
    if published and os.fork() == 0:
        # Apart from the program's terminal and signals; ends when the command outside does.
        os.setsid()
        serve_sockets(channel)
        os._exit(0)


def _complain(message: str, code: int) -> NoReturn:
    sys.stderr.write(f"kennel: {message}\n")
    sys.stderr.flush()
    os._exit(code)
