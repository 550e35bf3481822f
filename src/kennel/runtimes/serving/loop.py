"""A poll loop: descriptors and what to do when something can be read from them."""

from __future__ import annotations

import os
import select
import signal
from collections.abc import Callable

__all__ = ["Loop"]


class Loop:
    """Also turns signals into calls from the loop, where they interrupt nothing."""

    def __init__(self) -> None:
        self._poll = select.poll()
        self._callbacks: dict[int, Callable[[], None]] = {}
        self._signals: dict[int, Callable[[], None]] = {}
        self._read_end = self._write_end = -1

    @property
    def descriptors(self) -> list[int]:
        """Everything that a forked process must close."""
        return [*self._callbacks, self._write_end]

    def start(self, signals: dict[int, Callable[[], None]]) -> None:
        self._signals = signals
        self._read_end, self._write_end = os.pipe()
        for descriptor in (self._read_end, self._write_end):
            os.set_blocking(descriptor, False)
        signal.set_wakeup_fd(self._write_end, warn_on_full_buffer=False)
        for number in signals:
            signal.signal(number, lambda *_: None)
        self.add(self._read_end, self._deliver)

    def add(self, descriptor: int, callback: Callable[[], None]) -> None:
        self._callbacks[descriptor] = callback
        self._poll.register(descriptor, select.POLLIN)

    def remove(self, descriptor: int) -> None:
        """Does nothing for one that is not there."""
        if self._callbacks.pop(descriptor, None) is not None:
            self._poll.unregister(descriptor)

    def step(self, seconds: float | None) -> None:
        """Waits for something, at most so long, and does what it asks for."""
        for descriptor, _ in self._poll.poll(None if seconds is None else seconds * 1000):
            callback = self._callbacks.get(descriptor)
            if callback is not None:  # one before it may have removed it
                callback()

    def _deliver(self) -> None:
        try:
            arrived = set(os.read(self._read_end, 4096))
        except BlockingIOError:
            return
        for number in sorted(arrived):
            self._signals[number]()
