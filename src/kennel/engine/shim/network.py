"""A network that several processes share, with the loopback interface and nothing else.

    the machine's network            the processes' own
      passage.py  <- sockets -  listeners on 127.0.0.1

The passage's process makes it before it is executed. A child of it enters a new network namespace
and hands over what was made there: the namespace itself, open, and a listener for each port. A
socket stays in the namespace it was made in, whoever holds it; so the passage takes connections
inside and makes others outside, and is in the machine's network itself. Processes join by the
namespace that the passage holds open.

The lease is a named pipe. The shim of each process that joined has it open for writing, so the
passage is told by the kernel when there is none any more.

The shim imports this file without the rest of Kennel.
"""

from __future__ import annotations

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    import socket
    from typing import NoReturn

if TYPE_CHECKING or __package__:
    from kennel.engine.shim import namespace, proc
else:
    import namespace
    import proc

__all__ = ["LEASE", "LISTENERS", "NetworkError", "join", "make", "take_lease"]

# The passage's descriptors, beyond all that the shim has open.
_NETWORK, _USER, LEASE, LISTENERS = 200, 201, 202, 203
_LOOPBACK = "127.0.0.1"
_BACKLOG = 512


class NetworkError(Exception):
    """The network can't be made or joined; the message is a sentence for the user."""


def make(ports: list[int], lease: bytes = b"") -> None:
    """Opens a new network and a listener for each port there, as descriptors that stay open when
    the caller becomes the passage. Raises NetworkError."""
    import socket  # not at the top: it costs the shim 5 ms, and few shims call this

    here, there = socket.socketpair()
    child = os.fork()
    if child == 0:
        _hand_over(ports, there)
    there.close()
    with here:
        answer, descriptors, _, _ = socket.recv_fds(here, 4096, len(ports) + 2)
    os.waitpid(child, 0)
    if not descriptors:
        raise NetworkError(answer.decode() or "what makes it died")
    has_user = answer == b"user"
    kept = [_NETWORK, _USER] if has_user else [_NETWORK]
    kept += range(LISTENERS, LISTENERS + len(ports))
    for descriptor, number in zip(descriptors, kept, strict=True):
        os.dup2(descriptor, number)
    if lease:
        reader = os.open(lease, os.O_RDONLY | os.O_NONBLOCK)
        # Only after a first writer does a pipe tell that it has none.
        os.close(os.open(lease, os.O_WRONLY | os.O_NONBLOCK))
        os.dup2(reader, LEASE)


def take_lease(lease: bytes) -> int:
    """What the shim of a process that joins holds open for as long as it lives. Raises
    NetworkError."""
    try:
        return os.open(lease, os.O_WRONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        raise NetworkError(f"its network is gone: {error.strerror}") from None


def join(pid: int, start: int) -> None:
    """Moves the caller into the network whose passage is that process. Raises NetworkError."""
    try:
        opened = [
            os.open(f"/proc/{pid}/fd/{number}", os.O_RDONLY | os.O_CLOEXEC)
            for number in (_USER, _NETWORK)
            if os.path.lexists(f"/proc/{pid}/fd/{number}")
        ]
        # Looked at after opening: if it is that process now, what was opened is its.
        if not opened or not proc.is_alive(pid, start):
            raise NetworkError("its network is gone: the process that keeps it has ended")
        for descriptor in opened:
            namespace.enter(descriptor)
            os.close(descriptor)
    except OSError as error:
        raise NetworkError(f"its network could not be joined: {error}") from None


def _hand_over(ports: list[int], channel: socket.socket) -> NoReturn:
    """The child's part: sends what it made, or why it could not."""
    import socket

    try:
        has_user = namespace.take_network()
        descriptors = [os.open("/proc/self/ns/net", os.O_RDONLY)]
        if has_user:
            descriptors.append(os.open("/proc/self/ns/user", os.O_RDONLY))
        descriptors += [_listener(port).detach() for port in ports]
        socket.send_fds(channel, [b"user" if has_user else b"mine"], descriptors)
    except Exception as error:
        # The boundary of this process: whatever it is, the plane hears of it.
        number = error.errno if isinstance(error, OSError) else None
        channel.sendall((os.strerror(number) if number else repr(error)).encode())
    finally:
        os._exit(0)


def _listener(port: int) -> socket.socket:
    import socket

    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind((_LOOPBACK, port))
    listener.listen(_BACKLOG)
    listener.setblocking(False)
    return listener
