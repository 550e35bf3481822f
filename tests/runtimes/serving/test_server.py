"""What clients may do to an instance, over real sockets."""

from __future__ import annotations

import json
import os
import signal
import socket

import pytest

from kennel.runtimes.serving.sockets import connect
from tests.runtimes.serving.zygotes import until

SCRIPT = """
import os, time
def model_fn(d): return d
def transform_fn(model, body, content_type, accept):
    if isinstance(body, str):
        return f"{type(body).__name__} {len(body)}"
    if body[:4] == b"hold":
        path = bytes(body[5:]).decode()
        open(path + ".here", "w").close()
        while not os.path.exists(path):
            time.sleep(0.005)
        return "held"
    if body[:4] == b"back":
        return bytes(body)
    return f"{type(body).__name__} {len(body)} {content_type} {accept}"
"""
PING = b"GET /ping HTTP/1.1\r\n\r\n"


@pytest.fixture
def instance(zygote):
    return zygote(SCRIPT).ready().fork("a")


@pytest.fixture
def raw(instance):
    """Raw connections to the instance."""
    opened: list[socket.socket] = []

    def make() -> socket.socket:
        opened.append(connect(instance.socket, 60))
        return opened[-1]

    yield make
    for one in opened:
        one.close()


def read_reply(sock: socket.socket) -> tuple[int, bytes]:
    """One reply's status and body."""
    stream = sock.makefile("rb")
    status = int(stream.readline().split()[1])
    length = 0
    while (line := stream.readline().strip()) != b"":
        name, _, value = line.partition(b":")
        if name.lower() == b"content-length":
            length = int(value)
    return status, stream.read(length)


def request(body: bytes, content_type: bytes = b"image/jpeg") -> bytes:
    head = b"POST /invocations HTTP/1.1\r\nContent-Type: %s\r\nContent-Length: %d\r\n\r\n"
    return head % (content_type, len(body)) + body


def test_paths_and_methods_that_are_not_there(instance):
    assert instance.ask("GET", "/ping").json == {"status": "Healthy"}
    assert instance.ask("GET", "/").status == 404
    assert instance.ask("GET", "/invocations").status == 405


def test_one_connection_takes_many_requests(raw):
    sock = raw()
    for size in (0, 1, 5000):
        sock.sendall(request(b"x" * size))
        assert read_reply(sock) == (200, b"bytearray %d image/jpeg application/json" % size)


def test_requests_that_come_together_are_answered_in_order(raw):
    sock = raw()
    sock.sendall(PING + request(b"a") + request(b"bb"))
    stream = sock.makefile("rb")
    text = b""
    while text.count(b"image/jpeg") < 2:
        text += stream.read1()
    assert text.index(b"Healthy") < text.index(b"bytearray 1") < text.index(b"bytearray 2")


def test_a_body_of_30_megabytes_arrives_and_goes_back_whole(instance):
    body = b"back" + os.urandom(30 * 1024 * 1024)
    answer = instance.invoke(body, "application/octet-stream")
    assert answer.status == 200
    assert answer.body == body


def test_a_body_over_the_limit_is_refused_before_it_is_read(zygote):
    inst = zygote(SCRIPT, SAGEMAKER_MAX_PAYLOAD_IN_MB="1").ready().fork("a")
    with connect(inst.socket, 60) as sock:
        sock.sendall(b"POST /invocations HTTP/1.1\r\nContent-Length: 1048577\r\n\r\n")
        assert read_reply(sock) == (413, b"The body is larger than 1,048,576 bytes.\n")


@pytest.mark.parametrize(
    ("text", "status"),
    [
        (b"\r\n\r\n", 400),
        (b"\x16\x03\x01 TLS hello \r\n\r\n", 400),
        (b"POST /invocations HTTP/1.1\r\nContent-Length: many\r\n\r\n", 400),
        (b"POST /invocations HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 411),
        (b"GET / HTTP/1.1\r\nX: " + b"x" * 70_000, 431),
    ],
)
def test_garbage_gets_its_status_and_the_connection_is_closed(instance, raw, text, status):
    sock = raw()
    sock.sendall(text)
    received = b""
    while chunk := sock.recv(65536):
        received += chunk
    assert received.startswith(b"HTTP/1.1 %d " % status)
    assert instance.ask("GET", "/ping").status == 200


def test_a_slow_client_holds_up_nobody(instance, raw):
    slow, silent = raw(), raw()
    text = request(b"abc")
    for piece in (text[:10], text[10:-2], text[-2:]):
        slow.sendall(piece)
        assert instance.ask("GET", "/ping").status == 200
    assert read_reply(slow)[0] == 200
    silent.close()


def test_a_client_that_does_not_read_its_reply_holds_up_nobody(instance, raw):
    sock = raw()
    body = b"back" + os.urandom(4 * 1024 * 1024)
    sock.sendall(request(body))
    assert instance.ask("GET", "/ping").status == 200
    assert read_reply(sock) == (200, body)


@pytest.mark.parametrize("part", [b"POST /inv", request(b"x" * 1000)[:-500], request(b"back")])
def test_a_client_that_goes_away_harms_nobody(instance, raw, part):
    sock = raw()
    sock.sendall(part)
    sock.close()
    assert instance.ask("GET", "/ping").status == 200


def test_a_client_that_waits_to_be_asked_for_the_body_is_asked(raw):
    sock = raw()
    head, _, _ = request(b"abc").partition(b"\r\n\r\n")
    sock.sendall(head + b"\r\nExpect: 100-continue\r\n\r\n")
    assert sock.recv(25) == b"HTTP/1.1 100 Continue\r\n\r\n"
    sock.sendall(b"abc")
    assert read_reply(sock)[0] == 200


def test_text_types_arrive_as_text_and_others_as_a_bytearray(instance):
    assert instance.invoke('"ä"'.encode(), "application/json").text == "str 3"
    assert instance.invoke("1,2", "text/csv").text == "str 3"
    other = "application/json; charset=utf-8"
    assert instance.invoke(b"{}", other).text == f"bytearray 2 {other} application/json"
    assert instance.invoke(b"x").text == "bytearray 1 None application/json"


def test_sigterm_finishes_the_request_that_runs_and_takes_no_other(instance, raw, tmp_path):
    gate = tmp_path / "gate"
    busy, waiting, idle = raw(), raw(), raw()
    idle.sendall(PING)
    assert read_reply(idle)[0] == 200
    busy.sendall(request(b"hold " + str(gate).encode()))
    until((tmp_path / "gate.here").exists)
    waiting.sendall(request(b"sent before"))
    os.kill(instance.pid, signal.SIGTERM)
    gate.touch()
    assert read_reply(busy) == (200, b"held")
    assert read_reply(waiting)[0] == 200
    assert idle.recv(1) == b""
    assert instance.exit()["code"] == 0
    with pytest.raises(OSError, match=r"refused|No such file"):
        connect(instance.socket)


def test_each_answer_says_how_long_the_model_took(instance):
    micros = instance.invoke(b"x").headers["X-Kennel-Model-Micros"]
    assert int(micros) >= 0
    assert "X-Kennel-Model-Micros" not in instance.ask("GET", "/ping").headers


def test_json_of_any_value_is_what_a_handler_returns(zygote):
    script = """
def model_fn(d): return d
def transform_fn(model, body, content_type, accept): return {"scores": [1, 2]}, "text/x-mine"
"""
    answer = zygote(script).ready().fork("a").invoke("x", Accept="*/*")
    assert json.loads(answer.body) == {"scores": [1, 2]}
    assert answer.headers["Content-Type"] == "text/x-mine"
