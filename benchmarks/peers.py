"""moto's server beside the plane: the same AWS calls, answered from memory."""

from __future__ import annotations

import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3

from benchmarks.signing import Signer
from tests.planes import clean_environment

__all__ = ["Moto", "free_port", "moto_server"]

_READY_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class Moto:
    """A running server. `ready`: seconds from its start to its first answer."""

    pid: int
    port: int
    ready: float

    @property
    def address(self) -> tuple[str, int]:
        return "127.0.0.1", self.port

    @property
    def signer(self) -> Signer:
        return Signer(f"127.0.0.1:{self.port}", "us-east-1", "bench", "bench")

    def client(self, service: str) -> Any:
        return boto3.client(
            service,
            endpoint_url=f"http://127.0.0.1:{self.port}",
            region_name="us-east-1",
            aws_access_key_id="bench",
            aws_secret_access_key="bench",
        )


@contextmanager
def moto_server(command: Path, log: Path) -> Iterator[Moto]:
    """Starts the server and waits for its first GetCallerIdentity."""
    port = free_port()
    with log.open("wb") as output:
        began = time.perf_counter()
        process = subprocess.Popen(
            [command, "-H", "127.0.0.1", "-p", str(port)],
            stdout=output,
            stderr=output,
            env=clean_environment(),
        )
    try:
        signer = Signer(f"127.0.0.1:{port}", "us-east-1", "bench", "bench")
        while not _answers(port, signer.get_caller_identity()):
            if process.poll() is not None or time.perf_counter() - began > _READY_SECONDS:
                raise RuntimeError(f"{command} did not start:\n{log.read_text()[-2000:]}")
            time.sleep(0.002)
        yield Moto(process.pid, port, time.perf_counter() - began)
    finally:
        process.terminate()
        process.wait(10.0)


def free_port() -> int:
    """A port that nobody listened on a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _answers(port: int, request: bytes) -> bool:
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=5.0) as connection:
            connection.sendall(request)
            return connection.recv(4096).startswith(b"HTTP/1.1 200")
    except OSError:
        return False
