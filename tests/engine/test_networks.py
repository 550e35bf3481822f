"""Networks of processes' own, with real processes in them."""

from __future__ import annotations

import os
import signal
import socket
import sys
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from kennel.engine import (
    EngineError,
    LocalEngine,
    Network,
    NoNetworkError,
    ProcessSpec,
    SpecError,
    StartError,
    are_connected,
)
from kennel.engine.networks import Networks
from kennel.engine.process import LocalProcess
from tests.engine.conditions import is_gone, text_of, until

CONNECT = """
import socket, sys
for address in sys.argv[1:]:
    host, _, port = address.rpartition(":")
    try:
        socket.create_connection((host, int(port)), 10).close()
        print(address, "reached")
    except OSError as error:
        print(address, error.strerror)
"""


class Echo:
    """A server on this machine's loopback that sends back what it gets, until the end of it."""

    def __init__(self) -> None:
        self._server = socket.create_server(("127.0.0.1", 0))
        self.port = self._server.getsockname()[1]
        threading.Thread(target=self._run, daemon=True).start()

    def close(self) -> None:
        self._server.close()

    def _run(self) -> None:
        while True:
            try:
                peer, _ = self._server.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(peer,), daemon=True).start()

    def _serve(self, peer: socket.socket) -> None:
        with peer:
            while data := peer.recv(65536):
                peer.sendall(data)


@pytest.fixture
def echo() -> Iterator[Echo]:
    server = Echo()
    yield server
    server.close()


@pytest.fixture
def network(tmp_path: Path, echo: Echo) -> Network:
    return Network(tmp_path / "network", (echo.port,))


@pytest.fixture(autouse=True)
def nothing_stays(engine: LocalEngine, tmp_path: Path) -> Iterator[None]:
    yield
    for record in tmp_path.rglob("process.json"):
        process = engine.adopt(record.parent)
        assert process is not None
        process.kill()
        process.wait()


def output(engine: LocalEngine, spec: ProcessSpec) -> str:
    end = engine.run(spec).wait()
    log = spec.log.read_text()
    assert end is not None
    assert end.code == 0, log
    return log


def test_nothing_but_the_named_port_of_this_machine_is_reached(engine, python, network, echo):
    other = Echo()
    addresses = [f"127.0.0.1:{echo.port}", f"127.0.0.1:{other.port}", "198.51.100.1:443"]
    spec = python(CONNECT, network=network)
    spec = replace(spec, command=(*spec.command, *addresses))
    assert output(engine, spec).splitlines() == [
        f"127.0.0.1:{echo.port} reached",
        f"127.0.0.1:{other.port} Connection refused",
        "198.51.100.1:443 Network is unreachable",
    ]
    other.close()


def test_a_network_without_ports_leads_nowhere(engine, python, echo, tmp_path):
    spec = python(CONNECT, network=Network(tmp_path / "closed"))
    spec = replace(spec, command=(*spec.command, f"127.0.0.1:{echo.port}"))
    assert output(engine, spec) == f"127.0.0.1:{echo.port} Connection refused\n"


def test_those_that_share_a_network_reach_one_another_and_nobody_else_does(
    engine, python, network, tmp_path
):
    listen = (
        "import socket\n"
        "server = socket.create_server(('127.90.1.1', 7777))\n"
        "print('up', flush=True)\n"
        "kept = [server.accept() for _ in range(9)]\n"
    )
    listener = engine.run(python(listen, network=network))
    until(lambda: "up" in text_of(listener.folder / "log"))
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.90.1.1", 7777))
    elsewhere = python(CONNECT, network=Network(tmp_path / "another"))
    elsewhere = replace(elsewhere, command=(*elsewhere.command, "127.90.1.1:7777"))
    assert output(engine, elsewhere) == "127.90.1.1:7777 Connection refused\n"
    # Another has the same port of the same address for itself.
    twin = engine.run(python(listen, network=Network(tmp_path / "another")))
    until(lambda: "up" in text_of(twin.folder / "log"))
    connect = (
        "import socket, time\n"
        "kept = socket.create_connection(('127.90.1.1', 7777))\n"
        "print('in', flush=True)\ntime.sleep(600)\n"
    )
    client = engine.run(python(connect, network=network))
    until(lambda: "in" in text_of(client.folder / "log"))
    assert are_connected([listener, client]) is True
    assert are_connected([twin, client]) is False


TRANSFER = """
import hashlib, os, socket, sys, threading
sock = socket.create_connection(("127.0.0.1", int(sys.argv[1])))
block = os.urandom(1 << 20)
sent, got = hashlib.sha256(), hashlib.sha256()
def send():
    for _ in range(100):
        sock.sendall(block)
        sent.update(block)
    sock.shutdown(socket.SHUT_WR)
thread = threading.Thread(target=send)
thread.start()
while data := sock.recv(1 << 20):
    got.update(data)
thread.join()
print(sent.hexdigest() == got.hexdigest(), sent.hexdigest() != hashlib.sha256().hexdigest())
"""


def test_a_hundred_megabytes_go_out_and_come_back_whole(engine, python, network, echo):
    spec = python(TRANSFER, network=network)
    spec = replace(spec, command=(*spec.command, str(echo.port)))
    assert output(engine, spec) == "True True\n"


def test_who_reads_slowly_sets_the_pace(engine, python, network, tmp_path):
    """What is sent to a server that does not read stays with the sender, not in the passage."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        send = (
            "import socket, sys\n"
            f"sock = socket.create_connection(('127.0.0.1', {port}))\n"
            "sock.settimeout(1)\n"
            "sent = 0\n"
            "try:\n"
            "    while sent < 500_000_000:\n"
            "        sent += sock.send(bytes(1 << 20))\n"
            "except TimeoutError:\n"
            "    print('held back', flush=True)\n"
            "sock.settimeout(None)\n"
            "sock.shutdown(socket.SHUT_WR)\n"
            "print(len(sock.recv(16)), sent)\n"
        )
        spec = python(send, network=Network(tmp_path / "slow", (port,)))
        sender = engine.run(spec)
        peer, _ = server.accept()
        until(lambda: "held back" in text_of(spec.log) or sender.poll())
        keeper = engine.adopt(tmp_path / "slow")
        assert keeper.usage().memory_bytes < 60_000_000
        got = 0
        with peer:
            while data := peer.recv(1 << 20):
                got += len(data)
            peer.sendall(b"the end")
        assert sender.wait().code == 0
    assert spec.log.read_text() == f"held back\n7 {got}\n"


def test_a_half_closed_connection_still_brings_the_answer(engine, python, network, echo):
    ask = (
        "import socket, sys\n"
        f"sock = socket.create_connection(('127.0.0.1', {echo.port}))\n"
        "sock.sendall(b'question')\n"
        "sock.shutdown(socket.SHUT_WR)\n"
        "print(sock.makefile().read())\n"
    )
    assert output(engine, python(ask, network=network)) == "question\n"


def test_a_connection_that_breaks_is_not_taken_for_one_that_ended(engine, python, tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        read = (
            "import socket\n"
            f"sock = socket.create_connection(('127.0.0.1', {port}))\n"
            "sock.sendall(b'x')\n"
            "try:\n"
            "    while sock.recv(100): pass\n"
            "    print('ended')\n"
            "except ConnectionResetError:\n"
            "    print('reset')\n"
        )
        spec = python(read, network=Network(tmp_path / "breaks", (port,)))
        process = engine.run(spec)
        peer, _ = server.accept()
        peer.recv(1)
        peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        peer.close()
        assert process.wait().code == 0
    assert spec.log.read_text() == "reset\n"


def test_a_port_on_which_nobody_listens_for_a_while_works_again(engine, python, tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    tries = (
        "import socket, time\n"
        "def ask():\n"
        "    try:\n"
        f"        with socket.create_connection(('127.0.0.1', {port})) as sock:\n"
        "            sock.sendall(b'x')\n"
        "            return sock.recv(1) == b'x'\n"
        "    except OSError:\n"
        "        return False\n"
        "print(ask(), flush=True)\n"
        "while not ask(): time.sleep(0.01)\n"
        "print('back')\n"
    )
    spec = python(tries, network=Network(tmp_path / "away", (port,)))
    process = engine.run(spec)
    until(lambda: "False" in text_of(spec.log))
    with socket.create_server(("127.0.0.1", port)) as server:
        peer, _ = server.accept()
        with peer:
            peer.sendall(peer.recv(1))
        assert process.wait().code == 0
    assert spec.log.read_text() == "False\nback\n"


def test_many_connections_at_once(engine, python, network, echo):
    many = (
        "import socket\n"
        f"socks = [socket.create_connection(('127.0.0.1', {echo.port})) for _ in range(400)]\n"
        "for sock in socks: sock.sendall(b'0123456789')\n"
        "for sock in socks: assert sock.makefile('rb').read(10) == b'0123456789'\n"
    )
    output(engine, python(many, network=network))


def keeper_of(engine: LocalEngine, network: Network) -> LocalProcess:
    keeper = engine.adopt(network.folder)
    assert keeper is not None
    return keeper


def test_a_network_outlives_the_engine_and_is_joined_by_the_next(python, network, echo, tmp_path):
    wait = (
        "import os, time\n"
        f"while not os.path.exists('{tmp_path}/gate'): time.sleep(0.01)\n" + CONNECT
    )
    first = python(wait, network=network)
    first = replace(first, command=(*first.command, f"127.0.0.1:{echo.port}"))
    with LocalEngine() as engine:
        engine.run(first)
        keeper = keeper_of(engine, network).pid
    with LocalEngine() as engine:
        second = python("import os; print(os.readlink('/proc/self/ns/net'))", network=network)
        inside = output(engine, second).strip()
        assert inside != os.readlink("/proc/self/ns/net")
        adopted = engine.adopt(first.folder)
        assert adopted is not None
        assert os.readlink(f"/proc/{adopted.pid}/ns/net") == inside
        (tmp_path / "gate").touch()
        assert adopted.wait() is not None
        assert first.log.read_text() == f"127.0.0.1:{echo.port} reached\n"
        assert keeper_of(engine, network).pid == keeper


def test_a_network_ends_by_itself_when_nobody_is_in_it(engine, python, network):
    engine._networks = Networks(sys.executable, engine._start, engine.adopt, alone_seconds=0.2)
    process = engine.run(python("import time; time.sleep(600)", network=network))
    keeper = keeper_of(engine, network)
    assert keeper.wait(1) is None
    process.kill()
    end = keeper.wait(30)
    assert end is not None
    assert end.code == 0


def test_a_network_that_nobody_ever_joined_ends_too(engine, network):
    short = Networks(sys.executable, engine._start, engine.adopt, alone_seconds=0.2)
    short.join(network)
    keeper = keeper_of(engine, network)
    end = keeper.wait(30)
    assert end is not None
    assert end.code == 0


def test_a_network_that_has_ended_can_t_be_joined(engine, python, network):
    output(engine, python("", network=network))
    keeper_of(engine, network).stop(0)
    with pytest.raises(StartError, match="has ended: take another folder"):
        engine.run(python("", network=network))


def test_who_is_in_a_network_whose_keeper_is_lost_is_cut_off_and_runs_on(
    engine, python, network, echo, tmp_path
):
    wait = (
        "import os, time\nprint('up', flush=True)\n"
        f"while not os.path.exists('{tmp_path}/gate'): time.sleep(0.01)\n" + CONNECT
    )
    spec = python(wait, network=network)
    spec = replace(spec, command=(*spec.command, f"127.0.0.1:{echo.port}"))
    process = engine.run(spec)
    until(lambda: "up" in text_of(spec.log))
    keeper = engine.adopt(network.folder)
    os.kill(keeper.shim[0], signal.SIGKILL)
    assert keeper.wait(30).lost
    assert is_gone(keeper.pid)
    (tmp_path / "gate").touch()
    assert process.wait().code == 0
    assert spec.log.read_text().splitlines()[-1] == f"127.0.0.1:{echo.port} Connection refused"


def test_a_port_that_is_none_is_refused(engine, python, tmp_path):
    with pytest.raises(SpecError, match="from 1 to 65535"):
        engine.run(python("", network=Network(tmp_path / "n", (0,))))


def test_a_machine_without_namespaces_says_so(python, tmp_path, monkeypatch):
    with LocalEngine() as engine:
        engine.run(python("")).wait()  # it has tried what there is
        engine._refusals._found["network"] = "No space left on device"
        with pytest.raises(NoNetworkError, match="No space left on device"):
            engine.run(python("", network=Network(tmp_path / "n")))
        assert engine.capabilities.no_network == "No space left on device"
        assert "could reach AWS" in engine.capabilities.limits[-1]
        assert issubclass(NoNetworkError, EngineError)
