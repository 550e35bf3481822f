from __future__ import annotations

import socket
import sys

from kennel.engine import are_connected
from tests.engine.conditions import until

# Connects to the port, if one is given, from a child of its own; listens otherwise.
LISTEN = """
import socket, sys
server = socket.create_server(("127.90.1.1", 0))
print(server.getsockname()[1], flush=True)
kept = [server.accept() for _ in range(9)]
"""
CONNECT = """
import os, socket, sys, time
if os.fork() == 0:
    kept = socket.create_connection(("127.90.1.1", int(sys.argv[1])))
    print("connected", flush=True)
    time.sleep(600)
time.sleep(600)
"""


def test_a_connection_between_two_processes_families_is_seen(engine, shell):
    listens = engine.run(shell("", command=(sys.executable, "-c", LISTEN)))
    until(lambda: (listens.folder / "log").read_text().strip())
    port = (listens.folder / "log").read_text().strip()
    alone = engine.run(shell("sleep 600"))
    assert are_connected([listens, alone]) is False
    with socket.create_connection(("127.90.1.1", int(port))):  # from outside of both
        assert are_connected([listens, alone]) is False
    connects = engine.run(shell("", command=(sys.executable, "-c", CONNECT, port)))
    until(lambda: "connected" in (connects.folder / "log").read_text())
    assert are_connected([listens, alone, connects]) is True
    assert are_connected([alone, connects]) is False
    for process in (listens, alone, connects):
        process.kill()
        process.wait()
    assert are_connected([listens, connects]) is False


def test_a_process_that_talks_to_itself_is_not_connected(engine, shell):
    script = (
        "import socket, time\n"
        "server = socket.create_server(('127.0.0.1', 0))\n"
        "kept = socket.create_connection(server.getsockname()), server.accept()\n"
        "print('up', flush=True)\ntime.sleep(600)\n"
    )
    talks = engine.run(shell("", command=(sys.executable, "-c", script)))
    other = engine.run(shell("sleep 600"))
    until(lambda: "up" in (talks.folder / "log").read_text())
    assert are_connected([talks, other]) is False
    for process in (talks, other):
        process.kill()
        process.wait()
