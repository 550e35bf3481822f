"""The plane's end of a zygote's control socket: one JSON object a line, each way."""

from __future__ import annotations

import json
import os
import socket
import threading
from pathlib import Path
from typing import Any

from kennel.services.sagemaker_runtime.instance_connection import socket_address

__all__ = ["ZygoteControl", "ZygoteGone", "ping"]

_ANSWER_TIMEOUT = 30.0  # seconds; a fork answers in milliseconds


class ZygoteGone(Exception):
    """The zygote does not answer on its socket."""


class ZygoteControl:
    """A connection that is made when needed and made anew when it broke."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = threading.Lock()
        self._socket: socket.socket | None = None
        self._reader: Any = None
        self._sequence = 0

    def ask(self, operation: str, **members: Any) -> dict[str, Any]:
        """Sends a request and returns the answer. Raises ZygoteGone, also for an answer that
        says `error` (with the zygote's own message)."""
        with self._lock:
            try:
                return self._ask(operation, members)
            except (OSError, ValueError) as error:
                self._drop()
                raise ZygoteGone(f"the model server does not answer: {error}") from error

    def close(self) -> None:
        """Closes the connection; the zygote lives on."""
        with self._lock:
            self._drop()

    def _ask(self, operation: str, members: dict[str, Any]) -> dict[str, Any]:
        if self._socket is None:
            self._socket = connect(self._path, _ANSWER_TIMEOUT)
            self._reader = self._socket.makefile("rb")
        self._sequence += 1
        question = {"id": self._sequence, "op": operation, **members}
        self._socket.sendall(json.dumps(question).encode() + b"\n")
        while True:
            line = self._reader.readline()
            if not line:
                raise ValueError("it closed the connection")
            answer: dict[str, Any] = json.loads(line)
            if answer.get("id") == self._sequence:
                return answer

    def _drop(self) -> None:
        if self._socket is not None:
            self._socket.close()
            self._socket = None


def connect(path: Path, timeout: float) -> socket.socket:
    """A connection to a Unix socket, however long its path. Raises OSError."""
    address, folder = socket_address(path)
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        connection.settimeout(timeout)
        connection.connect(address)
    except OSError:
        connection.close()
        raise
    finally:
        if folder is not None:
            os.close(folder)
    return connection


def ping(path: Path, timeout: float = 2.0) -> bool:
    """Whether the instance at `path` answers GET /ping with 200 in time ("Use Your Own Inference
    Code": within 2 s)."""
    try:
        with connect(path, timeout) as connection:
            connection.sendall(b"GET /ping HTTP/1.1\r\nHost: model\r\nConnection: close\r\n\r\n")
            return connection.recv(64).startswith(b"HTTP/1.1 200")
    except OSError:
        return False
