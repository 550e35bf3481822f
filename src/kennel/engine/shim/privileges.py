"""What a process may do, and who ends it: attributes that it can't give itself back.

The shim imports this file without the rest of Kennel. System calls: prctl(2), capset(2),
capabilities(7).
"""

from __future__ import annotations

import ctypes
import os
import struct
import sys

TYPE_CHECKING = False
if TYPE_CHECKING or __package__:
    from kennel.engine.shim import namespace
else:
    import namespace

__all__ = ["become_subreaper", "die_with_parent", "drop", "hide_memory", "leave_groups"]

_PR_SET_PDEATHSIG, _PR_SET_DUMPABLE, _PR_CAPBSET_DROP = 1, 4, 24
_PR_SET_CHILD_SUBREAPER, _PR_SET_NO_NEW_PRIVS, _PR_CAP_AMBIENT = 36, 38, 47
_PR_CAP_AMBIENT_CLEAR_ALL = 4
_SIGKILL = 9
_CAPABILITY_VERSION_3 = 0x20080522
_MOST_CAPABILITIES = 64
_LINUX = sys.platform == "linux"


def become_subreaper() -> None:
    """Orphaned descendants become the caller's children, so that none is lost from sight."""
    if _LINUX:
        _prctl(_PR_SET_CHILD_SUBREAPER, 1)


def die_with_parent() -> None:
    """The kernel sends SIGKILL to the caller when its parent dies."""
    if _LINUX:
        _prctl(_PR_SET_PDEATHSIG, _SIGKILL)


def hide_memory() -> None:
    """Others of the same user can neither trace the caller nor read its memory and environment."""
    _prctl(_PR_SET_DUMPABLE, 0)


def leave_groups() -> None:
    """Drops the groups that the caller is in beside its own (docker, disk, …), where it may."""
    try:
        os.setgroups([])
    except PermissionError:
        return


def drop() -> None:
    """The caller and all that it executes have no capabilities, whoever they are, and no
    set-user-ID program gives them any. Raises OSError."""
    if not _LINUX:
        return
    _prctl(_PR_SET_NO_NEW_PRIVS, 1)
    for number in range(_MOST_CAPABILITIES):
        try:
            _prctl(_PR_CAPBSET_DROP, number)
        except PermissionError:
            break  # an ordinary user has none to drop
        except OSError:
            break  # the kernel knows no more
    _prctl(_PR_CAP_AMBIENT, _PR_CAP_AMBIENT_CLEAR_ALL)
    header = struct.pack("=Ii", _CAPABILITY_VERSION_3, 0)
    namespace.call("capset", ctypes.c_char_p(header), ctypes.c_char_p(bytes(24)))


def _prctl(option: int, value: int) -> None:
    namespace.call("prctl", option, *(ctypes.c_ulong(number) for number in (value, 0, 0, 0)))
