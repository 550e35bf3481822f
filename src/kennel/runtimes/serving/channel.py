"""Messages between the zygote, a template and the instances on their way.

A pair of sequenced-packet sockets: a message arrives whole, whoever sends beside it.
"""

from __future__ import annotations

import json
import socket
from typing import Any

__all__ = ["Channel"]

_LARGEST = 1 << 20


class Channel:
    """One end."""

    def __init__(self, sock: socket.socket) -> None:
        self._socket = sock
        # An environment of some hundred kilobytes must fit.
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _LARGEST)

    @classmethod
    def pair(cls) -> tuple[Channel, Channel]:
        left, right = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        return cls(left), cls(right)

    def fileno(self) -> int:
        return self._socket.fileno()

    def send(self, message: dict[str, Any]) -> None:
        """Raises OSError if the other end is gone or the message too large."""
        self._socket.send(json.dumps(message).encode())

    def receive(self, wait: bool = True) -> dict[str, Any] | None:
        """The next message; None when the other ends are closed. Without `wait`, raises
        BlockingIOError when there is none yet."""
        data = self._socket.recv(_LARGEST, 0 if wait else socket.MSG_DONTWAIT)
        if not data:
            return None
        message: dict[str, Any] = json.loads(data)
        return message

    def close(self) -> None:
        self._socket.close()
