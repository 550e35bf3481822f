"""What joins a network namespace with the machine's: sockets made on one side, served on the other.

A socket stays in the namespace it was made in, whoever holds it. So the program's side makes
them, and hands them to the `kennel` command, which stays outside.
"""

from __future__ import annotations

import os
import socket

__all__ = ["SocketMaker", "listen_inside", "serve_sockets"]

_LOOPBACK = "127.0.0.1"
_BACKLOG = 128


def listen_inside(port: int) -> socket.socket:
    """A listener in the caller's namespace on the plane's own port. Raises OSError."""
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind((_LOOPBACK, port))
    listener.listen(_BACKLOG)
    return listener


def serve_sockets(channel: socket.socket) -> None:
    """Makes a socket in the caller's namespace for each byte that comes, and hands it over;
    returns when the other end is gone."""
    while channel.recv(1):
        with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as fresh:
            socket.send_fds(channel, [b"."], [fresh.fileno()])


class SocketMaker:
    """The other end of `serve_sockets`."""

    def __init__(self, channel: socket.socket) -> None:
        self._channel = channel

    def make(self) -> socket.socket:
        """An unconnected socket of the program's namespace. Raises OSError if that is gone."""
        self._channel.sendall(b".")
        _, descriptors, _, _ = socket.recv_fds(self._channel, 1, 1)
        if not descriptors:
            raise OSError("the program's network is gone")
        os.set_inheritable(descriptors[0], False)
        return socket.socket(fileno=descriptors[0])
