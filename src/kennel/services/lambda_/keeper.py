"""Brings functions to what their documents say: unpacks code, then serves it.

One thread, woken by what changes. It can be killed anywhere: the next one starts from the
documents.
"""

from __future__ import annotations

import logging
import queue
import threading
from collections import Counter
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
        self._lock = threading.Lock()
        self._uses: Counter[str] = Counter()
        """How many deployments, ending ones too, run from a code id."""

    def start(self) -> None:
        """Serves what was served before, and takes up what was under way."""
        for _, version in self._versions.list():
            serving = version.serving
            prepared = serving is not None and self._code.is_prepared(serving)
            if serving is not None and prepared:
                self._publish(version, serving)
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

    def serve(self, version: Version) -> None:
        """Serves a version that was published, unless that is done. It is reached when this
        returns, but for one whose code has to be unpacked first."""
        if self._fleet.serves(version.function, version.version):
            return
        code = version.serving
        if code is None or not self._code.is_prepared(code):
            self._refuse(version)
            self.wake(version.function)
            return
        self._publish(version, code)
        if self._versions.get(version_key(version.function, version.version)) is None:
            self._fleet.withdraw(version.function, version.version)  # it was deleted meanwhile

    def forget(self, function: str, versions: Sequence[Version]) -> None:
        """Serves these deleted versions no more; code goes once nothing runs from it."""
        for version in versions:
            self._fleet.withdraw(function, version.version)
            for code in (version.code, version.serving):
                if code is not None:
                    self.discard(function, code)

    def discard(self, function: str, code: Code) -> None:
        """Deletes code that no version has and nothing runs from. Who ends last deletes it: a code
        that `$LATEST` has no more can't become another version's."""
        versions = [version for _, version in self._versions.list(version_key(function, ""))]
        if any(code in (version.code, version.serving) for version in versions):
            return
        with self._lock:
            used = self._uses[code.id] > 0
        if not used:
            del self._uses[code.id]
            self._code.remove(code)

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
        for key, version in self._versions.list(version_key(function, "")):
            if self._stopping.is_set():
                return
            if version.version == LATEST or self._is_awaited(version):
                self._bring(key, version)

    def _is_awaited(self, version: Version) -> bool:
        """A published version does not change: once served or failed, it is so for good."""
        if version.state is State.FAILED:
            return False
        return not self._fleet.serves(version.function, version.version)

    def _bring(self, key: str, version: Version) -> None:
        if version.state is State.PENDING:
            self._refuse(version)
        code = version.code
        try:
            self._code.prepare(code)
        except ArchiveRefused as error:
            self._settle(key, code, str(error))
            return
        # Invocations reach the new code before the status says so.
        self._publish(version, code)
        if self._settle(key, code, "") is None:
            self._fleet.withdraw(version.function, version.version)  # it was deleted meanwhile

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
            version.version,
            "The operation cannot be performed at this time. The function is currently in the "
            f"following state: {version.state}",
        )

    def _publish(self, version: Version, code: Code) -> None:
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
            storage=version.ephemeral_storage,
            log_group=log_group(version),
            environment=dict(version.environment),
        )

        def ended() -> None:
            with self._lock:
                self._uses[code.id] -= 1
            self.discard(version.function, code)

        with self._lock:
            self._uses[code.id] += 1
        self._fleet.publish(deployment, ended)
