from __future__ import annotations

import socket
import sys
import threading
from types import SimpleNamespace

from kennel.runtimes.serving.fork_safety import Census


def test_what_was_there_before_is_nobodys_fault(tmp_path):
    (tmp_path / "f").touch()
    with socket.socket(), (tmp_path / "f").open():
        assert Census().objections() == []


def test_each_thing_that_a_fork_would_break_is_named(tmp_path, monkeypatch):
    census = Census()
    cuda = SimpleNamespace(is_initialized=lambda: True)
    monkeypatch.setitem(sys.modules, "torch", SimpleNamespace(cuda=cuda))
    done = threading.Event()
    threads = [threading.Thread(target=done.wait) for _ in range(2)]
    for thread in threads:
        thread.start()
    try:
        with socket.socket(), (tmp_path / "f").open("w+"):
            assert census.objections() == [
                "started 2 threads",
                "started CUDA",
                "left a connection open",
                "left a file open for reading",
            ]
    finally:
        done.set()
        for thread in threads:
            thread.join()


def test_what_was_closed_again_or_is_only_written_does_no_harm(tmp_path):
    census = Census()
    socket.socket().close()
    with (tmp_path / "f").open("a"):
        assert census.objections() == []
