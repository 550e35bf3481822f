"""Unix sockets at paths of any length."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager

__all__ = ["connect", "listen"]

# sun_path of sockaddr_un holds 108 bytes, one of them the end.
_LONGEST = 107
_BACKLOG = 128


def listen(path: str) -> socket.socket:
    """A listening stream socket at `path`, in place of what a dead process left there."""
    try:
        os.unlink(path)
    except FileNotFoundError:
        pass
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        with _short(path) as address:
            sock.bind(address)
        os.chmod(path, 0o600)
        sock.listen(_BACKLOG)
    except BaseException:
        sock.close()
        raise
    return sock


def connect(path: str, timeout: float | None = None) -> socket.socket:
    """A connected stream socket; `timeout` in seconds stays set on it. Raises OSError."""
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        sock.settimeout(timeout)
        with _short(path) as address:
            sock.connect(address)
    except BaseException:
        sock.close()
        raise
    return sock


@contextmanager
def _short(path: str) -> Iterator[str]:
    """The path, or one through a descriptor of its folder where it is too long."""
    if len(os.fsencode(path)) <= _LONGEST:
        yield path
        return
    folder, name = os.path.split(path)
    descriptor = os.open(folder, os.O_PATH | os.O_DIRECTORY)
    try:
        yield f"/proc/self/fd/{descriptor}/{name}"
    finally:
        os.close(descriptor)
