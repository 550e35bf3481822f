"""A plane of a test's own: the real command in a process of its own."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config

from kennel.cli.connection import Connection, connect
from kennel.plane_record import PlaneRecord
from tests.error_codes import KENNELS_OWN, named

__all__ = ["Plane", "clean_environment", "wait_until"]

READY_SECONDS = 60.0
STOP_SECONDS = 60.0


def wait_until(condition: Callable[[], Any], seconds: float = 60.0, what: str = "") -> Any:
    """Polls until `condition` is true and returns what it said; fails the test after `seconds`."""
    deadline = time.monotonic() + seconds
    while True:
        answer = condition()
        if answer:
            return answer
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {seconds} s: {what or condition}")
        time.sleep(0.02)


def clean_environment() -> dict[str, str]:
    """This process's environment without anything that steers AWS clients or Kennel."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("AWS_", "KENNEL_", "BOTO_"))
    }
    return kept | {
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_EC2_METADATA_DISABLED": "true",
    }


class Plane:
    """`kennel up` on a state folder. A second `start` takes the same port, so that clients made
    before a `kill` or a `stop` go on working. `prefix` is a command that executes it."""

    def __init__(self, state: Path, *options: str, prefix: tuple[str, ...] = ()) -> None:
        self.state = state
        self._prefix = prefix
        self._options = options
        self._port = 0
        self._process: subprocess.Popen[bytes] | None = None
        self._session: boto3.Session | None = None
        self._output = state.with_name(state.name + ".output")

    @property
    def connection(self) -> Connection:
        """URL, region and the root user's keys."""
        return connect(self.state)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._port}"

    @property
    def pid(self) -> int:
        """The plane's pid while it runs."""
        assert self._process is not None
        return self._process.pid

    @property
    def output(self) -> str:
        """What the command has printed so far, over all its starts."""
        return self._output.read_text(errors="replace")

    def start(self) -> Plane:
        """Starts the plane and waits until it is ready."""
        assert self._process is None, "the plane runs already"
        command = [*self._prefix, sys.executable, "-m", "kennel", "up", "--state", str(self.state)]
        command += ["--port", str(self._port), *self._options]
        with self._output.open("ab") as output:
            self._process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                env=clean_environment(),
            )
        record = wait_until(self._ready, READY_SECONDS, "the plane is ready")
        self._port = record.port
        return self

    def take_another_port(self) -> None:
        """Has the next start answer on a port that it did not have before."""
        with socket.create_server(("127.0.0.1", 0)) as free:
            self._port = free.getsockname()[1]
        self._session = None

    def kill(self) -> None:
        """SIGKILL to the plane alone; what it started lives on."""
        self._signal(signal.SIGKILL)

    def stop(self) -> int:
        """SIGTERM; returns the plane's exit status."""
        return self._signal(signal.SIGTERM)

    def wait(self) -> int:
        """Waits until the plane has ended for a reason of its own; returns its exit status."""
        assert self._process is not None, "the plane does not run"
        process, self._process = self._process, None
        return process.wait(STOP_SECONDS)

    def client(self, service: str, config: Config | None = None) -> Any:
        """A boto3 client with the root user's keys and, unless told otherwise, default settings."""
        if self._session is None:
            connection = self.connection
            self._session = boto3.Session(
                aws_access_key_id=connection.access_key_id,
                aws_secret_access_key=connection.secret_access_key,
                region_name=connection.region,
            )
            self._session.events.register("after-call", _check_error)
        return self._session.client(service, endpoint_url=self.url, config=config)

    def command(
        self,
        *arguments: str,
        seconds: float = 120.0,
        variables: dict[str, str] | None = None,
        **options: Any,
    ) -> subprocess.CompletedProcess[str]:
        """Runs `kennel ARGUMENTS` for this plane, for at most `seconds`, in a clean environment
        with these variables."""
        return subprocess.run(
            [sys.executable, "-m", "kennel", *arguments],
            env=clean_environment() | {"KENNEL_STATE": str(self.state)} | (variables or {}),
            capture_output=True,
            text=True,
            timeout=seconds,
            **options,
        )

    def close(self) -> None:
        """Stops the plane, and ends every process that it left behind."""
        if self._process is not None:
            self.stop()
        wait_until(lambda: not _kill_all(self.state), what="the plane's processes are gone")

    def _ready(self) -> PlaneRecord | None:
        assert self._process is not None
        if self._process.poll() is not None:
            status, self._process = self._process.returncode, None
            raise AssertionError(f"kennel up ended with {status}:\n{self.output[-4000:]}")
        record = PlaneRecord.read(self.state)
        return record if record is not None and record.pid == self._process.pid else None

    def _signal(self, number: signal.Signals) -> int:
        assert self._process is not None, "the plane does not run"
        process, self._process = self._process, None
        process.send_signal(number)
        try:
            return process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            raise AssertionError(
                f"the plane did not stop on {number.name}:\n{self.output[-4000:]}"
            ) from None


def _check_error(http_response: Any, parsed: Any, model: Any, **_: Any) -> None:
    """Fails the test in which a plane answers with a code or a status that AWS does not name."""
    code = parsed.get("Error", {}).get("Code", "")
    if not code or code.isdecimal():  # botocore's own for a reply without a body
        return
    service = model.service_model.service_name
    status = http_response.status_code
    if KENNELS_OWN.get(code) == status:
        return
    assert status in named(service, model.name).get(code, ()), (
        f"{service}'s {model.name} answered {code} with HTTP {status}, which "
        "tests/error_codes.py knows from nowhere"
    )


def _kill_all(state: Path) -> list[int]:
    """Kills the processes whose command line, folder or environment lies in `state`: a test's
    own, since no one else knows its folder. Returns their pids."""
    marks = (os.fsencode(state) + b"/", os.fsencode(state) + b"\0")
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            place = os.fsencode(os.readlink(entry / "cwd")) + b"\0"
            text = place + (entry / "cmdline").read_bytes() + (entry / "environ").read_bytes()
            if not any(mark in text for mark in marks) or int(entry.name) == os.getpid():
                continue
            os.kill(int(entry.name), signal.SIGKILL)
        except OSError:
            continue
        found.append(int(entry.name))
    return found
