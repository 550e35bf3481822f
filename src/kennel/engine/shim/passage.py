"""Passes connections on from a network of some processes' own to this machine's loopback.

Run as `python -I -S -E passage.py SECONDS LEASE [DESCRIPTOR:PORT…]`: what the listener at
DESCRIPTOR takes goes to 127.0.0.1:PORT. The descriptors are there from the start, see network.py.
Ends when the lease, a pipe, has been without a writer for SECONDS.

One thread, one epoll. An end is read only while what it sent before has been written, so the
slower side sets the pace; an end is not watched at all while nothing can be done for it. Nothing
of Kennel is imported, and nothing that is slow to start.
"""

from __future__ import annotations

import resource
import select
import socket
import struct
import sys
import time

__all__ = ["Passage"]

_LOOPBACK = "127.0.0.1"
_CHUNK = 1 << 18  # bytes read at once, and kept at most for each direction
_ABORT = struct.pack("ii", 1, 0)  # SO_LINGER: closing resets, so that nobody takes it for an end
_TICKS = 4  # looks at the lease in the time that it may be without a writer


class _End:
    """A socket of a connection. `pending` waits to be sent here."""

    __slots__ = ("connected", "fd", "other", "pending", "reading", "sock", "watched", "writing")

    def __init__(self, sock: socket.socket, connected: bool) -> None:
        sock.setblocking(False)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.sock = sock
        self.fd = sock.fileno()
        self.connected = connected
        self.reading = True  # until its end of file
        self.writing = True  # until it was told of the other's
        self.pending = memoryview(b"")
        self.watched = 0
        self.other = self

    def wishes(self) -> int:
        """The events that something can be done about."""
        if not self.connected:
            return select.EPOLLOUT
        wishes = select.EPOLLOUT if self.pending else 0
        if self.reading and self.other.connected and not self.other.pending:
            wishes |= select.EPOLLIN
        return wishes


class Passage:
    """`ports` are the listeners' descriptors, each with the port that it leads to."""

    def __init__(self, ports: dict[int, int], lease: int, seconds: float) -> None:
        self._ports = {}
        for descriptor, port in ports.items():
            listener = socket.socket(fileno=descriptor)
            listener.setblocking(False)
            self._ports[descriptor] = (listener, port)
        self._lease = select.poll()
        self._lease.register(lease, 0)
        self._seconds = seconds
        self._epoll = select.epoll()
        self._ends: dict[int, _End] = {}
        self._is_full = False

    def run(self) -> None:
        """Returns when nobody has had the lease for a while."""
        self._listen()
        tick = self._seconds / _TICKS
        last_held = last_look = time.monotonic()
        while last_look - last_held < self._seconds:
            named = [fd for fd, _ in self._epoll.poll(tick)]
            for fd in named:
                if end := self._ends.get(fd):  # not one that an event before it closed
                    self._act(end)
            # Last, since a new connection may get the descriptor of one that is closed by now.
            for fd in named:
                if fd in self._ports:
                    self._take(*self._ports[fd])
            now = time.monotonic()
            if now - last_look >= tick:
                last_look = now
                if not self._lease.poll(0):
                    last_held = now

    def _listen(self) -> None:
        for fd in self._ports:
            self._epoll.register(fd, select.EPOLLIN)
        self._is_full = False

    def _take(self, listener: socket.socket, port: int) -> None:
        try:
            near_socket, _ = listener.accept()
        except BlockingIOError:
            return
        except OSError:  # no descriptor is left, or the client has gone
            self._refuse_more()
            return
        try:
            far_socket = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        except OSError:
            near_socket.close()
            self._refuse_more()
            return
        near, far = _End(near_socket, True), _End(far_socket, False)
        near.other, far.other = far, near
        self._ends[near.fd], self._ends[far.fd] = near, far
        try:
            far_socket.connect((_LOOPBACK, port))
        except BlockingIOError:
            pass
        except OSError:
            self._close(near, abort=True)
            return
        self._watch(near)
        self._watch(far)

    def _refuse_more(self) -> None:
        """Lets who comes wait until a connection ends, or an error would come again at once."""
        if self._ends and not self._is_full:
            for fd in self._ports:
                self._epoll.unregister(fd)
            self._is_full = True

    def _act(self, end: _End) -> None:
        """Does what can be done for an end that the kernel named."""
        try:
            if not end.connected:
                error = end.sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
                if error:
                    raise OSError(error, "the connection failed")
                end.connected = True
            if end.pending:
                self._send(end)
            if end.wishes() & select.EPOLLIN:
                self._receive(end)
        except BlockingIOError:
            pass
        except OSError:
            self._close(end, abort=True)
            return
        if not (end.reading or end.other.reading or end.pending or end.other.pending):
            self._close(end, abort=False)
            return
        self._watch(end)
        self._watch(end.other)

    def _receive(self, end: _End) -> None:
        """Raises OSError; BlockingIOError if there was nothing."""
        other = end.other
        data = end.sock.recv(_CHUNK)
        if data:
            other.pending = memoryview(data)
        else:
            end.reading = False
        self._send(other)

    def _send(self, end: _End) -> None:
        if end.pending:
            try:
                end.pending = end.pending[end.sock.send(end.pending) :]
            except BlockingIOError:
                return
        if not end.pending and not end.other.reading and end.writing:
            end.writing = False
            end.sock.shutdown(socket.SHUT_WR)

    def _watch(self, end: _End) -> None:
        wishes = end.wishes()
        if wishes == end.watched:
            return
        if not end.watched:
            self._epoll.register(end.fd, wishes)
        elif not wishes:  # a connection that is over would be reported again and again
            self._epoll.unregister(end.fd)
        else:
            self._epoll.modify(end.fd, wishes)
        end.watched = wishes

    def _close(self, end: _End, *, abort: bool) -> None:
        """Closes a connection; one that went wrong is reset at both ends."""
        for one in (end, end.other):
            del self._ends[one.fd]
            if abort:
                one.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _ABORT)
            one.sock.close()  # which also ends the watching
        if self._is_full:
            self._listen()


def _main(seconds: str, lease: str, *ports: str) -> None:
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    pairs = (pair.split(":") for pair in ports)
    passage = Passage({int(fd): int(port) for fd, port in pairs}, int(lease), float(seconds))
    passage.run()


if __name__ == "__main__":
    _main(*sys.argv[1:])
