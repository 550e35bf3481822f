"""The load counts what was answered and stops at what was not."""

from __future__ import annotations

import itertools

import pytest

from benchmarks.bare_server import bare_server
from benchmarks.load import LoadError, drive


def test_requests_are_answered_in_full_and_counted():
    with bare_server() as server:
        load = drive(server.address, [server.get(300_000)] * 20, clients=4)
        assert load.requests == 20
        forever = itertools.repeat(server.get(10))
        assert drive(server.address, forever, clients=2, seconds=0.1).requests > 2


def test_an_error_ends_the_load():
    with bare_server() as server, pytest.raises(LoadError, match="500"):
        drive(server.address, [b"GET /no-number HTTP/1.1\r\nhost: bare\r\n\r\n"])
