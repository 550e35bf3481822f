"""Whether processes of this machine talk to each other over its loopback network."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence

from kennel.engine.interface import Process
from kennel.engine.shim import proc

__all__ = ["are_connected"]

_TABLES = ("tcp", "tcp6")
_ESTABLISHED = b"01"
_IPV4 = b"0000000000000000FFFF0000"  # how an IPv4 address begins in IPv6's table


def are_connected(processes: Sequence[Process]) -> bool | None:
    """Whether a TCP connection leads from one of the processes, or a child of its, to another.

    None if this machine does not tell. A connection that is not there at this moment is not seen.
    """
    if not proc.LINUX:
        return None
    owners: dict[int, int] = {}  # a socket's inode: the process by its place in `processes`
    for number, process in enumerate(processes):
        for pid in (process.pid, *proc.descendants(process.pid)):
            try:
                owners |= dict.fromkeys(_sockets(pid), number)
            except FileNotFoundError:
                continue  # it has just ended
            except PermissionError:
                return None
    networks = {_network(process.pid): process.pid for process in processes}
    table = (entry for pid in networks.values() for entry in _table(pid))
    ends = {(local, remote): owners[inode] for local, remote, inode in table if inode in owners}
    return any(
        ends.get((remote, local), number) != number for (local, remote), number in ends.items()
    )


def _sockets(pid: int) -> Iterator[int]:
    """The inodes of a process's sockets. Raises FileNotFoundError and PermissionError."""
    folder = f"/proc/{pid}/fd"
    for name in os.listdir(folder):
        try:
            target = os.readlink(f"{folder}/{name}")
        except FileNotFoundError:
            continue
        if target.startswith("socket:["):
            yield int(target[8:-1])


def _network(pid: int) -> str:
    """Names the network that a process is in; empty if it has just ended."""
    try:
        return os.readlink(f"/proc/{pid}/ns/net")
    except OSError:
        return ""


def _table(pid: int) -> Iterator[tuple[bytes, bytes, int]]:
    """The connections of a process's network: both ends as the kernel writes them, and the socket's
    inode."""
    for name in _TABLES:
        try:
            with open(f"/proc/{pid}/net/{name}", "rb") as table:
                lines = table.readlines()[1:]
        except OSError:
            continue  # a kernel without IPv6, or the process has just ended
        for line in lines:
            fields = line.split()
            if fields[3] == _ESTABLISHED:
                local, remote = (end.removeprefix(_IPV4) for end in fields[1:3])
                yield local, remote, int(fields[9])
