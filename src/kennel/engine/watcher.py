"""One thread that notices the end of every process."""

from __future__ import annotations

import logging
import os
import queue
import selectors
import threading

from kennel.engine.process import LocalProcess
from kennel.engine.shim import proc

__all__ = ["Watcher"]

_log = logging.getLogger(__name__)
_POLL_SECONDS = 0.05  # where no pidfd is to be had


class Watcher:
    """Settles each process when its shim has ended. Sleeps in one epoll call meanwhile, however
    many there are."""

    def __init__(self) -> None:
        self._new: queue.SimpleQueue[LocalProcess | None] = queue.SimpleQueue()
        self._without_pidfd: list[LocalProcess] = []
        self._selector: selectors.BaseSelector | None = None
        self._thread: threading.Thread | None = None
        self._bell = -1

    def start(self) -> None:
        """Starts the thread. Raises RuntimeError if it runs."""
        if self._thread is not None:
            raise RuntimeError("the watcher runs already")
        ear, self._bell = os.pipe()
        self._selector = selectors.DefaultSelector()
        self._selector.register(ear, selectors.EVENT_READ, None)
        self._thread = threading.Thread(target=self._run, name="engine-watcher", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Ends the thread; the processes go on."""
        if self._thread is None:
            return
        self._new.put(None)
        os.write(self._bell, b"!")
        self._thread.join()
        os.close(self._bell)
        self._thread = None

    def add(self, process: LocalProcess) -> None:
        self._new.put(process)
        os.write(self._bell, b"!")

    def _run(self) -> None:
        selector = self._selector
        assert selector is not None
        going = True
        while going:
            timeout = _POLL_SECONDS if self._without_pidfd else None
            for key, _ in selector.select(timeout):
                if key.data is None:
                    os.read(key.fd, 4096)
                    going = self._take_new(selector)
                    continue
                selector.unregister(key.fd)
                os.close(key.fd)
                _settle(key.data)
            self._look_at_those_without_pidfd()
        for key in list(selector.get_map().values()):
            os.close(key.fd)
        selector.close()
        self._without_pidfd.clear()

    def _take_new(self, selector: selectors.BaseSelector) -> bool:
        """False when it was told to stop."""
        while not self._new.empty():
            process = self._new.get()
            if process is None:
                return False
            try:
                fd = proc.open_pidfd(*process.shim)
            except OSError:
                self._without_pidfd.append(process)
                continue
            if fd is None:
                _settle(process)
            else:
                selector.register(fd, selectors.EVENT_READ, process)
        return True

    def _look_at_those_without_pidfd(self) -> None:
        for process in list(self._without_pidfd):
            if not proc.is_alive(*process.shim):
                self._without_pidfd.remove(process)
                _settle(process)


def _settle(process: LocalProcess) -> None:
    try:
        process.settle()
    except Exception:
        # The boundary of the thread: one process's trouble is not the others'.
        _log.exception("the end of the process in %s could not be settled", process.folder)
