"""A request that can be read in two ways is refused, and nothing behind it is answered."""

from __future__ import annotations

import socket
from urllib.parse import urlsplit

import pytest

from tests.planes import Plane

_HIDDEN = b"GET /hidden HTTP/1.1\r\nHost: localhost\r\n\r\n"
_CHUNKED = b"0\r\n\r\n" + _HIDDEN
_POST = b"POST / HTTP/1.1\r\nHost: localhost\r\n"

_AMBIGUOUS = {
    "a length and chunks": _POST
    + b"Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n"
    + _CHUNKED,
    "chunks and a length": _POST
    + b"Transfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\n"
    + _CHUNKED,
    "two lengths": _POST + b"Content-Length: 0\r\nContent-Length: 44\r\n\r\n" + _HIDDEN,
    "lengths in a list": _POST + b"Content-Length: 0, 44\r\n\r\n" + _HIDDEN,
    "a signed length": _POST + b"Content-Length: +0\r\n\r\n" + _HIDDEN,
    "a negative length": _POST + b"Content-Length: -1\r\n\r\n" + _HIDDEN,
    "a hexadecimal length": _POST + b"Content-Length: 0x2\r\n\r\n" + _HIDDEN,
    "a length beyond all numbers": _POST + b"Content-Length: " + b"9" * 40 + b"\r\n\r\n" + _HIDDEN,
    "another coding after chunked": _POST
    + b"Transfer-Encoding: chunked, identity\r\n\r\n"
    + _CHUNKED,
    "chunked misspelled": _POST + b"Transfer-Encoding: xchunked\r\n\r\n" + _CHUNKED,
    "a blank before the colon": _POST + b"Transfer-Encoding : chunked\r\n\r\n" + _CHUNKED,
    "a folded header": _POST + b"Transfer-Encoding:\r\n chunked\r\n\r\n" + _CHUNKED,
    "line feeds alone": b"POST / HTTP/1.1\nHost: localhost\nContent-Length: 0\n\n" + _HIDDEN,
    "a carriage return in a value": _POST + b"X-A: b\rContent-Length: 9\r\n\r\n" + _HIDDEN,
    "a null in a value": _POST + b"X-A: b\x00c\r\n\r\n" + _HIDDEN,
    "a chunk size with a sign": _POST + b"Transfer-Encoding: chunked\r\n\r\n+0\r\n\r\n" + _HIDDEN,
    "a chunk size with 0x": _POST + b"Transfer-Encoding: chunked\r\n\r\n0x0\r\n\r\n" + _HIDDEN,
    "a chunk that is longer than it says": _POST
    + b"Transfer-Encoding: chunked\r\n\r\n1\r\nabc\r\n0\r\n\r\n"
    + _HIDDEN,
    "two hosts": b"GET / HTTP/1.1\r\nHost: localhost\r\nHost: evil.example\r\n\r\n" + _HIDDEN,
    "a version that is none": b"GET / HTTP/1.7\r\nHost: localhost\r\n\r\n" + _HIDDEN,
}


@pytest.mark.parametrize("request_bytes", _AMBIGUOUS.values(), ids=_AMBIGUOUS)
def test_an_ambiguous_request_is_refused_and_nothing_behind_it_is_answered(
    plane: Plane, request_bytes: bytes
) -> None:
    _check_refused(_speak(plane, request_bytes))


@pytest.mark.parametrize("request_bytes", _AMBIGUOUS.values(), ids=_AMBIGUOUS)
def test_it_is_refused_by_way_of_the_proxy_as_well(plane: Plane, request_bytes: bytes) -> None:
    target = b" http://s3.us-east-1.amazonaws.com/ "
    _check_refused(_speak(plane, request_bytes.replace(b" / ", target, 1)))


def _check_refused(reply: bytes) -> None:
    assert reply.count(b"HTTP/1.1 ") == 1, reply
    assert reply.startswith(b"HTTP/1.1 4"), reply
    assert b"hidden" not in reply


def _speak(plane: Plane, data: bytes) -> bytes:
    address = ("127.0.0.1", urlsplit(plane.url).port or 0)
    with socket.create_connection(address, 10) as peer:
        peer.sendall(data)
        peer.shutdown(socket.SHUT_WR)
        received = b""
        while chunk := peer.recv(65536):
            received += chunk
    return received
