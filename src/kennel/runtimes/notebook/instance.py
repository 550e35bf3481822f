"""One start of a notebook instance, from its lifecycle scripts to its end.

It is the first process of the instance, and everything else in it is its descendant: what a
script leaves running lives as long as the instance, under the same limits.
"""

from __future__ import annotations

import importlib.util
import json
import os
import signal
import subprocess
import sys
import threading
import time
from dataclasses import replace
from pathlib import Path
from types import FrameType
from urllib.error import URLError
from urllib.request import ProxyHandler, build_opener

from kennel.runtimes import SITE_FOLDER
from kennel.runtimes.notebook.environments import Environments, NoKernel
from kennel.runtimes.notebook.lab import write_page_settings
from kennel.runtimes.notebook.plan import Hook, Plan, Progress
from kennel.runtimes.process_environment import private_variables

__all__ = ["JUPYTER", "Instance"]

JUPYTER = "Jupyter"
"""What `Progress.failed` says of a start that JupyterLab ended."""

_TICK = 0.05  # seconds between two looks at a child
_GRACE = 5.0  # seconds from SIGTERM to SIGKILL
_ANSWER_SECONDS = 120.0  # how long JupyterLab may take until it answers
_SHORT_LIFE = 10.0  # a JupyterLab that lived no longer than this counts as one that can't start
_TRIES = 3


class Instance:
    """`run` returns the exit status: 0 after a SIGTERM, 1 if the start failed."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._folder = Path(plan.folder)
        self._environments = Environments(
            plan.home, str(self._folder / "system" / "bin"), plan.environments
        )
        self._progress = Progress()
        self._stopping = threading.Event()
        self._short_lives = 0

    def run(self) -> int:
        signal.signal(signal.SIGTERM, self._stop)
        if importlib.util.find_spec("jupyterlab") is None:
            return self._fail(
                JUPYTER,
                reason="JupyterLab is not installed in Kennel's environment: "
                "pip install 'kennel[notebook]', then start the instance again.",
            )
        os.environ["_KENNEL_PATH"] = os.environ["PATH"]
        os.environ["PYTHONPATH"] = SITE_FOLDER
        os.environ.update(private_variables(os.environ))
        try:
            self._environments.create()
        except NoKernel as error:
            return self._fail(JUPYTER, reason=str(error))
        self._environments.write_kernels(self._folder / "share" / "jupyter" / "kernels")
        return self._run_hooks() or self._keep_jupyter()

    def _run_hooks(self) -> int:
        """0 if every script ended with 0."""
        hooks = {hook.name: hook for hook in self._plan.hooks}
        for name in ("OnCreate", "OnStart"):
            if name in hooks and (status := self._run_hook(hooks[name])) is not None:
                return status
            if name == "OnCreate":
                self._report(created=True)
        return 0

    def _run_hook(self, hook: Hook) -> int | None:
        """Runs a script; the instance's exit status if that is to be its end."""
        system = str(self._folder / "system" / "bin")
        # AWS's path for both scripts, with what stands for its machine's own programs put first.
        path = f"{system}:{self._environments.bin}:/sbin:/bin:/usr/sbin:/usr/bin"
        environment = {**os.environ, "PATH": path, "_KENNEL_PATH": path}
        with open(hook.log, "ab") as log:
            child = subprocess.Popen(
                ["/bin/bash", hook.script],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                cwd="/" if self._plan.home == "/home/ec2-user" else self._plan.home,
                env=environment,
                start_new_session=True,
            )
        deadline = time.monotonic() + hook.seconds
        while child.poll() is None:
            if self._stopping.wait(_TICK):
                _end(child, whole_group=True)
                return 0
            if time.monotonic() > deadline:
                _end(child, whole_group=True)
                return self._fail(hook.name)
        if child.returncode:
            return self._fail(hook.name, code=child.returncode)
        return None

    def _keep_jupyter(self) -> int:
        """Keeps JupyterLab up, as the instance's own init does on AWS, until a SIGTERM."""
        while not self._stopping.is_set():
            started = time.monotonic()
            child = self._start_jupyter()
            if not self._wait_until_it_answers(child, started):
                return self._fail(JUPYTER, code=child.returncode)
            while child.poll() is None and not self._stopping.wait(_TICK * 4):
                pass
            if self._stopping.is_set():
                _end(child)
                return 0
            _say(f"JupyterLab ended with {child.returncode}; it is started again.")
            lived = time.monotonic() - started
            self._short_lives = self._short_lives + 1 if lived < _SHORT_LIFE else 0
            if self._short_lives >= _TRIES:
                return self._fail(JUPYTER, code=child.returncode)
        return 0

    def _start_jupyter(self) -> subprocess.Popen[bytes]:
        plan = replace(self._plan, port=self._progress.port or self._plan.port)
        path = self._folder / "jupyter.json"
        plan.write(path)
        folders = [str(self._environments.bin), os.environ["PATH"]]
        if self._plan.sudo:
            folders.insert(0, str(self._folder / "system" / "bin"))
        runtime = self._folder / "runtime"
        runtime.mkdir(mode=0o700, exist_ok=True)
        config = self._folder / "config"
        write_page_settings(config)
        search = os.pathsep.join(folders)
        environment = {
            **os.environ,
            "PATH": search,
            "_KENNEL_PATH": search,
            "JUPYTER_RUNTIME_DIR": str(runtime),
            "JUPYTER_CONFIG_PATH": str(config),
            "JUPYTER_PATH": str(self._folder / "share" / "jupyter"),
        }
        return subprocess.Popen(
            [sys.executable, "-P", "-m", "kennel.runtimes.notebook.lab", str(path)],
            stdin=subprocess.DEVNULL,
            cwd=self._plan.notebooks,
            env=environment,
        )

    def _wait_until_it_answers(self, child: subprocess.Popen[bytes], started: float) -> bool:
        """Notes the port once JupyterLab answers; False if it ends or takes too long."""
        told = self._folder / "runtime" / f"jpserver-{child.pid}.json"
        while time.monotonic() < started + _ANSWER_SECONDS:
            if child.poll() is not None:
                return False
            if self._stopping.wait(_TICK):
                return True  # its end is seen to by the caller
            port = _port(told)
            if port and _answers(port):
                self._report(port=port)
                return True
        _end(child)
        return False

    def _report(self, **changes: object) -> None:
        self._progress = replace(self._progress, **changes)  # type: ignore[arg-type]
        self._progress.write(self._folder / "progress.json")

    def _fail(self, failed: str, *, code: int | None = None, reason: str = "") -> int:
        self._report(failed=failed, code=code, reason=reason)
        return 1

    def _stop(self, signum: int, frame: FrameType | None) -> None:
        self._stopping.set()


def _end(child: subprocess.Popen[bytes], *, whole_group: bool = False) -> None:
    """SIGTERM, some seconds, SIGKILL."""

    def send(number: int) -> None:
        try:
            if whole_group:
                os.killpg(child.pid, number)
            else:
                child.send_signal(number)
        except ProcessLookupError:
            pass  # it ended by itself meanwhile

    send(signal.SIGTERM)
    try:
        child.wait(_GRACE)
    except subprocess.TimeoutExpired:
        send(signal.SIGKILL)
        child.wait()
    if whole_group:
        send(signal.SIGKILL)


def _port(told: Path) -> int:
    """The port that Jupyter says it listens on; 0 as long as it says nothing."""
    try:
        return int(json.loads(told.read_text())["port"])
    except (FileNotFoundError, ValueError):
        return 0


def _answers(port: int) -> bool:
    opener = build_opener(ProxyHandler({}))
    try:
        with opener.open(f"http://127.0.0.1:{port}/api", timeout=5) as reply:
            return bool(reply.status == 200)
    except (URLError, OSError):
        return False


def _say(text: str) -> None:
    print(f"kennel: {text}", flush=True)
