"""How many training jobs run at once, and which wait."""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Callable
from typing import Protocol

__all__ = ["JobPool", "Runnable"]

log = logging.getLogger(__name__)

_RETRY = 5.0  # wall seconds before a job whose run broke off is taken up again


class Runnable(Protocol):
    """A job's run: `run` returns when the job has ended or the plane stops."""

    stop_requested: threading.Event

    def run(self) -> None: ...


class JobPool:
    """Runs jobs by name, each on a thread of its own, in turn.

    A job of several hosts takes a slot for each; one that takes more than there are runs alone.
    The one whose turn it is holds up those behind it, or a large one would never have room.
    `make` makes the run of a job when its turn comes.
    """

    def __init__(self, slots: int, make: Callable[[str], Runnable]) -> None:
        self._slots = slots
        self._make = make
        self._lock = threading.Lock()
        self._waiting: deque[str] = deque()
        self._sizes: dict[str, int] = {}
        self._running: dict[str, tuple[Runnable, threading.Thread]] = {}
        self._closed = False

    @property
    def running(self) -> int:
        """How many slots are taken now."""
        with self._lock:
            return self._taken()

    @property
    def waiting(self) -> int:
        """How many jobs wait for a slot."""
        with self._lock:
            return len(self._waiting)

    def submit(self, name: str, size: int = 1) -> bool:
        """Starts the job if so many slots are free, else lets it wait; says whether it was
        started."""
        with self._lock:
            self._sizes[name] = size
            self._waiting.append(name)
            self._start_waiting()
            return name in self._running

    def stop_requested(self, name: str) -> None:
        """Wakes a job that was told to stop. One that waits has its turn now: its stop is all
        that it still has to do."""
        with self._lock:
            if name in self._running:
                self._running[name][0].stop_requested.set()
            elif name in self._waiting and not self._closed:
                self._waiting.remove(name)
                self._start(name)

    def close(self, seconds: float) -> None:
        """Starts no more, and waits for the runs, which must have been told to return."""
        with self._lock:
            self._closed = True
            self._waiting.clear()
            threads = [thread for _, thread in self._running.values()]
        for thread in threads:
            thread.join(seconds)
            if thread.is_alive():
                log.warning("%s goes on while the plane stops", thread.name)

    def _start_waiting(self) -> None:
        """With the lock held. A name runs once at a time, even when its job was deleted and made
        again while the first one's last steps are done."""
        for name in list(self._waiting):
            if self._closed:
                return
            if name in self._running:
                continue
            if self._running and self._taken() + self._sizes[name] > self._slots:
                return
            self._waiting.remove(name)
            self._start(name)

    def _taken(self) -> int:
        """With the lock held."""
        return sum(self._sizes[name] for name in self._running)

    def _start(self, name: str) -> None:
        run = self._make(name)
        thread = threading.Thread(
            target=self._run, args=(name, run), name=f"training-{name}", daemon=True
        )
        self._running[name] = (run, thread)
        thread.start()

    def _run(self, name: str, run: Runnable) -> None:
        try:
            run.run()
        except Exception:  # the thread's boundary: a full disk, say; the job is stored as it is
            log.exception("training job %s could not go on; trying again", name)
            timer = threading.Timer(_RETRY, self._submit_again, (name, self._sizes[name]))
            timer.daemon = True
            timer.start()
        finally:
            with self._lock:
                del self._running[name]
                if name not in self._waiting:
                    del self._sizes[name]
                self._start_waiting()

    def _submit_again(self, name: str, size: int) -> None:
        if not self._closed:
            self.submit(name, size)
