"""Raw bytes at the port of a running plane: whatever comes, it answers or closes, and lives."""

from __future__ import annotations

import socket
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from urllib.parse import urlsplit

from kennel.gateway.capture.request_head import BadHead, is_for_a_proxy, read_head
from tests.fuzz.target import Check, Target
from tests.planes import Plane

__all__ = ["SOCKETS"]

_SECONDS = 30.0
_GET = b"GET /bucket/key?a=%20b HTTP/1.1\r\nHost: localhost\r\nAccept: */*\r\n\r\n"
_POST = b"POST / HTTP/1.1\r\nHost: localhost\r\nX-Amz-Target: SageMaker.ListModels\r\n"
_LAST = b"GET /bucket/key HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
_STATUS = b"HTTP/1.1 "
_SERVER_FAULTS_THAT_ARE_NONE = (b"501", b"502", b"503", b"504")


@cache
def _seeds() -> Sequence[bytes]:
    chunked = _POST + b"Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\nX-Trailer: a\r\n\r\n"
    return (
        _GET,
        _GET + _GET,
        _POST + b"Content-Length: 2\r\n\r\n{}",
        _POST + b"Expect: 100-continue\r\nContent-Length: 2\r\n\r\n{}" + _GET,
        chunked,
        chunked + _GET,
        _POST + b"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nContent-Length: 0\r\n\r\n",
        b"PUT /bucket/key HTTP/1.1\r\nHost: localhost\r\nContent-Length: 3\r\n"
        b"Authorization: AWS4-HMAC-SHA256 Credential=A/20260101/us-east-1/s3/aws4_request, "
        b"SignedHeaders=host, Signature=0\r\nX-Amz-Content-Sha256: UNSIGNED-PAYLOAD\r\n\r\nabc",
        b"POST /endpoints/e/invocations HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1\r\n\r\n1",
        b"GET /_kennel/status HTTP/1.0\r\nHost: 127.0.0.1\r\nOrigin: http://a\r\n\r\n",
        b"POST /bucket HTTP/1.1\r\nHost: localhost\r\n"
        b"Content-Type: multipart/form-data; boundary=b\r\nContent-Length: 7\r\n\r\n--b--\r\n",
        b"GET http://s3.us-east-1.amazonaws.com/a HTTP/1.1\r\nHost: s3.amazonaws.com\r\n\r\n",
        b"CONNECT sts.us-east-1.amazonaws.com:443 HTTP/1.1\r\nHost: a\r\n\r\n",
        b"CONNECT 127.0.0.1:22 HTTP/1.1\r\nHost: a\r\n\r\n",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        b"\x16\x03\x01\x00\xa5\x01\x00\x00\xa1\x03\x03",
    )


@contextmanager
def _opened() -> Iterator[Check]:
    with tempfile.TemporaryDirectory(prefix="fuzz-sockets-") as name:
        plane = Plane(Path(name) / "state")
        try:
            plane.start()
            port = urlsplit(plane.url).port or 0
            yield lambda data: _check(plane, port, data)
        finally:
            plane.close()


def _check(plane: Plane, port: int, data: bytes) -> None:
    if _goes_elsewhere(data):
        return
    before = len(plane.output)
    reply = _answer(port, data)
    for part in reply.split(_STATUS)[1:]:
        status = part[:3]
        assert status < b"500" or status in _SERVER_FAULTS_THAT_ARE_NONE, reply[:300]
    assert _answer(port, _LAST).startswith(b"HTTP/1.1 4"), "the plane no longer answers"
    said = plane.output[before:]
    assert "Traceback" not in said, f"{said.strip().rpartition(chr(10))[2]}\n{said}"


def _goes_elsewhere(data: bytes) -> bool:
    """Whether the plane, as a proxy, would look for a host on the network."""
    if not is_for_a_proxy(data):
        return False
    try:
        host = read_head(data.partition(b"\r\n\r\n")[0]).host
    except BadHead:
        return False
    return not host.endswith("amazonaws.com") and host != "127.0.0.1"


def _answer(port: int, data: bytes) -> bytes:
    """What comes back. Whoever hangs up first may be told nothing, so only the fuzz does."""
    received = b""
    with socket.create_connection(("127.0.0.1", port), _SECONDS) as peer:
        try:
            peer.sendall(data)
            if data is not _LAST:
                peer.shutdown(socket.SHUT_WR)
            while piece := peer.recv(65536):
                received += piece
        except (ConnectionResetError, BrokenPipeError):
            pass  # closed before it had read all: it has said what it had to say
    return received


SOCKETS = Target("sockets", _seeds, _opened)
