"""The Runtime API (version 2018-06-01) over one connection that is kept alive.

A bare socket, because Python's own HTTP client takes longer to import (15 ms) than all the rest
of a start.
"""

from __future__ import annotations

import socket
from typing import NamedTuple

__all__ = ["ApiGone", "Invocation", "RuntimeApi"]

_BASE = "/2018-06-01/runtime"


class ApiGone(Exception):
    """Nobody answers any more: the environment has no reason to live on."""


class Invocation(NamedTuple):  # a dataclass would import `inspect`, another 7 ms
    """One invocation as the Runtime API hands it out. `deadline_ms` is in milliseconds since the
    epoch; `client_context` and `identity` are JSON texts or empty."""

    request_id: str
    deadline_ms: int
    function_arn: str
    trace_id: str
    client_context: str
    identity: str
    payload: bytes


class RuntimeApi:
    """A client for the Runtime API at `address`, `HOST:PORT`, which wants to be shown `token`.
    Methods raise ApiGone."""

    def __init__(self, address: str, token: str) -> None:
        host, _, port = address.rpartition(":")
        try:
            # create_connection would look the address up, and import the codec for that.
            self._socket = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
            self._socket.connect((host, int(port)))
        except OSError as error:
            raise ApiGone(f"{address}: {error.strerror}") from error
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._host = address
        self._token = token
        self._rest = b""

    def close(self) -> None:
        """Closes the connection."""
        self._socket.close()

    def next(self) -> Invocation:
        """Waits for the next invocation, for as long as it takes."""
        headers, body = self._exchange("GET", "/invocation/next")
        return Invocation(
            headers["lambda-runtime-aws-request-id"],
            int(headers["lambda-runtime-deadline-ms"]),
            headers.get("lambda-runtime-invoked-function-arn", ""),
            headers.get("lambda-runtime-trace-id", ""),
            headers.get("lambda-runtime-client-context", ""),
            headers.get("lambda-runtime-cognito-identity", ""),
            body,
        )

    def respond(self, request_id: str, body: bytes, content_type: str) -> None:
        """Hands in the result of an invocation."""
        path = f"/invocation/{request_id}/response"
        self._exchange("POST", path, body, {"Content-Type": content_type})

    def fail(self, request_id: str, error: bytes, kind: str) -> None:
        """Hands in the error of an invocation, as JSON."""
        self._exchange("POST", f"/invocation/{request_id}/error", error, _error_headers(kind))

    def fail_init(self, error: bytes, kind: str) -> None:
        """Says that the handler can't be loaded."""
        self._exchange("POST", "/init/error", error, _error_headers(kind))

    def _exchange(
        self, method: str, path: str, body: bytes = b"", extra: dict[str, str] | None = None
    ) -> tuple[dict[str, str], bytes]:
        head = f"{method} {_BASE}{path} HTTP/1.1\r\nHost: {self._host}\r\n"
        head += f"Kennel-Runtime-Token: {self._token}\r\n"
        head += "".join(f"{name}: {value}\r\n" for name, value in (extra or {}).items())
        head += f"Content-Length: {len(body)}\r\n\r\n"
        try:
            self._socket.sendall(head.encode("latin-1", "replace") + body)
            return self._receive()
        except OSError as error:
            raise ApiGone(f"{self._host}: {error.strerror}") from error

    def _receive(self) -> tuple[dict[str, str], bytes]:
        data = self._rest
        while (end := data.find(b"\r\n\r\n")) < 0:
            data += self._more()
        headers: dict[str, str] = {}
        for line in data[:end].decode("latin-1").split("\r\n")[1:]:
            name, _, value = line.partition(":")
            headers[name.lower()] = value.strip()
        length = int(headers.get("content-length", "0"))
        body = bytearray(data[end + 4 :])
        while len(body) < length:
            body += self._more()
        self._rest = bytes(body[length:])
        return headers, bytes(body[:length])

    def _more(self) -> bytes:
        data = self._socket.recv(1 << 18)
        if not data:
            raise ApiGone(f"{self._host} closed the connection")
        return data


def _error_headers(kind: str) -> dict[str, str]:
    return {
        "Content-Type": "application/json",
        "Lambda-Runtime-Function-Error-Type": kind.replace("\r", " ").replace("\n", " "),
    }
