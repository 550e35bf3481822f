"""A network of a program's own, which has the loopback interface and nothing else.

System calls: unshare(2); ioctl(2) as netdevice(7) has it.
"""

from __future__ import annotations

import ctypes
import os
import socket
import struct
import sys

__all__ = ["NoNamespace", "die_with_parent", "enter_own_network"]

_CLONE_NEWUSER = 0x10000000
_CLONE_NEWNET = 0x40000000
_SIOCGIFFLAGS, _SIOCSIFFLAGS, _IFF_UP = 0x8913, 0x8914, 1
_PR_SET_PDEATHSIG, _SIGTERM = 1, 15


class NoNamespace(Exception):
    """This machine gives no network namespace; the message says why."""


def enter_own_network() -> None:
    """Moves the caller into a network namespace of its own, with loopback up.

    An ordinary user takes a user namespace too, with the same numbers in it. Raises NoNamespace.
    """
    if sys.platform != "linux":
        raise NoNamespace(f"{sys.platform} has none")
    try:
        _unshare()
        _bring_up_loopback()
    except OSError as error:
        raise NoNamespace(error.strerror or str(error)) from error


def die_with_parent() -> None:
    """The kernel sends SIGTERM to the caller when its parent dies."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, _SIGTERM, 0, 0, 0)


def _unshare() -> None:
    uid, gid = os.geteuid(), os.getegid()
    library = ctypes.CDLL(None, use_errno=True)
    if library.unshare(_CLONE_NEWNET) == 0:
        return
    if library.unshare(_CLONE_NEWUSER | _CLONE_NEWNET) != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
    for file, text in (
        ("setgroups", "deny"),
        ("uid_map", f"{uid} {uid} 1"),
        ("gid_map", f"{gid} {gid} 1"),
    ):
        with open(f"/proc/self/{file}", "w") as control:
            control.write(text)


def _bring_up_loopback() -> None:
    import fcntl

    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
        name = struct.pack("16sH14x", b"lo", 0)
        flags = struct.unpack("16sH14x", fcntl.ioctl(control, _SIOCGIFFLAGS, name))[1]
        fcntl.ioctl(control, _SIOCSIFFLAGS, struct.pack("16sH14x", b"lo", flags | _IFF_UP))
