"""Where the hosts of a job meet: a loopback address each, and a port.

On AWS each host is a machine, so every job has port 7777 of its first host. So it is here in a
network of the job's own. In this machine's network the hosts of all jobs are together, and
PyTorch's store listens on all of its addresses whatever name it is given, so there a job needs a
port that no other has. The first one gets AWS's number.
"""

from __future__ import annotations

import random
import socket
import sys
import threading
from collections.abc import Iterable, Mapping

import msgspec

__all__ = ["Meeting", "Meetings", "hosts_file"]

MASTER_PORT = 7777  # of every job on AWS [the toolkit's source]
_PORTS = range(MASTER_PORT, MASTER_PORT + 1_000)
# 127.0 and 127.1 are left to the machine's own: its host name, its resolver.
_NETWORKS = range(64, 128)
_OWN_NETWORK = "127.77.0"


class Meeting(msgspec.Struct, frozen=True):
    """`network` is the first three numbers of the hosts' addresses, `port` MASTER_PORT. `own` says
    that the hosts are in a network of the job's own."""

    network: str
    port: int
    own: bool = False

    @classmethod
    def in_own_network(cls) -> Meeting:
        """The same for every job that has one."""
        return cls(_OWN_NETWORK, MASTER_PORT, own=True)

    def address(self, number: int) -> str:
        """The address of a job's host by its number, from 1 on."""
        # Other systems than Linux have no more than this one of the loopback network.
        return f"{self.network}.{number}" if sys.platform == "linux" else "127.0.0.1"

    def addresses(self, hosts: Iterable[str]) -> dict[str, str]:
        """The address of each host, `algo-N`."""
        return {host: self.address(int(host.rpartition("-")[2])) for host in hosts}


class Meetings:
    """The meetings of a plane's jobs that have not ended, in this machine's network."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._held: dict[str, tuple[Meeting, socket.socket | None]] = {}

    def take(self, job: str) -> Meeting:
        """A job's meeting: the one that it has, or a new one. Raises OSError if the machine has no
        port left."""
        with self._lock:
            if job not in self._held:
                guard = _free_port()
                meeting = Meeting(self._network(), guard.getsockname()[1])
                self._held[job] = (meeting, guard)
            return self._held[job][0]

    def keep(self, job: str, meeting: Meeting) -> None:
        """Takes a job's meeting over from a plane that is no more. Its hosts may listen already."""
        with self._lock:
            if job not in self._held:
                try:
                    guard = _guard(meeting.port)
                except OSError:
                    guard = None
                self._held[job] = (meeting, guard)

    def end(self, job: str) -> None:
        """Gives up a job's meeting, if it has one."""
        with self._lock:
            _, guard = self._held.pop(job, (None, None))
        if guard is not None:
            guard.close()

    def close(self) -> None:
        """Lets all ports go; the jobs go on."""
        for job in list(self._held):
            self.end(job)

    def _network(self) -> str:
        taken = {meeting.network for meeting, _ in self._held.values()}
        while True:
            network = f"127.{random.choice(_NETWORKS)}.{random.randrange(256)}"
            if network not in taken:
                return network


def hosts_file(machine: str, addresses: Mapping[str, str]) -> str:
    """A job's /etc/hosts: the machine's, which `machine` holds, and the job's own hosts first."""
    own = "".join(f"{address}\t{host}\n" for host, address in addresses.items())
    return f"{own}{machine}"


def _free_port() -> socket.socket:
    for port in _PORTS:
        try:
            return _guard(port)
        except OSError:
            continue
    raise OSError(f"the ports {_PORTS[0]} to {_PORTS[-1]} are all taken")


def _guard(port: int) -> socket.socket:
    """Keeps a port from other planes while a job has not listened on it yet. Raises OSError if
    anybody has it.

    It is taken exclusively and then opened to those who listen with SO_REUSEADDR, as servers do:
    Linux lets them in beside a socket that does not listen.
    """
    guard = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    try:
        guard.bind(("0.0.0.0", port))  # as PyTorch's store will; nothing ever listens on this one
        guard.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    except OSError:
        guard.close()
        raise
    return guard
