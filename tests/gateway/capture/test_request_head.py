"""What a proxy is asked for."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kennel.gateway.capture.request_head import BadHead, ProxyRequest, is_for_a_proxy, read_head


def test_connect_names_a_host_and_a_port():
    request = read_head(b"CONNECT STS.amazonaws.com:443 HTTP/1.1\r\nHost: x\r\n\r\n")
    assert request == ProxyRequest("sts.amazonaws.com", 443, tunnel=True)


def test_an_absolute_request_is_sent_on_in_its_origin_form_on_a_connection_of_its_own():
    head = (
        b"GET http://example.org:8080/a?b=c HTTP/1.1\r\nHost: example.org:8080\r\n"
        b"Proxy-Connection: keep-alive\r\nProxy-Authorization: Basic x\r\nAccept: */*\r\n\r\n"
    )
    assert read_head(head) == ProxyRequest(
        "example.org",
        8080,
        tunnel=False,
        head=b"GET /a?b=c HTTP/1.1\r\nHost: example.org:8080\r\nAccept: */*\r\n"
        b"Connection: close\r\n\r\n",
    )


@pytest.mark.parametrize(
    ("target", "origin"),
    [
        (b"http://h", b"GET / HTTP/1.1"),
        (b"http://h?q=/x", b"GET /?q=/x HTTP/1.1"),
        (b"HTTP://h/x", b"GET /x HTTP/1.1"),
        (b"http://[::1]:80/x", b"GET /x HTTP/1.1"),
    ],
)
def test_every_form_of_a_url_has_its_origin_form(target, origin):
    assert read_head(b"GET " + target + b" HTTP/1.1\r\n\r\n").head.split(b"\r\n")[0] == origin


@pytest.mark.parametrize(
    "line",
    [
        b"CONNECT host HTTP/1.1",
        b"CONNECT host:99999 HTTP/1.1",
        b"CONNECT ho st:443 HTTP/1.1",
        b"CONNECT user@host:443 HTTP/1.1",
        b"GET http:///x HTTP/1.1",
        b"GET http://host/ HTTP/2",
    ],
)
def test_what_names_no_host_is_refused(line):
    with pytest.raises(BadHead):
        read_head(line + b"\r\n\r\n")


@pytest.mark.parametrize(
    "line", [b"GET / HTTP/1.1\r\n", b"PUT /b/http://x HTTP/1.1\r\n", b"", b"\x16\x03"]
)
def test_an_ordinary_request_is_for_no_proxy(line):
    assert not is_for_a_proxy(line)


@given(st.binary(max_size=300))
def test_any_bytes_are_read_or_refused(data):
    try:
        request = read_head(b"CONNECT " + data + b"\r\n\r\n")
    except BadHead:
        return
    assert 0 < request.port < 65536
