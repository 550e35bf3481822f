"""One variant of one generation: a zygote that holds the model, and instances forked from it."""

from __future__ import annotations

import secrets
import shutil
import signal
import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import Executor, Future
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kennel.engine import Process
from kennel.engine.shim.proc import start_time
from kennel.services.sagemaker.hosting.artifacts import ModelUnusable
from kennel.services.sagemaker.hosting.deployment import ServedVariant
from kennel.services.sagemaker.hosting.instance import (
    STOP_GRACE,
    Instance,
    kill_if_too_large,
    stop_processes,
)
from kennel.services.sagemaker.hosting.preparation import Preparation
from kennel.services.sagemaker.hosting.zygote import ZygoteControl, ZygoteGone, ping
from kennel.services.sagemaker.images import Images
from kennel.services.sagemaker.instance_types import instance_type

if TYPE_CHECKING:
    from kennel.services.context import Context
    from kennel.services.service import Parts

__all__ = ["Launch", "ModelServer"]

Launch = Callable[[], tuple["Context", Mapping[str, str]]]
"""A context that acts as the model's role, and the environment of its container."""


class ModelServer:
    """Makes a variant's model ready and keeps as many instances as the variant has.

    `step` does what can be done now and never waits for a model; one thread at a time calls it.
    The rest may be called from any. `variant` may change its count.

    An instance is *starting* until it answers /ping, then *up* until it is told to leave or dies.
    """

    def __init__(
        self,
        parts: Parts,
        images: Images,
        folder: Path,
        variant: ServedVariant,
        background: Executor,
    ) -> None:
        """`background` fetches models and starts zygotes."""
        self._parts = parts
        self._folder = folder
        self.variant = variant
        self._background = background
        self._preparation = Preparation(parts, images, folder)
        self._control = ZygoteControl(folder / "control")
        self._launching: Future[Process] | None = None
        self._process: Process | None = None
        self._is_loaded = False
        # A zygote that is lost is replaced at once if an instance of it was up, else after a pause.
        self._has_served = False
        self._stillborn = 0  # instances in a row that ended before they answered
        self._began = 0.0  # monotonic: when the zygote was started, if this plane did
        self._may_adopt = True
        self._lock = threading.Lock()
        self._starting: dict[str, tuple[Instance, float]] = {}  # with when it must be up
        self._up: dict[str, Instance] = {}
        self._leaving: dict[str, Instance] = {}
        self._lost: frozenset[str] = frozenset()  # the instances of the zygote before

    @property
    def folder(self) -> Path:
        return self._folder

    @property
    def instances(self) -> list[Instance]:
        """The instances that are up, oldest first."""
        with self._lock:
            return list(self._up.values())

    @property
    def leaving(self) -> list[Instance]:
        """The instances that get no more requests and are not stopped yet."""
        with self._lock:
            return list(self._leaving.values())

    def step(self, launch: Launch) -> bool:
        """Has a zygote hold the model and fork what is missing. Whether all instances are up.

        Those that are too many go on until `leave` and `retire` are called for them. Raises
        ModelUnusable, and what `launch` raises; the next step tries again then.
        """
        if not self._has_loaded(launch):
            return False
        with self._lock:
            self._up = {name: one for name, one in self._up.items() if one.alive}
            missing = self.variant.count - len(self._up) - len(self._starting)
            surplus = [one for one, _ in list(self._starting.values())[missing:]]
        if missing < 0:
            for instance in surplus:
                self.forget(instance.name)
        for _ in range(missing):
            if not self._fork():
                return False
        self._welcome()
        with self._lock:
            return not self._starting and len(self._up) >= self.variant.count

    def leave(self, name: str) -> None:
        """Counts an instance no more: it gets no new requests."""
        with self._lock:
            instance = self._up.pop(name, None)
            if instance is not None:
                self._leaving[name] = instance

    def forget(self, name: str) -> None:
        """Counts an instance no more that is dead or hangs; kills it if it lives."""
        instance = self._drop(name)
        if instance is not None:
            instance.signal(signal.SIGKILL)

    def lost_with_zygote(self, name: str) -> bool:
        """Whether the zygote of the instance has ended. Quick: it asks the kernel alone."""
        process = self._process
        with self._lock:
            if name in self._lost:
                return True
            known = name in self._up or name in self._leaving
        return known and (process is None or start_time(process.pid) is None)

    def retire(self, name: str) -> None:
        """Stops an instance that gets no more requests: SIGTERM, 30 s, SIGKILL, in the
        background."""
        instance = self._drop(name)
        if instance is not None:
            instance.signal(signal.SIGTERM)
            timer = threading.Timer(STOP_GRACE, instance.signal, (signal.SIGKILL,))
            timer.daemon = True
            timer.start()

    def stop(self) -> None:
        """Ends the zygote and every instance. After that nothing is called but `remove`."""
        if self._launching is not None:
            self._launching.cancel()
            if not self._launching.cancelled():
                self._launching.exception()  # waits: it would start a zygote afterwards
        self._control.close()
        stop_processes(self._parts.engine, self._folder)
        self._clear()

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
        with self._lock:
            known = [*self._up.values(), *(instance for instance, _ in self._starting.values())]
        for instance in known:
            found[instance.folder / "log"] = f"{variant}/{instance.name}"
        return found

    def healthy(self) -> bool:
        """Whether zygote and instances all live, as far as there are any; kills an instance that
        uses more memory than its instance type has. Cheap: asked twice a second."""
        if self._process is None:
            return True
        if self._process.poll() is not None:
            return False
        limit = instance_type(self.variant.instance_type)
        instances = self.instances
        for instance in instances:
            kill_if_too_large(instance, limit)
        return all(instance.alive for instance in instances)

    def _has_loaded(self, launch: Launch) -> bool:
        """Sees to a zygote; whether it holds the model. Raises ModelUnusable."""
        if self._launching is not None:
            if not self._launching.done():
                return False
            launching, self._launching = self._launching, None
            self._process = launching.result()
            self._began = time.monotonic()
        if self._process is None and not (self._may_adopt and self._adopt()):
            self._may_adopt = False
            self._launching = self._background.submit(self._launch, launch)
            return False
        assert self._process is not None
        ended = self._process.poll()
        if ended is not None:
            self._clear()
            if self._has_served:
                self._has_served = False
                return False  # the next step starts another
            raise ModelUnusable(
                f"The container of the variant {self.variant.name} ended with exit code "
                f"{ended.code} before it could serve. Its log says why."
            )
        if not self._is_loaded:
            self._is_loaded = self._ask_whether_loaded()
        return self._is_loaded

    def _launch(self, launch: Launch) -> Process:
        """In the background. Whatever ran before is ended."""
        stop_processes(self._parts.engine, self._folder)
        return self._preparation.start(self.variant, *launch())

    def _ask_whether_loaded(self) -> bool:
        try:
            state = self._control.ask("status")
        except ZygoteGone:
            state = {}  # it does not listen yet
        if state.get("state") == "ready":
            return True
        reason = ""
        if state.get("state") == "failed":
            reason = f"loading the model failed: {state.get('error')}"
        elif time.monotonic() - self._began > self.variant.startup_timeout:
            reason = (
                f"the model was not loaded within {self.variant.startup_timeout} s. Please check "
                "CloudWatch logs for this endpoint."
            )
        if not reason:
            return False
        self._clear()
        raise ModelUnusable(
            f"The primary container for production variant {self.variant.name} did not pass the "
            f"ping health check: {reason}"
        )

    def _adopt(self) -> bool:
        """Takes over a zygote that a former plane started, and its instances; false if there is
        none that works and knows this plane's URL."""
        process = self._parts.engine.adopt(self._folder / "zygote")
        if process is None or process.poll() is not None:
            return False
        if not self._preparation.knows_the_plane():
            return False
        try:
            status = self._control.ask("status")
        except ZygoteGone:
            status = {}
        if status.get("state") != "ready":
            process.kill()
            process.wait(5.0)
            return False
        self._process, self._is_loaded, self._has_served = process, True, True
        for entry in status["instances"]:
            instance = self._instance(entry)
            if instance.alive:
                self._up[instance.name] = instance
        for instance in self.instances[self.variant.count :]:
            self.retire(instance.name)  # no route knows them yet
        return True

    def _fork(self) -> bool:
        """One more instance, which starts. False if the zygote is lost and another is needed."""
        name = f"i-{secrets.token_hex(8)}"
        folder = self._folder / "instances" / name
        folder.mkdir(parents=True)
        try:
            answer = self._control.ask("fork", name=name, folder=str(folder), environment={})
        except ZygoteGone as error:
            answer = {"error": str(error)}
        if "pid" not in answer:
            if not self._still_loaded():
                self._clear()
                if self._has_served:
                    self._has_served = False
                    return False
            raise ModelUnusable(f"The variant {self.variant.name}: {answer.get('error')}")
        deadline = time.monotonic() + self.variant.startup_timeout
        with self._lock:
            self._starting[name] = (self._instance({"name": name, **answer}), deadline)
        return True

    def _still_loaded(self) -> bool:
        try:
            return bool(self._control.ask("status").get("state") == "ready")
        except ZygoteGone:
            return False

    def _welcome(self) -> None:
        """Those that answer /ping are up. Raises ModelUnusable for one that never will."""
        with self._lock:
            starting = list(self._starting.values())
        for instance, deadline in starting:
            if ping(instance.socket):
                with self._lock:
                    self._starting.pop(instance.name, None)
                    self._up[instance.name] = instance
                self._has_served, self._stillborn = True, 0
            elif not instance.alive:
                self.forget(instance.name)
                self._stillborn += 1
                if self._stillborn == 1:
                    continue  # killed from outside, perhaps: another is forked at once
                raise ModelUnusable(
                    f"An instance of the variant {self.variant.name} ended before it answered "
                    "/ping. Its log says why."
                )
            elif time.monotonic() > deadline:
                self.forget(instance.name)
                raise ModelUnusable(
                    f"The primary container for production variant {self.variant.name} did not "
                    "pass the ping health check. Please check CloudWatch logs for this endpoint."
                )

    def _instance(self, entry: Mapping[str, Any]) -> Instance:
        assert self._process is not None
        name, start = entry["name"], int(entry["start_time"])
        return Instance(
            name,
            self._process.pid_of(int(entry["pid"]), start) or 0,  # 0 is no process's
            start,
            self._folder / "instances" / name,
            Path(entry["socket"]),
        )

    def _drop(self, name: str) -> Instance | None:
        with self._lock:
            starting = self._starting.pop(name, None)
            up, leaving = self._up.pop(name, None), self._leaving.pop(name, None)
            return up or leaving or (starting[0] if starting else None)

    def _clear(self) -> None:
        """Nothing of it runs, or will be used."""
        self._process, self._is_loaded = None, False
        with self._lock:
            self._lost = frozenset({*self._up, *self._leaving})
            for instances in (self._starting, self._up, self._leaving):
                instances.clear()
