"""A network of a program's own, which has the loopback interface and nothing else."""

from __future__ import annotations

import ctypes
import os
import sys

from kennel.engine.shim.namespace import take_network

__all__ = ["NoNamespace", "die_with_parent", "enter_own_network"]

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
        take_network()
    except OSError as error:
        raise NoNamespace(os.strerror(error.errno) if error.errno else str(error)) from error


def die_with_parent() -> None:
    """The kernel sends SIGTERM to the caller when its parent dies."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, _SIGTERM, 0, 0, 0)
