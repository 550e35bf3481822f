"""One variant of one generation: a zygote that holds the model, and instances forked from it."""

from __future__ import annotations

import json
import logging
import os
import secrets
import shutil
import signal
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kennel.engine import Engine, Mount, Process, ProcessSpec
from kennel.engine.shim.proc import is_alive, proportional, resident
from kennel.services.sagemaker.hosting.artifacts import (
    ModelUnusable,
    lay_out_code,
    lay_out_model,
)
from kennel.services.sagemaker.hosting.container import container_environment
from kennel.services.sagemaker.hosting.deployment import ServedVariant
from kennel.services.sagemaker.hosting.zygote import ZygoteControl, ZygoteGone, ping
from kennel.services.sagemaker.images import Images, UnknownImage
from kennel.services.sagemaker.imports import imports_folder
from kennel.services.sagemaker.instance_types import InstanceType, InstanceUse, instance_type
from kennel.services.sagemaker_runtime import InstancePlace
from kennel.weights import WEIGHTS_DIR, WeightsFolder

if TYPE_CHECKING:
    from kennel.services.context import Context
    from kennel.services.service import Parts

__all__ = ["Cancelled", "Instance", "ModelServer"]

log = logging.getLogger(__name__)

_POLL = 0.02  # seconds between two looks at a model that loads
_STOP_GRACE = 30.0  # seconds from SIGTERM to SIGKILL ("Use Your Own Inference Code")


class Cancelled(Exception):
    """The endpoint wants something else by now."""


@dataclass(frozen=True, slots=True)
class Instance:
    """A forked instance: its pid and start time, and its folder with socket and log."""

    name: str
    pid: int
    start_time: int
    folder: Path
    socket: Path

    @property
    def place(self) -> InstancePlace:
        return InstancePlace(self.name, self.socket)

    @property
    def alive(self) -> bool:
        """Whether the process still runs, and is still this one."""
        return is_alive(self.pid, self.start_time)

    def signal(self, number: int) -> None:
        """Sends a signal if the process is still this one."""
        if self.alive:
            try:
                os.killpg(self.pid, number)
            except ProcessLookupError:
                pass
            except PermissionError:
                log.warning("instance %s can't be signalled", self.name)


class ModelServer:
    """Makes a variant's model ready and keeps its instances.

    One thread at a time calls `adopt`, `launch` and `scale`; the rest may be called from any.
    `variant` may change its count and its weight.
    """

    def __init__(self, parts: Parts, images: Images, folder: Path, variant: ServedVariant) -> None:
        self._parts = parts
        self._images = images
        self._folder = folder
        self.variant = variant
        self._control = ZygoteControl(folder / "control")
        self._process: Process | None = None
        self._lock = threading.Lock()
        self._instances: dict[str, Instance] = {}

    @property
    def folder(self) -> Path:
        return self._folder

    @property
    def instances(self) -> list[Instance]:
        """The instances that are up, oldest first."""
        with self._lock:
            return list(self._instances.values())

    @property
    def zygote(self) -> Process | None:
        """The zygote's process, once it was started or adopted."""
        return self._process

    def launch(
        self, ctx: Context, environment: Mapping[str, str], cancelled: Callable[[], bool]
    ) -> None:
        """Fetches the model, starts a zygote and waits until it has loaded the model. Whatever
        ran before is ended. `ctx` acts as the model's role. Raises ModelUnusable, Cancelled."""
        stop_processes(self._parts.engine, self._folder)
        with self._lock:
            self._instances.clear()
        layout = self._lay_out(ctx)
        spec = self._spec({**environment, **layout})
        self._begin_log(spec)
        (self._folder / "url").write_text(self._parts.reach.url)
        self._process = self._parts.engine.run(spec)
        self._wait_until_loaded(cancelled)

    def scale(self, cancelled: Callable[[], bool]) -> None:
        """Brings the live instances up to the variant's count. Those that are too many go on
        until `retire` is called for them. Raises ModelUnusable, Cancelled."""
        with self._lock:
            self._instances = {n: i for n, i in self._instances.items() if i.alive}
            missing = self.variant.count - len(self._instances)
        for _ in range(missing):
            instance = self._fork()
            self._wait_until_answering(instance, cancelled)
            with self._lock:
                self._instances[instance.name] = instance

    def forget(self, name: str, *, kill: bool = False) -> None:
        """Counts an instance no more; kills it if it hangs."""
        with self._lock:
            instance = self._instances.pop(name, None)
        if instance is not None and kill:
            instance.signal(signal.SIGKILL)

    def retire(self, name: str) -> None:
        """Stops an instance that gets no more requests: SIGTERM, 30 s, SIGKILL, in the
        background."""
        with self._lock:
            instance = self._instances.pop(name, None)
        if instance is not None:
            instance.signal(signal.SIGTERM)
            timer = threading.Timer(_STOP_GRACE, instance.signal, (signal.SIGKILL,))
            timer.daemon = True
            timer.start()

    def stop(self) -> None:
        """Ends the zygote and every instance."""
        self._control.close()
        stop_processes(self._parts.engine, self._folder)
        with self._lock:
            self._instances.clear()

    def remove(self) -> None:
        """Stops everything and deletes the folder."""
        self.stop()
        shutil.rmtree(self._folder, ignore_errors=True)

    @property
    def logs(self) -> dict[Path, str]:
        """The log files with the names of their streams: `VARIANT/INSTANCE`, and for what is
        printed while the model loads `VARIANT/model-server`."""
        variant = self.variant.name
        found = {self.folder / "zygote" / "log": f"{variant}/model-server"}
        for instance in self.instances:
            found[instance.folder / "log"] = f"{variant}/{instance.name}"
        return found

    def healthy(self) -> bool:
        """Whether zygote and instances all live; kills an instance that uses more memory than its
        instance type has. Cheap: asked twice a second."""
        if self._process is None or self._process.poll() is not None:
            return False
        limit = instance_type(self.variant.instance_type)
        for instance in self.instances:
            if resident(instance.pid) > limit.memory_bytes:
                _kill_for_memory(instance, limit)
        return all(instance.alive for instance in self.instances)

    def adopt(self) -> bool:
        """Takes over a zygote that a former plane started, and its instances; false if there is
        none that works and knows this plane's URL."""
        process = self._parts.engine.adopt(self._folder / "zygote")
        if process is None or process.poll() is not None or not self._knows_the_plane():
            return False
        self._process = process
        try:
            status = self._control.ask("status")
        except ZygoteGone:
            process.kill()
            process.wait(5.0)
            return False
        if status.get("state") != "ready":
            process.kill()
            process.wait(5.0)
            return False
        with self._lock:
            for entry in status["instances"]:
                instance = self._instance(entry)
                if instance.alive:
                    self._instances[instance.name] = instance
        for instance in self.instances[self.variant.count :]:
            self.retire(instance.name)  # no route knows them yet
        return True

    def _knows_the_plane(self) -> bool:
        """Whether the environment of the running processes has this plane's URL: a plane that
        starts on another port can't be reached by them."""
        try:
            return (self._folder / "url").read_text() == self._parts.reach.url
        except OSError:
            return False

    def _instance(self, entry: Mapping[str, Any]) -> Instance:
        name = entry["name"]
        return Instance(
            name,
            int(entry["pid"]),
            int(entry["start_time"]),
            self._folder / "instances" / name,
            Path(entry["socket"]),
        )

    def _lay_out(self, ctx: Context) -> dict[str, str]:
        """Puts the model's files in place; returns what the environment must say of them."""
        container, base = self.variant.container, self._folder / "ml"
        model = base / "model"
        if not model.exists():
            lay_out_model(ctx, container.model_data_url, model)
        root = "/opt/ml" if self._mounts_ml else str(base)
        layout = {
            "SM_MODEL_DIR": f"{root}/model",
            "SAGEMAKER_BASE_DIR": root,
        }
        submitted = container.environment.get("SAGEMAKER_SUBMIT_DIRECTORY", "")
        if submitted.startswith("s3://"):
            if not (base / "code").exists():
                lay_out_code(ctx, submitted, base / "code")
            layout["SAGEMAKER_SUBMIT_DIRECTORY"] = f"{root}/code"
        elif submitted.startswith("/opt/ml"):
            layout["SAGEMAKER_SUBMIT_DIRECTORY"] = root + submitted.removeprefix("/opt/ml")
        return layout

    @property
    def _mounts_ml(self) -> bool:
        return self._parts.engine.capabilities.mount_namespaces

    def _spec(self, environment: Mapping[str, str]) -> ProcessSpec:
        try:
            image = self._images.find(self.variant.container.image)
        except UnknownImage as error:
            raise ModelUnusable(str(error)) from error
        if image.command:
            raise ModelUnusable(
                f"The image {self.variant.container.image} stands for a command of its own, "
                "which Kennel runs in training jobs only; endpoints need a framework image."
            )
        base = self._folder / "ml"
        weights = WeightsFolder(self._parts.folder).make()
        imports = imports_folder(self._parts.folder)
        return ProcessSpec(
            folder=self._folder / "zygote",
            command=(
                str(image.python),
                "-P",  # or the model's folder could stand for the standard library
                "-m",
                "kennel.runtimes.serving.zygote",
                "--control",
                str(self._folder / "control"),
            ),
            environment=container_environment(
                {
                    "PYTHONPATH": str(imports),
                    # What a model downloads is its own, and not put among the user's own files.
                    "TORCH_HOME": str(self._folder / "torch"),
                    WEIGHTS_DIR: str(weights),
                    "KENNEL_FRAMEWORK": self._images.toolkit(self.variant.container.image),
                    **environment,
                }
            ),
            working_directory=base,
            mounts=(Mount(base, "/opt/ml"), Mount(weights, str(weights), read_only=True))
            if self._mounts_ml
            else (),
        )

    def _begin_log(self, spec: ProcessSpec) -> None:
        """What runs instead of what was asked for; the engine appends to it."""
        uri = self.variant.container.image
        lines = self._images.remarks(uri, self._images.find(uri))
        spec.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        spec.log.write_text("".join(f"[kennel] {line}\n" for line in lines))

    def _wait_until_loaded(self, cancelled: Callable[[], bool]) -> None:
        assert self._process is not None
        deadline = time.monotonic() + self.variant.startup_timeout
        while True:
            ended = self._process.poll()
            if ended is not None:
                raise ModelUnusable(
                    f"The container of the variant {self.variant.name} ended with exit code "
                    f"{ended.code} before its model was loaded. Its log says why."
                )
            state = self._zygote_state()
            if state.get("state") == "ready":
                return
            if state.get("state") == "failed":
                raise ModelUnusable(
                    f"The primary container for production variant {self.variant.name} did not "
                    f"pass the ping health check: loading the model failed: {state.get('error')}"
                )
            if cancelled():
                raise Cancelled
            if time.monotonic() > deadline:
                raise ModelUnusable(
                    f"The primary container for production variant {self.variant.name} did not "
                    "pass the ping health check: the model was not loaded within "
                    f"{self.variant.startup_timeout} s. Please check CloudWatch logs for this "
                    "endpoint."
                )
            time.sleep(_POLL)

    def _zygote_state(self) -> dict[str, Any]:
        """What the zygote says of itself; empty before it listens."""
        try:
            return self._control.ask("status")
        except ZygoteGone:
            return {}

    def _fork(self) -> Instance:
        name = f"i-{secrets.token_hex(8)}"
        folder = self._folder / "instances" / name
        folder.mkdir(parents=True)
        try:
            answer = self._control.ask("fork", name=name, folder=str(folder), environment={})
        except ZygoteGone as error:
            raise ModelUnusable(f"The variant {self.variant.name}: {error}") from error
        if "pid" not in answer:
            raise ModelUnusable(f"The variant {self.variant.name}: {answer.get('error')}")
        return self._instance({"name": name, **answer})

    def _wait_until_answering(self, instance: Instance, cancelled: Callable[[], bool]) -> None:
        deadline = time.monotonic() + self.variant.startup_timeout
        while not ping(instance.socket):
            if not instance.alive:
                raise ModelUnusable(
                    f"An instance of the variant {self.variant.name} ended before it answered "
                    "/ping. Its log says why."
                )
            if cancelled() or time.monotonic() > deadline:
                instance.signal(signal.SIGKILL)
                if cancelled():
                    raise Cancelled
                raise ModelUnusable(
                    f"The primary container for production variant {self.variant.name} did not "
                    "pass the ping health check. Please check CloudWatch logs for this endpoint."
                )
            time.sleep(_POLL)


def _kill_for_memory(instance: Instance, limit: InstanceType) -> None:
    """Forked instances share pages, so what counts is each one's proportional share."""
    used = proportional(instance.pid)
    if used <= limit.memory_bytes:
        return
    instance.signal(signal.SIGKILL)
    larger = limit.next_larger(InstanceUse.HOSTING)
    advice = f" Try {larger.name} with {larger.memory}." if larger else ""
    with (instance.folder / "log").open("a") as file:
        file.write(
            f"kennel: this instance was killed: it used {used / 2**30:.1f} GiB, and "
            f"{limit.name} has {limit.memory}.{advice}\n"
        )


def stop_processes(engine: Engine, folder: Path) -> None:
    """Ends the zygote and the instances whose records lie in a model server's folder, and
    forgets the records. Instances that still answer a request do so first."""
    process = engine.adopt(folder / "zygote")
    if process is not None and process.poll() is None:
        process.stop(grace=_STOP_GRACE + 2.0)  # the zygote stops its instances within its grace
    for instance in _recorded(folder):
        instance.signal(signal.SIGKILL)
    for name in ("zygote", "instances"):
        shutil.rmtree(folder / name, ignore_errors=True)
    (folder / "control").unlink(missing_ok=True)


def _recorded(folder: Path) -> Iterator[Instance]:
    for record in (folder / "instances").glob("*/process.json"):
        home = record.parent
        try:
            facts = json.loads(record.read_text())
            pid, start = int(facts["pid"]), int(facts["start"])
        except (OSError, ValueError, KeyError):
            log.warning("%s can't be read", record, exc_info=True)
            continue
        yield Instance(home.name, pid, start, home, home / "socket")
