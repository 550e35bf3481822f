"""`python -P -m kennel.runtimes.serving.zygote --control SOCKET`; see the package's docstring."""

from __future__ import annotations

import argparse
import os
import signal
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from kennel.runtimes import SITE_FOLDER
from kennel.runtimes.process_environment import (
    THREAD_VARIABLES,
    private_variables,
    thread_variables,
)
from kennel.runtimes.serving.control import Client, Control
from kennel.runtimes.serving.installer import Installer
from kennel.runtimes.serving.kernel import become_subreaper
from kennel.runtimes.serving.loop import Loop
from kennel.runtimes.serving.nursery import Nursery
from kennel.runtimes.serving.order import Order, OrderRefused
from kennel.runtimes.serving.settings import Settings
from kennel.runtimes.serving.stage import Stage, advance
from kennel.runtimes.serving.template import Kind, Plan, Template

__all__ = ["Zygote", "main"]

_GRACE_SECONDS = 30.0  # AWS's between SIGTERM and SIGKILL
_SIGNALS = {"TERM": signal.SIGTERM, "KILL": signal.SIGKILL}


class Zygote:
    """One model's zygote. `threads` are the thread variables for its instances."""

    def __init__(self, settings: Settings, control: str, threads: Mapping[str, str]) -> None:
        self._settings = settings
        self._threads = threads
        self._loop = Loop()
        self._control = Control(self._loop, control, self._handle)
        self._installer = Installer(os.path.dirname(os.path.abspath(control)), settings)
        self._nursery = Nursery()
        self._template: Template | None = None
        self._stage = Stage.STARTING
        self._error: str | None = None
        self._loaded_threads: int | None = None
        self._began = time.monotonic()
        self._deadline: float | None = None
        self._dismissed = 0  # the pid of a template that was sent away

    def run(self) -> int:
        """Until it was stopped; returns the exit code."""
        become_subreaper()
        self._loop.start(
            {
                signal.SIGCHLD: self._reap,
                signal.SIGTERM: self._stop,
                signal.SIGINT: self._stop,
            }
        )
        self._control.start()
        self._begin()
        while not (self._stage is Stage.STOPPING and self._nursery.is_empty):
            self._loop.step(self._patience())
        self._control.stop()
        return 0

    def _begin(self) -> None:
        try:
            if self._installer.start(self._loop.descriptors):
                self._to(Stage.INSTALLING)
            else:
                self._load()
        except OSError as error:
            self._fail(f"The model's packages can't be installed: {error}.")

    def _load(self) -> None:
        self._installer.enter()
        self._to(Stage.LOADING)
        self._start_template(Plan(Kind.MODEL, self._settings, self._threads))

    def _start_template(self, plan: Plan) -> None:
        self._template = Template.start(plan, self._loop.descriptors)
        self._loop.add(self._template.channel.fileno(), self._listen)

    def _drop_template(self) -> None:
        template, self._template = self._template, None
        if template is not None:
            self._loop.remove(template.channel.fileno())
            template.channel.close()
            os.kill(template.pid, signal.SIGKILL)
            self._dismissed = template.pid

    def _listen(self) -> None:
        """Takes all that the template and its forks have said."""
        template = self._template
        while template is not None and template is self._template:
            try:
                event = template.channel.receive(wait=False)
            except BlockingIOError:
                return
            if event is None:
                # It has ended, and SIGCHLD brings its exit code.
                self._loop.remove(template.channel.fileno())
                return
            if event["event"] == "loaded":
                self._loaded(event)
            elif event["event"] == "failed":
                self._fail(event["error"])
            else:
                self._nursery.hear(event)

    def _loaded(self, event: dict[str, Any]) -> None:
        assert self._template is not None
        seconds = time.monotonic() - self._began
        if self._template.kind is Kind.INTERPRETER:
            self._to(Stage.READY)
            return
        self._loaded_threads = event["threads"]
        if not event["objections"]:
            print(f"kennel: the model was loaded in {seconds:.1f} s", flush=True)
            self._to(Stage.READY)
            return
        print(
            f"kennel: the model was loaded in {seconds:.1f} s. Its code "
            f"{' and '.join(event['objections'])}, so each instance loads it for itself.",
            flush=True,
        )
        self._drop_template()
        self._to(Stage.PRELOADING)
        libraries = event["libraries"]
        self._start_template(Plan(Kind.INTERPRETER, self._settings, self._threads, libraries))

    def _reap(self) -> None:
        # A template's word of an instance comes before the instance's end.
        self._listen()
        while True:
            try:
                pid, status, usage = os.wait4(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if pid == 0:
                return
            if self._template is not None and pid == self._template.pid:
                self._template_ended(status)
            elif pid == self._installer.pid:
                self._installed(status)
            elif pid != self._dismissed:
                self._nursery.reap(pid, status, usage)

    def _template_ended(self, status: int) -> None:
        assert self._template is not None
        self._listen()  # its last words
        self._loop.remove(self._template.channel.fileno())
        self._template.channel.close()
        self._template = None
        self._nursery.abandon("The process that held the model has ended.")
        if self._stage is not Stage.FAILED:
            code = os.waitstatus_to_exitcode(status)
            how = f"on {signal.Signals(-code).name}" if code < 0 else f"with exit code {code}"
            doing = "held" if self._stage is Stage.READY else "was loading"
            self._fail(f"The process that {doing} the model ended {how}; the log may say why.")

    def _installed(self, status: int) -> None:
        error = self._installer.finish(status)
        if self._stage is not Stage.INSTALLING:
            return
        if error:
            self._fail(error)
        else:
            self._load()

    def _fail(self, error: str) -> None:
        print(f"kennel: {error}", file=sys.stderr, flush=True)
        self._error = error
        self._to(Stage.FAILED)

    def _to(self, stage: Stage) -> None:
        self._stage = advance(self._stage, stage)

    def _stop(self) -> None:
        if self._stage is Stage.STOPPING:
            return
        self._to(Stage.STOPPING)
        self._drop_template()
        if self._installer.pid:
            os.kill(self._installer.pid, signal.SIGKILL)
        self._nursery.abandon("The zygote is stopping.")
        self._nursery.send_all(signal.SIGTERM)
        self._deadline = time.monotonic() + _GRACE_SECONDS

    def _patience(self) -> float | None:
        """How long the loop may wait. What has not drained in time is killed."""
        if self._deadline is None:
            return None
        left = self._deadline - time.monotonic()
        if left > 0:
            return left
        self._deadline = None
        self._nursery.send_all(signal.SIGKILL)
        return None

    def _handle(self, client: Client, request: dict[str, Any]) -> None:
        operations: dict[str, Callable[[Client, dict[str, Any]], None]] = {
            "status": self._status,
            "fork": self._fork,
            "signal": self._signal,
            "stop": self._stop_request,
        }
        operation = operations.get(str(request.get("op")))
        if operation is None:
            names = ", ".join(operations)
            client.refuse(request, f"There is no operation {request.get('op')!r}, only {names}.")
            return
        try:
            operation(client, request)
        except OrderRefused as error:
            client.refuse(request, str(error))

    def _status(self, client: Client, request: dict[str, Any]) -> None:
        is_ready = self._stage is Stage.READY and self._template is not None
        client.reply(
            request,
            state=self._stage.state,
            error=self._error,
            forks_from=self._template.kind.value if is_ready and self._template else None,
            threads=self._loaded_threads,
            instances=self._nursery.listing(),
        )

    def _fork(self, client: Client, request: dict[str, Any]) -> None:
        if self._stage is not Stage.READY or self._template is None:
            why = f": {self._error}" if self._error else "."
            raise OrderRefused(f"Nothing can be forked: the model is {self._stage.state}{why}")
        order = Order.parse(request)
        self._nursery.expect(order, client, request)
        try:
            self._template.order(order)
        except OSError as error:
            self._nursery.abandon(f"The template can't be asked for a fork: {error}.")

    def _signal(self, client: Client, request: dict[str, Any]) -> None:
        number = _SIGNALS.get(str(request.get("signal")))
        if number is None:
            raise OrderRefused(f"The signal must be one of {', '.join(_SIGNALS)}.")
        name = str(request.get("name"))
        if not self._nursery.send(name, number):
            raise OrderRefused(f"There is no instance {name}.")
        client.reply(request)

    def _stop_request(self, client: Client, request: dict[str, Any]) -> None:
        client.reply(request)
        self._stop()


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="zygote", description=__doc__)
    parser.add_argument("--control", required=True, help="the Unix socket to answer on")
    control = parser.parse_args(arguments).control
    for stream in (sys.stdout, sys.stderr):
        # What a model prints must be in the log when it crashes.
        stream.reconfigure(line_buffering=True, write_through=True)  # type: ignore[union-attr]
    threads = thread_variables(os.environ)
    # A child hangs once its parent has run a parallel region, so the template has one thread.
    os.environ.update(dict.fromkeys(THREAD_VARIABLES, "1"))
    os.environ.update(private_variables(os.environ))
    # The other way to ask whether there is a GPU can't be forked after.
    os.environ.setdefault("PYTORCH_NVML_BASED_CUDA_CHECK", "1")
    settings = Settings.of(os.environ)
    path = [settings.code_dir, SITE_FOLDER, os.environ.get("PYTHONPATH", "")]
    os.environ["PYTHONPATH"] = os.pathsep.join(entry for entry in path if entry)
    return Zygote(settings, control, threads).run()


if __name__ == "__main__":
    sys.exit(main())
