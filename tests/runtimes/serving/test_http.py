from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kennel.runtimes.serving.http import BadRequest, Response, parse_head, render_head

MAX = 1000


def test_a_request_is_read_whatever_the_case_of_its_headers():
    head = parse_head(
        b"POST /invocations?x=1 HTTP/1.1\r\nHOST: a\r\ncontent-Type:  text/csv \r\n"
        b"Content-Length: 12\r\nX-Two: a\r\nx-two: b",
        MAX,
    )
    assert (head.method, head.path, head.length, head.keep_alive) == (
        "POST", "/invocations", 12, True,
    )  # fmt: skip
    assert head.headers["content-type"] == "text/csv"
    assert head.headers["x-two"] == "a, b"


@pytest.mark.parametrize(
    ("line", "kept"),
    [
        (b"GET / HTTP/1.1", True),
        (b"GET / HTTP/1.0", False),
        (b"GET / HTTP/1.1\r\nConnection: Close", False),
    ],
)
def test_the_connection_is_kept_as_the_client_says(line, kept):
    assert parse_head(line, MAX).keep_alive is kept


@pytest.mark.parametrize(
    ("head", "status"),
    [
        (b"", 400),
        (b"hello", 400),
        (b"GET /", 400),
        (b"GET  / HTTP/1.1", 400),
        (b"GET x HTTP/1.1", 400),
        (b"GET / SPDY/3", 400),
        (b"GET / HTTP/1.1\r\nno colon", 400),
        (b"GET / HTTP/1.1\r\n: empty", 400),
        (b"GET / HTTP/1.1\r\nspace : x", 400),
        (b"GET / HTTP/1.1\r\nA: b\r\n folded: x", 400),
        (b"GET / HTTP/1.1\r\nContent-Length: x", 400),
        (b"GET / HTTP/1.1\r\nContent-Length: -1", 400),
        (b"GET / HTTP/1.1\r\nContent-Length: \xb2", 400),
        (b"GET / HTTP/1.1\r\nContent-Length: 5\r\nContent-Length: 6", 400),
        (b"GET / HTTP/1.1\r\nContent-Length: 1001", 413),
        (b"GET / HTTP/1.1\r\nTransfer-Encoding: chunked", 411),
    ],
)
def test_what_is_no_request_is_refused(head, status):
    with pytest.raises(BadRequest) as refusal:
        parse_head(head, MAX)
    assert refusal.value.status == status


@given(st.binary(max_size=200))
def test_no_bytes_do_worse_than_be_refused(data):
    try:
        length = parse_head(data, MAX).length
    except BadRequest:
        return
    assert 0 <= length <= MAX


def test_a_reply_can_not_be_split_by_what_a_script_puts_in_it():
    response = Response(200, b"xy", "a\r\nEvil: 1", {"X": "b\r\nEvil: 2"})
    lines = render_head(response, keep_alive=False).split(b"\r\n")
    assert lines == [
        b"HTTP/1.1 200 OK",
        b"Content-Type: a  Evil: 1",
        b"Content-Length: 2",
        b"X: b  Evil: 2",
        b"Connection: close",
        b"",
        b"",
    ]
