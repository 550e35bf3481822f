"""Work on resources by name: one task a name at a time, run when the name is woken."""

from __future__ import annotations

import logging
import math
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

__all__ = ["WokenTasks"]

log = logging.getLogger(__name__)

_TASKS = 8  # names worked on at once; each task waits for processes most of the time
_RETRY = 5.0  # seconds before work that failed is tried again
_WATCH_INTERVAL = 0.5  # seconds between two looks at everything


class WokenTasks:
    """Calls `keep(name)` for each name that is woken, and `watch()`, if there is one, twice a
    second.

    A name that is woken while its task runs is worked on once more; one whose task raised, after a
    pause. `kind` is what the names are names of, for the log. `start` before use, `stop` at the
    end.
    """

    def __init__(
        self,
        kind: str,
        keep: Callable[[str], None],
        watch: Callable[[], None] | None = None,
    ) -> None:
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
        self._alarms: dict[str, float] = {}  # names to wake, and when (monotonic)
        self._alarms_changed = threading.Condition()

    def start(self) -> None:
        """From here on names can be woken."""
        self._pool = ThreadPoolExecutor(_TASKS, thread_name_prefix=self._kind)

    def start_watching(self) -> None:
        """Has `watch` called from now on, and names woken that were to be woken later."""
        self._watcher = threading.Thread(
            target=self._keep_watching, name=f"{self._kind}-watch", daemon=True
        )
        self._watcher.start()

    def stop(self) -> None:
        """Waits for the tasks that run; starts no more."""
        self.stopping.set()
        with self._alarms_changed:
            self._alarms_changed.notify()
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

    def wake_later(self, name: str, seconds: float) -> None:
        """Has the name worked on in so many seconds, or when it was to be already if that is
        sooner."""
        with self._alarms_changed:
            at = time.monotonic() + seconds
            self._alarms[name] = min(at, self._alarms.get(name, at))
            self._alarms_changed.notify()

    def _run(self, name: str) -> None:
        try:
            self._keep(name)
        except Exception:  # the task's boundary: it is tried again
            if not self.stopping.is_set():
                log.exception("the %s %s could not be kept", self._kind, name)
                self.wake_later(name, _RETRY)
        with self._lock:
            self._running.discard(name)
            again = name in self._again
            self._again.discard(name)
        if again:
            self.wake(name)

    def _keep_watching(self) -> None:
        look = math.inf if self._watch is None else time.monotonic() + _WATCH_INTERVAL
        while not self.stopping.is_set():
            now = time.monotonic()
            for name in self._due(now):
                self.wake(name)
            if self._watch is not None and now >= look:
                try:
                    self._watch()
                except Exception:  # the thread's boundary: it is looked again
                    log.exception("each %s could not be looked at", self._kind)
                look = now + _WATCH_INTERVAL
            with self._alarms_changed:
                if not self.stopping.is_set():
                    first = min([look, *self._alarms.values()]) - time.monotonic()
                    self._alarms_changed.wait(max(0.0, min(first, threading.TIMEOUT_MAX)))

    def _due(self, now: float) -> list[str]:
        with self._alarms_changed:
            due = [name for name, at in self._alarms.items() if at <= now]
            for name in due:
                del self._alarms[name]
            return due
