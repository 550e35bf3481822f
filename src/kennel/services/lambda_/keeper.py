"""Brings functions to what their documents say: unpacks code, then serves it.

One thread, woken by what changes. It can be killed anywhere: the next one starts from the
documents.
"""

from __future__ import annotations

import logging
import queue
import threading
from collections.abc import Sequence
from typing import TYPE_CHECKING

from kennel.services.lambda_.archive import ArchiveRefused
from kennel.services.lambda_.code_store import CodeStore
from kennel.services.lambda_.describe import log_group
from kennel.services.lambda_.document import (
    Code,
    State,
    Update,
    Version,
    move_state,
    move_update,
    version_key,
)
from kennel.services.lambda_.environments import Deployment, Fleet
from kennel.services.lambda_.naming import LATEST
from kennel.store import Collection

if TYPE_CHECKING:
    from kennel.services.service import Parts

__all__ = ["FunctionKeeper"]

log = logging.getLogger(__name__)

_RETRY = 5.0  # seconds before a function that can't be kept is tried again


class FunctionKeeper:
    """`start` before use, `stop` at the end."""

    def __init__(
        self, parts: Parts, versions: Collection[Version], code: CodeStore, fleet: Fleet
    ) -> None:
        self._parts = parts
        self._versions = versions
        self._code = code
        self._fleet = fleet
        self._queue: queue.SimpleQueue[str | None] = queue.SimpleQueue()
        self._thread: threading.Thread | None = None
        self._stopping = threading.Event()

    def start(self) -> None:
        """Serves what was served before, and takes up what was under way."""
        for _, version in self._versions.list():
            serving = version.serving
            prepared = serving is not None and self._code.is_prepared(serving)
            if serving is not None and prepared:
                self._publish(version, serving, former=None)
            else:
                self._refuse(version)
            if not prepared or version.update is Update.IN_PROGRESS:
                self.wake(version.function)
        self._thread = threading.Thread(target=self._run, name="functions", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Ends the thread; what it did not finish is taken up by the next start."""
        self._stopping.set()
        self._queue.put(None)
        if self._thread is not None:
            self._thread.join()

    def wake(self, function: str) -> None:
        """Has the function looked at soon."""
        self._queue.put(function)

    def forget(self, function: str, versions: Sequence[Version]) -> None:
        """Serves a deleted function no more; its code goes once nothing runs from it."""

        def drained() -> None:
            for version in versions:
                for code in (version.code, version.serving):
                    if code is not None:
                        self._code.remove(code)

        self._fleet.withdraw(function, drained)

    def _run(self) -> None:
        while (function := self._queue.get()) is not None:
            try:
                self._keep(function)
            except Exception:  # the thread's boundary: the function is tried again
                log.exception("the function %s could not be kept", function)
                timer = threading.Timer(_RETRY, self.wake, (function,))
                timer.daemon = True
                timer.start()

    def _keep(self, function: str) -> None:
        key = version_key(function, LATEST)
        version = self._versions.get(key)
        if version is None or self._stopping.is_set():
            return
        if version.state is State.PENDING:
            self._refuse(version)
        code = version.code
        try:
            self._code.prepare(code)
        except ArchiveRefused as error:
            self._settle(key, code, str(error))
            return
        # Invocations reach the new code before the status says so.
        former = version.serving if version.serving != code else None
        self._publish(version, code, former)
        if self._settle(key, code, "") is None:
            self._fleet.withdraw(function, lambda: None)  # it was deleted meanwhile

    def _settle(self, key: str, code: Code, fault: str) -> Version | None:
        """Writes down how it went, unless the function has changed again."""

        def change(version: Version) -> Version | None:
            if version.code != code:
                return None
            reason = "InvalidZipFileException" if fault else ""
            if version.state is State.PENDING:
                state = State.FAILED if fault else State.ACTIVE
                move_state(version, state, fault, reason)
            if version.update is Update.IN_PROGRESS:
                update = Update.FAILED if fault else Update.SUCCESSFUL
                move_update(version, update, fault, reason)
            if not fault:
                version.serving = code
            return version

        version = self._versions.update(key, change)
        if version is not None and version.state is State.FAILED:
            self._refuse(version)
        return version

    def _refuse(self, version: Version) -> None:
        self._fleet.refuse(
            version.function,
            "The operation cannot be performed at this time. The function is currently in the "
            f"following state: {version.state}",
        )

    def _publish(self, version: Version, code: Code, former: Code | None) -> None:
        deployment = Deployment(
            function=version.function,
            version=version.version,
            region=self._parts.region,
            code=self._code.folder(code),
            handler=version.handler,
            runtime=version.runtime,
            role=version.role,
            timeout=version.timeout,
            memory=version.memory,
            log_group=log_group(version),
            environment=dict(version.environment),
        )

        def drained() -> None:
            if former is not None:
                self._code.remove(former)

        self._fleet.publish(deployment, drained)
