"""The Runtime API over real sockets, spoken to by Python's own HTTP client and by ours."""

from __future__ import annotations

import asyncio
import contextlib
import http.client
import socket
from collections.abc import Callable
from typing import TypeVar

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kennel.runtimes.function.api import ApiGone, Invocation
from kennel.runtimes.function.api import RuntimeApi as Client
from kennel.services.lambda_.environments.runtime_api import Order, RuntimeApi

T = TypeVar("T")
BASE = "/2018-06-01/runtime"


class Listener:
    def __init__(self) -> None:
        self.heard: list[tuple[object, ...]] = []

    def runtime_ready(self) -> None:
        self.heard.append(("ready",))

    def runtime_answered(self, request_id: str, body: bytes, *, size: int) -> None:
        self.heard.append(("answered", request_id, body, size))

    def runtime_failed(self, request_id: str, error: bytes, kind: str) -> None:
        self.heard.append(("failed", request_id, error, kind))

    def init_failed(self, error: bytes, kind: str) -> None:
        self.heard.append(("init failed", error, kind))


def order(payload: bytes = b'{"a": 1}') -> Order:
    return Order("r-1", 1700000000.5, "arn:f", "Root=1-x", '{"custom": {}}', payload)


def served(work: Callable[[str], T], api: RuntimeApi) -> T:
    """Runs `work(address)` on a thread while the API answers on a loop."""

    async def main() -> T:
        address = await api.start()
        try:
            return await asyncio.to_thread(work, address)
        finally:
            api.close()

    return asyncio.run(main())


def asks(address: str, token: str) -> Invocation:
    with contextlib.closing(Client(address, token)) as client:
        return client.next()


def test_an_invocation_goes_out_with_awss_headers_and_its_result_comes_back() -> None:
    listener = Listener()
    api = RuntimeApi(listener)
    api.deliver(order())

    def work(address: str) -> None:
        connection = http.client.HTTPConnection(address, timeout=10)
        shown = {"Kennel-Runtime-Token": api.token}
        connection.request("GET", f"{BASE}/invocation/next", headers=shown)
        reply = connection.getresponse()
        assert reply.read() == b'{"a": 1}'
        assert reply.headers["Lambda-Runtime-Aws-Request-Id"] == "r-1"
        assert reply.headers["Lambda-Runtime-Deadline-Ms"] == "1700000000500"
        assert reply.headers["Lambda-Runtime-Invoked-Function-Arn"] == "arn:f"
        assert reply.headers["Lambda-Runtime-Trace-Id"] == "Root=1-x"
        assert reply.headers["Lambda-Runtime-Client-Context"] == '{"custom": {}}'
        connection.request("POST", f"{BASE}/invocation/r-1/response", b"[1]", shown)
        reply = connection.getresponse()
        assert (reply.status, reply.read()) == (202, b'{"status":"OK"}\n')
        connection.close()

    served(work, api)
    assert listener.heard == [("ready",), ("answered", "r-1", b"[1]", 3)]


def test_a_runtime_that_waits_gets_the_invocation_when_it_comes() -> None:
    listener = Listener()
    api = RuntimeApi(listener)

    async def main() -> bytes:
        address = await api.start()
        waiting = asyncio.create_task(asyncio.to_thread(asks, address, api.token))
        while not api.parked:
            await asyncio.sleep(0.001)
        api.deliver(order(b'"later"'))
        payload = (await waiting).payload
        api.close()
        return payload

    assert asyncio.run(main()) == b'"later"'


def test_errors_are_told_apart() -> None:
    listener = Listener()
    api = RuntimeApi(listener)

    def work(address: str) -> None:
        with contextlib.closing(Client(address, api.token)) as client:
            client.fail("r-1", b"{}", "ValueError")
            client.fail_init(b"[]", "Runtime.ImportModuleError")

    served(work, api)
    assert listener.heard == [
        ("failed", "r-1", b"{}", "ValueError"),
        ("init failed", b"[]", "Runtime.ImportModuleError"),
    ]


def test_a_result_that_is_too_long_is_not_kept() -> None:
    listener = Listener()
    api = RuntimeApi(listener)

    def work(address: str) -> None:
        with contextlib.closing(Client(address, api.token)) as client:
            client.respond("r-1", b"x" * 7_000_000, "application/json")
            client.respond("r-2", b"y" * 6_000_000, "application/json")

    served(work, api)
    assert listener.heard[0] == ("answered", "r-1", b"", 7_000_000)
    assert listener.heard[1] == ("answered", "r-2", b"y" * 6_000_000, 6_000_000)


@pytest.mark.parametrize(
    ("method", "path"), [("GET", "/"), ("POST", f"{BASE}/nothing"), ("PUT", f"{BASE}/init/error")]
)
def test_other_paths_are_not_found(method: str, path: str) -> None:
    listener = Listener()
    api = RuntimeApi(listener)

    def work(address: str) -> int:
        connection = http.client.HTTPConnection(address, timeout=10)
        connection.request(method, path, headers={"Kennel-Runtime-Token": api.token})
        status = connection.getresponse().status
        connection.close()
        return status

    assert served(work, api) == 404
    assert listener.heard == []


@pytest.mark.parametrize(
    "headers", [{}, {"Kennel-Runtime-Token": ""}, {"Kennel-Runtime-Token": "\xff" * 32}]
)
def test_who_does_not_show_the_token_gets_nothing(headers: dict[str, str]) -> None:
    def work(address: str) -> int:
        connection = http.client.HTTPConnection(address, timeout=10)
        connection.request("GET", f"{BASE}/invocation/next", headers=headers)
        status = connection.getresponse().status
        connection.close()
        return status

    listener = Listener()
    assert served(work, RuntimeApi(listener)) == 403
    assert listener.heard == []


def test_a_client_hears_that_the_api_is_gone() -> None:
    listener = Listener()
    api = RuntimeApi(listener)

    async def main() -> None:
        address = await api.start()
        waiting = asyncio.create_task(asyncio.to_thread(asks, address, api.token))
        while not api.parked:
            await asyncio.sleep(0.001)
        api.close()
        with pytest.raises(ApiGone):
            await waiting

    asyncio.run(main())


@settings(max_examples=25, deadline=None)
@given(cuts=st.lists(st.integers(1, 200), max_size=6), body=st.binary(max_size=100))
def test_a_request_means_the_same_however_it_is_cut(cuts: list[int], body: bytes) -> None:
    listener = Listener()
    api = RuntimeApi(listener)
    head = f"POST {BASE}/invocation/r-1/response HTTP/1.1\r\n"
    head += f"Kennel-Runtime-Token: {api.token}\r\nContent-Length: {len(body)}\r\n\r\n"
    data = (head.encode() + body) * 2

    def work(address: str) -> None:
        host, _, port = address.rpartition(":")
        with socket.create_connection((host, int(port)), timeout=10) as connection:
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            rest = data
            for cut in cuts:
                connection.sendall(rest[:cut])
                rest = rest[cut:]
            connection.sendall(rest)
            received = b""
            while received.count(b"202 Accepted") < 2:
                received += connection.recv(65536)

    served(work, api)
    assert listener.heard == [("answered", "r-1", body, len(body))] * 2
