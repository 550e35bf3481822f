"""Namespaces of the kernel's: a part of the machine that the caller has for itself.

Where the caller may not make one, a user namespace of its own lets it.

The shim imports this file without the rest of Kennel. System calls: unshare(2), setns(2),
user_namespaces(7); ioctl(2) as netdevice(7) has it.
"""

from __future__ import annotations

import ctypes
import os
import sys

__all__ = [
    "HOST_NAME",
    "MEMORY",
    "MOUNTS",
    "NETWORK",
    "PROCESSES",
    "call",
    "enter",
    "libc",
    "take",
    "take_network",
    "take_user",
]

MOUNTS = 0x00020000  # CLONE_NEWNS
HOST_NAME = 0x04000000  # CLONE_NEWUTS
MEMORY = 0x08000000  # CLONE_NEWIPC: shared memory, semaphores and message queues
PROCESSES = 0x20000000  # CLONE_NEWPID, for the caller's children
NETWORK = 0x40000000  # CLONE_NEWNET
_USER = 0x10000000  # CLONE_NEWUSER
_SIOCGIFFLAGS, _SIOCSIFFLAGS, _IFF_UP = 0x8913, 0x8914, 1

libc = ctypes.CDLL(None, use_errno=True)
# Without these, ctypes would pass the flags as 32-bit integers.
if sys.platform == "linux":
    libc.mount.argtypes = (ctypes.c_char_p,) * 3 + (ctypes.c_ulong, ctypes.c_char_p)


def take(kinds: int) -> bool:
    """Moves the caller into new namespaces of those kinds. Returns whether it took a user
    namespace too. Raises OSError."""
    try:
        call("unshare", kinds)
    except PermissionError:
        take_user(kinds, os.geteuid(), os.getegid())
        return True
    return False


def take_user(kinds: int, uid: int, gid: int) -> None:
    """Moves the caller into a user namespace, and into new namespaces of those kinds that belong to
    it. Inside it is `uid` and `gid`; outside it stays who it is. It has no capabilities once the
    command is executed, unless it is 0 inside. Raises OSError."""
    outer_uid, outer_gid = os.geteuid(), os.getegid()
    call("unshare", _USER | kinds)
    for file, text in (
        ("setgroups", "deny"),
        ("uid_map", f"{uid} {outer_uid} 1"),
        ("gid_map", f"{gid} {outer_gid} 1"),
    ):
        with open(f"/proc/self/{file}", "w") as control:
            control.write(text)


def enter(descriptor: int) -> None:
    """Moves the caller into an open namespace. Raises OSError."""
    call("setns", descriptor, 0)


def take_network() -> bool:
    """Moves the caller into a new network namespace, and brings up its loopback interface. Returns
    whether it took a user namespace too. Raises OSError."""
    # Not at the top: they cost the shim some milliseconds, and few shims call this. Not later: who
    # has taken a user namespace may no longer reach the interpreter's folder.
    import fcntl
    import socket
    import struct

    took_user = take(NETWORK)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
        name = struct.pack("16sH14x", b"lo", 0)
        flags = struct.unpack("16sH14x", fcntl.ioctl(control, _SIOCGIFFLAGS, name))[1]
        fcntl.ioctl(control, _SIOCSIFFLAGS, struct.pack("16sH14x", b"lo", flags | _IFF_UP))
    return took_user


def call(function: str, *arguments: object) -> None:
    """Calls a function of the C library that answers 0. Raises OSError."""
    if getattr(libc, function)(*arguments) != 0:
        number = ctypes.get_errno()
        paths = [os.fsdecode(value) for value in arguments if isinstance(value, bytes)]
        raise OSError(number, f"{function}: {os.strerror(number)}", " ".join(paths) or None)
