"""Work on resources by name: one task a name at a time, run when the name is woken."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

__all__ = ["WokenTasks"]

log = logging.getLogger(__name__)

_TASKS = 8  # names worked on at once; each task waits for processes most of the time
_RETRY = 5.0  # seconds before work that failed is tried again
_WATCH_INTERVAL = 0.5  # seconds between two looks at everything


class WokenTasks:
    """Calls `keep(name)` for each name that is woken, and `watch()` twice a second.

    A name that is woken while its task runs is worked on once more; one whose task raised, after a
    pause. `kind` is what the names are names of, for the log. `start` before use, `stop` at the
    end.
    """

    def __init__(self, kind: str, keep: Callable[[str], None], watch: Callable[[], None]) -> None:
        self._kind = kind
        self._keep = keep
        self._watch = watch
        self._lock = threading.Lock()
        self._running: set[str] = set()
        self._again: set[str] = set()
        self.stopping = threading.Event()
        """Set when the plane stops; a task that waits ends then."""
        self._pool: ThreadPoolExecutor | None = None
        self._watcher: threading.Thread | None = None

    def start(self) -> None:
        """From here on names can be woken."""
        self._pool = ThreadPoolExecutor(_TASKS, thread_name_prefix=self._kind)

    def start_watching(self) -> None:
        """Has `watch` called from now on."""
        self._watcher = threading.Thread(
            target=self._keep_watching, name=f"{self._kind}-watch", daemon=True
        )
        self._watcher.start()

    def stop(self) -> None:
        """Waits for the tasks that run; starts no more."""
        self.stopping.set()
        if self._watcher is not None:
            self._watcher.join()
        if self._pool is not None:
            self._pool.shutdown(wait=True, cancel_futures=True)

    def wake(self, name: str) -> None:
        """Has the name worked on soon."""
        with self._lock:
            if name in self._running:
                self._again.add(name)
                return
            self._running.add(name)
        if self._pool is not None and not self.stopping.is_set():
            self._pool.submit(self._run, name)

    def _run(self, name: str) -> None:
        try:
            self._keep(name)
        except Exception:  # the task's boundary: it is tried again
            if not self.stopping.is_set():
                log.exception("the %s %s could not be kept", self._kind, name)
                timer = threading.Timer(_RETRY, self.wake, (name,))
                timer.daemon = True
                timer.start()
        with self._lock:
            self._running.discard(name)
            again = name in self._again
            self._again.discard(name)
        if again:
            self.wake(name)

    def _keep_watching(self) -> None:
        while not self.stopping.wait(_WATCH_INTERVAL):
            self._watch()
