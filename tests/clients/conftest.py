"""The `sagemaker` SDK, version 2, unmodified: sessions with it that tests look into afterwards.

The SDK sleeps half a minute before it looks whether an endpoint is there, and again before it
looks how a job goes on. So all sessions that the collected tests ask for run side by side.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.planes import Plane, clean_environment

ROOT = Path(__file__).resolve().parents[2]
PYTHON = ROOT / ".venv-clients" / "bin" / "python"
SCRIPTS = Path(__file__).parent / "sdk_v2"
SECONDS = 900.0
# A test asks for a session by the name of its fixture, `sdk_` and the script's name.
NAMES = ("identity", "training", "tuning", "hosting")


def sdk_environment(folder: Path) -> dict[str, str]:
    """The environment of a program that uses the SDK: no telemetry, no warnings about its age."""
    configuration = folder / "sagemaker.yaml"
    silent = {"PythonSDK": {"Modules": {"TelemetryOptOut": True}}}
    configuration.write_text(json.dumps({"SchemaVersion": "1.0", "SageMaker": silent}))
    return clean_environment() | {
        "SAGEMAKER_USER_CONFIG_OVERRIDE": str(configuration),
        "PYTHONWARNINGS": "ignore",
        "HOME": str(folder),
        "PATH": f"{PYTHON.parent}{os.pathsep}{os.environ['PATH']}",
    }


class Session:
    """A script of `sdk_v2/` that runs under `kennel run`, with nothing of Kennel in it."""

    def __init__(self, plane: Plane, name: str, folder: Path) -> None:
        folder.mkdir()
        self.name = name
        self._output = folder / "output"
        with self._output.open("wb") as output:
            self._process = subprocess.Popen(
                [
                    *(sys.executable, "-m", "kennel", "run", "--"),
                    *(str(PYTHON), "-u", str(SCRIPTS / f"{name}.py"), str(folder)),
                ],
                cwd=folder,
                env=sdk_environment(folder) | {"KENNEL_STATE": str(plane.state)},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
            )

    def said(self) -> Any:
        """Waits for its end, and returns the object that it printed last."""
        code = self._process.wait(SECONDS)
        text = self._output.read_text(errors="replace")
        assert code == 0, f"{self.name}: {text[-8000:]}"
        return json.loads(text.splitlines()[-1])

    def close(self) -> None:
        if self._process.poll() is None:
            self._process.kill()
            self._process.wait()


@pytest.fixture(scope="session")
def sessions(
    request: pytest.FixtureRequest, plane: Plane, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[dict[str, Session]]:
    """The sessions that the collected tests need, all of them started."""
    wanted = {
        name
        for name in NAMES
        for item in request.session.items
        if f"sdk_{name}" in getattr(item, "fixturenames", ())
    }
    folder = tmp_path_factory.mktemp("sdk")
    started = {name: Session(plane, name, folder / name) for name in sorted(wanted)}
    try:
        yield started
    finally:
        for one in started.values():
            one.close()


def _session(name: str) -> Any:
    def said(sessions: dict[str, Session]) -> Any:
        return sessions[name].said()

    said.__doc__ = f"What the session {name} said."
    return pytest.fixture(scope="session", name=f"sdk_{name}")(said)


sdk_identity = _session("identity")
sdk_training = _session("training")
sdk_tuning = _session("tuning")
sdk_hosting = _session("hosting")
