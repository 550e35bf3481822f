"""Keeps every notebook instance as its document says: one task an instance, woken by what changes.

A task can be killed anywhere. The next one finds the folder of the instance's present start and
the process that was started in it, and goes on from there.
"""

from __future__ import annotations

import logging
import shutil
from collections.abc import Callable
from typing import TYPE_CHECKING

from kennel.engine import EngineError, Exit
from kennel.identity import Principal
from kennel.runtimes.notebook.plan import Progress
from kennel.services.roles import RoleNotPassable, role_principal
from kennel.services.sagemaker.images import Images, UnknownImage
from kennel.services.sagemaker.notebook.boot import LOG_GROUP, Boot
from kennel.services.sagemaker.notebook.document import (
    NotebookInstance,
    NotebookStatus,
    move,
)
from kennel.services.sagemaker.notebook.failure import hook_failure, process_failure
from kennel.services.sagemaker.notebook.grants import SESSION_NAME, NotebookGrants
from kennel.services.sagemaker.notebook.lifecycle_configs import LifecycleConfigs
from kennel.services.sagemaker.process_logs import ProcessLogs
from kennel.services.sagemaker.tags import Tags
from kennel.services.sagemaker.woken_tasks import WokenTasks
from kennel.store import Collection

if TYPE_CHECKING:
    from kennel.services.context import Context
    from kennel.services.service import Parts

__all__ = ["NotebookKeeper", "StartRefused"]

log = logging.getLogger(__name__)

_TICK = 0.05  # seconds between two looks at one that starts
_GRACE = 10.0  # seconds from SIGTERM to SIGKILL

_S = NotebookStatus


class StartRefused(Exception):
    """The instance can't start; the message is its FailureReason."""


class NotebookKeeper:
    """`start` before use, `stop` at the end."""

    def __init__(
        self,
        parts: Parts,
        instances: Collection[NotebookInstance],
        configs: LifecycleConfigs,
        tags: Tags,
    ) -> None:
        self._parts = parts
        self._instances = instances
        self._configs = configs
        self._tags = tags
        self._folder = parts.folder / "sagemaker" / "notebooks"
        self._images = Images(parts.folder, parts.account_id)
        self._grants = NotebookGrants(parts)
        self._logs = ProcessLogs(parts)
        self._boots: dict[str, Boot] = {}
        self._tasks = WokenTasks("notebook", self._keep, self._watch)

    def start(self) -> None:
        """Takes up every instance: adopts what lives, starts what should."""
        self._tasks.start()
        known = set()
        for name, instance in self._instances.list():
            known.add(instance.folder)
            self.wake(name)
        for folder in self._folder.glob("*"):
            if folder.name not in known:
                shutil.rmtree(folder, ignore_errors=True)
        self._tasks.start_watching()

    def stop(self) -> None:
        """Ends the tasks and the instances' processes; the next start starts them again."""
        self._tasks.stop()
        for boot in self._boots.values():
            if boot.process is not None:
                boot.process.terminate()
        for boot in self._boots.values():
            if boot.process is not None:
                boot.process.stop(_GRACE)
            self._grants.end(boot.instance)
        self._logs.stop()

    def wake(self, name: str) -> None:
        """Has the instance looked at soon. Wakes while its task runs make it run once more."""
        self._tasks.wake(name)

    def secret(self, instance: NotebookInstance) -> bytes:
        """What tickets for the instance's present start are sealed with."""
        return Boot(self._parts, self._folder, instance).secret.read_bytes()

    def _keep(self, name: str) -> None:
        instance = self._instances.get(name)
        if instance is None:
            return
        match instance.status:
            case _S.PENDING:
                self._bring_up(instance)
            case _S.IN_SERVICE:
                self._look_after(instance)
            case _S.STOPPING:
                self._take_down(instance)
                self._settle(instance, _S.STOPPED)
            case _S.FAILED:
                self._take_down(instance)
            case _S.UPDATING:
                self._settle(instance, _S.STOPPED)
            case _S.DELETING:
                self._delete(instance)
            case _S.STOPPED:
                pass

    def _bring_up(self, instance: NotebookInstance) -> None:
        """Starts the instance, or goes on waiting for the start that a killed plane began."""
        try:
            boot = self._boot(instance)
            adopted = boot.adopt()
            if not adopted:
                self._remove_other_boots(boot)
                scripts = self._scripts(instance)
                self._principal(instance)  # or there is nobody to start it as
                boot.launch(self._grants.open(instance), scripts, self._images.kernels())
            self._follow(boot, instance)
        except (StartRefused, RoleNotPassable, UnknownImage, EngineError) as error:
            self._fail(instance, str(error))
            return
        assert boot.process is not None
        if adopted and self._was_taken_down(boot):
            self._start_again(instance)
            return
        while not self._tasks.stopping.wait(_TICK):
            ended = boot.process.poll()  # first: its last word is there once it has ended
            progress = boot.progress()
            if progress.failed or ended is not None:
                self._note(instance, progress)
                self._fail(instance, self._reason(instance, progress, ended))
                return
            if progress.port:
                self._note(instance, progress)
                self._settle(instance, _S.IN_SERVICE)
                return

    def _look_after(self, instance: NotebookInstance) -> None:
        """An instance in service whose process is gone fails if that was its own doing, and starts
        again if the machine or the plane took it down."""
        boot = self._boot(instance)
        if boot.adopt() and boot.process is not None:
            ended = boot.process.poll()
            if ended is None and boot.is_for(self._parts.reach.url):
                self._follow(boot, instance)
                return
            if ended is not None and not self._was_taken_down(boot):
                self._fail(instance, self._reason(instance, boot.progress(), ended))
                return
            boot.process.stop(_GRACE)  # its clients look for the plane where it is no more
        self._start_again(instance)

    def _was_taken_down(self, boot: Boot) -> bool:
        """Whether the process has ended by no doing of its own."""
        ended = None if boot.process is None else boot.process.poll()
        return ended is not None and not ended.out_of_memory and not boot.progress().failed

    def _start_again(self, instance: NotebookInstance) -> None:
        log.info("the notebook instance %s is started again", instance.name)

        def change(stored: NotebookInstance) -> NotebookInstance | None:
            then = (instance.folder, instance.boot, instance.status)
            if (stored.folder, stored.boot, stored.status) != then:
                return None
            stored.boot += 1
            if stored.status is not _S.PENDING:
                move(stored, _S.PENDING, self._parts.clock.policy())
            return stored

        self._instances.update(instance.name, change)
        self.wake(instance.name)

    def _take_down(self, instance: NotebookInstance) -> None:
        """Ends the present start and forgets all of it but its log."""
        self._grants.end(instance)
        boot = self._boots.pop(instance.name, None) or Boot(self._parts, self._folder, instance)
        if boot.adopt() and boot.process is not None:
            boot.process.stop(_GRACE)
            try:
                self._follow(boot, instance)
            except RoleNotPassable as error:
                log.warning("notebook instance %s: no log: %s", instance.name, error)
        self._logs.finish(boot.folder)
        boot.remove()

    def _delete(self, instance: NotebookInstance) -> None:
        self._take_down(instance)
        shutil.rmtree(self._folder / instance.folder, ignore_errors=True)

        def delete(connection: object) -> None:
            self._instances.delete_in(connection, instance.name)  # type: ignore[arg-type]
            self._tags.delete_in(connection, instance.arn)  # type: ignore[arg-type]

        self._parts.database.write(delete)

    def _boot(self, instance: NotebookInstance) -> Boot:
        boot = self._boots.get(instance.name)
        if boot is None or (boot.instance.folder, boot.instance.boot) != (
            instance.folder,
            instance.boot,
        ):
            boot = self._boots[instance.name] = Boot(self._parts, self._folder, instance)
        return boot

    def _remove_other_boots(self, boot: Boot) -> None:
        """What an earlier start left behind, with the processes that live in it."""
        for folder in boot.folder.parent.glob("boot-*"):
            if folder != boot.folder:
                process = self._parts.engine.adopt(folder / "process")
                if process is not None:
                    process.stop(0)
                self._logs.finish(folder)
                shutil.rmtree(folder, ignore_errors=True)

    def _scripts(self, instance: NotebookInstance) -> dict[str, bytes]:
        """Those of this start: OnCreate until it has succeeded once, OnStart always."""
        if not instance.lifecycle_config:
            return {}
        config = self._configs.find(instance.lifecycle_config)
        if config is None:
            raise StartRefused(
                f"Notebook Instance Lifecycle Config '{instance.lifecycle_config}' does not exist. "
                "Create it, or take it from the instance with UpdateNotebookInstance."
            )
        scripts = config.scripts()
        if instance.created:
            scripts.pop("OnCreate", None)
        return scripts

    def _reason(self, instance: NotebookInstance, progress: Progress, ended: Exit | None) -> str:
        if ended is not None and (ended.out_of_memory or not progress.failed):
            return process_failure(instance, ended)
        return progress.reason or hook_failure(instance, progress)

    def _note(self, instance: NotebookInstance, progress: Progress) -> None:
        """Stores what a start has achieved for good."""

        def change(stored: NotebookInstance) -> NotebookInstance | None:
            if stored.folder != instance.folder:
                return None
            stored.created = stored.created or progress.created
            stored.port = progress.port or stored.port
            return stored

        self._instances.update(instance.name, change)

    def _fail(self, instance: NotebookInstance, reason: str) -> None:
        log.warning("notebook instance %s: %s", instance.name, reason)

        def explain(stored: NotebookInstance) -> None:
            stored.failure_reason = reason[:1024]

        self._settle(instance, _S.FAILED, explain)
        failed = self._instances.get(instance.name)
        if failed is not None and failed.status is _S.FAILED:
            self._take_down(failed)

    def _settle(
        self,
        instance: NotebookInstance,
        status: NotebookStatus,
        also: Callable[[NotebookInstance], None] | None = None,
    ) -> None:
        """Changes the status, unless it has changed meanwhile."""

        def change(stored: NotebookInstance) -> NotebookInstance | None:
            then = (instance.folder, instance.boot, instance.status)
            if (stored.folder, stored.boot, stored.status) != then:
                return None
            move(stored, status, self._parts.clock.policy())
            if also is not None:
                also(stored)
            return stored

        self._instances.update(instance.name, change)

    def _own_context(self, instance: NotebookInstance) -> Context:
        service = Principal.service(self._parts.account_id, "sagemaker.amazonaws.com")
        return self._parts.dispatcher.context(service, region=instance.region)

    def _principal(self, instance: NotebookInstance) -> Principal:
        return role_principal(self._own_context(instance), instance.role_arn, SESSION_NAME)

    def _follow(self, boot: Boot, instance: NotebookInstance) -> None:
        self._logs.follow(LOG_GROUP, boot.logs, self._principal(instance), instance.region)

    def _watch(self) -> None:
        for name, boot in list(self._boots.items()):
            if boot.process is not None and boot.process.poll() is not None:
                self.wake(name)
