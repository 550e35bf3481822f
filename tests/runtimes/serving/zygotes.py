"""A zygote as the plane runs it, its instances, and their clients."""

from __future__ import annotations

import http.client
import itertools
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from kennel.runtimes.serving.sockets import connect

__all__ = ["Answer", "Instance", "Zygote", "ZygoteFactory", "until"]

_PATIENCE = 60.0
_MODULE = "kennel.runtimes.serving.zygote"


def until(what: Callable[[], Any], patience: float = _PATIENCE) -> Any:
    """Waits until `what` is true and returns it."""
    deadline = time.monotonic() + patience
    while not (found := what()):
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.005)
    return found


class _Connection(http.client.HTTPConnection):
    def __init__(self, path: str) -> None:
        super().__init__("model", timeout=_PATIENCE)
        self._path = path

    def connect(self) -> None:
        self.sock = connect(self._path, _PATIENCE)


class Answer:
    def __init__(self, response: http.client.HTTPResponse) -> None:
        self.status = response.status
        self.headers = response.headers
        self.body = response.read()

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def text(self) -> str:
        return self.body.decode()


class Instance:
    """One forked instance; `said` is what the zygote answered."""

    def __init__(self, name: str, folder: Path, said: Mapping[str, Any]) -> None:
        self.name = name
        self.folder = folder
        self.pid = int(said["pid"])
        self.start_time = int(said["start_time"])
        self.socket = str(said["socket"])

    def connection(self) -> http.client.HTTPConnection:
        return _Connection(self.socket)

    def ask(self, method: str, path: str, body: Any = None, **headers: str) -> Answer:
        """Underscores in header names stand for dashes."""
        connection = self.connection()
        names = {name.replace("_", "-"): value for name, value in headers.items()}
        try:
            connection.request(method, path, body, names)
            return Answer(connection.getresponse())
        finally:
            connection.close()

    def invoke(self, body: Any, content_type: str | None = None, **headers: str) -> Answer:
        if content_type is not None:
            headers["Content_Type"] = content_type
        return self.ask("POST", "/invocations", body, **headers)

    @property
    def log(self) -> str:
        return (self.folder / "log").read_text()

    def exit(self) -> dict[str, Any]:
        """Its exit record, once it is there."""
        record = self.folder / "exit.json"
        until(record.exists)
        found: dict[str, Any] = json.loads(record.read_text())
        return found

    def wait_for_ping(self) -> None:
        until(lambda: self.ask("GET", "/ping").status == 200)


class Zygote:
    """`files` are those of the model's code folder."""

    def __init__(
        self, folder: Path, files: Mapping[str, str | bytes], environment: Mapping[str, str]
    ) -> None:
        self.folder = folder
        self.model = folder / "model"
        (self.model / "code").mkdir(parents=True)
        for name, content in files.items():
            data = content.encode() if isinstance(content, str) else content
            (self.model / "code" / name).write_bytes(data)
        self.environment = dict(environment)
        self._numbers = itertools.count(1)
        self._stream: Any = None

    def start(self) -> Zygote:
        environment = {
            "PATH": os.environ["PATH"],
            "SM_MODEL_DIR": str(self.model),
            **self.environment,
        }
        control = str(self.folder / "control")
        with (self.folder / "log").open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-P", "-m", _MODULE, "--control", control],
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        until((self.folder / "control").exists)
        return self

    @property
    def log(self) -> str:
        return (self.folder / "log").read_text()

    def connect(self) -> None:
        """Makes a new connection, as a plane does that was started again."""
        self.disconnect()
        self._socket = until(self._try_to_connect)
        self._stream = self._socket.makefile("rw")

    def _try_to_connect(self) -> Any:
        try:
            return connect(str(self.folder / "control"), _PATIENCE)
        except ConnectionRefusedError:
            return None  # it is bound and does not listen yet

    def disconnect(self) -> None:
        if self._stream is not None:
            self._stream.close()
            self._socket.close()
            self._stream = None

    def ask(self, operation: str, **members: Any) -> dict[str, Any]:
        number = next(self._numbers)
        self.send({"id": number, "op": operation, **members})
        answer: dict[str, Any] = json.loads(self._stream.readline())
        assert answer.pop("id") == number
        return answer

    def send(self, message: object) -> None:
        if self._stream is None:
            self.connect()
        self._stream.write(json.dumps(message) + "\n")
        self._stream.flush()

    def loaded(self) -> dict[str, Any]:
        """Its status, once it has loaded the model or failed to."""

        def status() -> dict[str, Any] | None:
            found = self.ask("status")
            return None if found["state"] == "loading" else found

        found: dict[str, Any] = until(status)
        return found

    def ready(self) -> Zygote:
        status = self.loaded()
        assert status["state"] == "ready", (status, self.log)
        return self

    def fork(self, name: str, **members: Any) -> Instance:
        folder = self.folder / "instances" / name
        folder.mkdir(parents=True)
        said = self.ask("fork", name=name, folder=str(folder), **members)
        assert said["ok"], (said, self.log)
        return Instance(name, folder, said)

    def close(self) -> None:
        self.disconnect()
        if hasattr(self, "process"):
            if self.process.poll() is None:
                self.process.kill()
            self.process.wait()


ZygoteFactory = Callable[..., Zygote]
