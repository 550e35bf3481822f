"""The passage by itself, without any namespace: it takes connections and makes others."""

from __future__ import annotations

import os
import random
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator

import pytest

from kennel.engine.launch import FLAGS
from kennel.engine.shim import passage

DESCRIPTORS = 40  # what the passage of the last test may have open


@pytest.fixture
def echo() -> Iterator[int]:
    """The port of a server that sends back what it gets, until the end of it."""

    def serve(peer: socket.socket) -> None:
        with peer:
            while data := peer.recv(10_000):
                peer.sendall(data)

    def accept() -> None:
        while True:
            try:
                peer, _ = server.accept()
            except OSError:
                return
            threading.Thread(target=serve, args=(peer,), daemon=True).start()

    with socket.create_server(("127.0.0.1", 0)) as server:
        thread = threading.Thread(target=accept)
        thread.start()
        yield server.getsockname()[1]
        server.shutdown(socket.SHUT_RDWR)
        thread.join()


@pytest.fixture
def entrance() -> Iterator[Callable[..., int]]:
    """`entrance(port)`: a port from which a passage leads to that one."""
    started = []

    def start(port: int, *prefix: str) -> int:
        lease, held = os.pipe()
        with socket.create_server(("127.0.0.1", 0), backlog=128) as listener:
            fd = listener.fileno()
            command = [*prefix, sys.executable, *FLAGS, passage.__file__]
            process = subprocess.Popen(
                [*command, "60", str(lease), f"{fd}:{port}"], pass_fds=(lease, fd)
            )
            os.close(lease)
            started.append((process, held))
            return int(listener.getsockname()[1])

    yield start
    for process, held in started:
        process.kill()
        process.wait()
        os.close(held)


def exchange(port: int, seed: int) -> bool:
    """Sends and receives in pieces of random sizes; whether all came back."""
    sizes = random.Random(seed)
    body = sizes.randbytes(sizes.choice((0, 1, 5_000, 3_000_000)))
    back = bytearray()
    with socket.create_connection(("127.0.0.1", port), 30) as sock:

        def send() -> None:
            view = memoryview(body)
            while view:
                view = view[sock.send(view[: sizes.choice((1, 1_000, 500_000))]) :]
            sock.shutdown(socket.SHUT_WR)

        sender = threading.Thread(target=send)
        sender.start()
        reads = random.Random(seed + 1)
        while data := sock.recv(reads.choice((1, 3_000, 300_000))):
            back += data
        sender.join()
    return bytes(back) == body


def test_what_goes_in_comes_out_in_pieces_of_any_size_on_many_connections_at_once(echo, entrance):
    port = entrance(echo)
    results: list[bool] = []
    threads = [
        threading.Thread(target=lambda seed=seed: results.append(exchange(port, seed)))
        for seed in range(24)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results == [True] * 24


def test_more_connections_than_it_has_descriptors_for_wait_their_turn(echo, entrance):
    port = entrance(echo, "prlimit", f"--nofile={DESCRIPTORS}:{DESCRIPTORS}")
    waiting = [socket.create_connection(("127.0.0.1", port), 30) for _ in range(DESCRIPTORS)]
    refused = 0
    for sock in waiting:
        with sock:
            try:
                sock.sendall(b"question")
                sock.shutdown(socket.SHUT_WR)
                refused += sock.makefile("rb").read() != b"question"
            except OSError:
                refused += 1
    assert refused <= 1  # the one for whom there was half a connection
    assert exchange(port, 1)


def test_it_ends_when_nobody_has_had_the_lease_for_a_while():
    lease, held = os.pipe()
    command = [sys.executable, *FLAGS, passage.__file__, "0.2", str(lease)]
    process = subprocess.Popen(command, pass_fds=(lease,))
    os.close(lease)
    with pytest.raises(subprocess.TimeoutExpired):
        process.wait(1)
    os.close(held)
    assert process.wait(30) == 0
