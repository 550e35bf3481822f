"""A thread that says when each request is due.

An event loop's timers are good to a millisecond; a thread that sleeps is good to 0.1 ms.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Iterable

__all__ = ["Pacer"]

_BACKLOG = 10_000  # requests that are due and that the loop has not taken up yet
_WAIT = 0.05  # seconds between looks at a full backlog


class Pacer:
    """Calls `due(at)` on the loop at `began + at` (time.perf_counter) for each of the moments,
    within so many `seconds`. A client that can't keep up makes it wait, but moves no moment."""

    def __init__(
        self, moments: Iterable[float], seconds: float, due: Callable[[float], None]
    ) -> None:
        self._moments = moments
        self._seconds = seconds
        self._due = due
        self._taken = 0
        self._stop = threading.Event()

    async def run(self, began: float) -> None:
        """Returns when the seconds are over, or soon after `stop` was called."""
        loop = asyncio.get_running_loop()
        over: asyncio.Future[None] = loop.create_future()
        thread = threading.Thread(target=self._run, args=(loop, began, over), daemon=True)
        thread.start()
        await over
        thread.join()

    def stop(self) -> None:
        """Calls no further moment."""
        self._stop.set()

    def _run(
        self, loop: asyncio.AbstractEventLoop, began: float, over: asyncio.Future[None]
    ) -> None:
        for called, at in enumerate(self._moments):
            wait = began + at - time.perf_counter()
            if wait > _WAIT:
                if self._stop.wait(wait - _WAIT / 2):
                    break
                wait = began + at - time.perf_counter()
            if wait > 0:
                time.sleep(wait)
            while called - self._taken >= _BACKLOG and not self._stop.wait(_WAIT):
                pass
            if self._stop.is_set():
                break
            loop.call_soon_threadsafe(self._take, at)
        self._stop.wait(max(0.0, began + self._seconds - time.perf_counter()))
        loop.call_soon_threadsafe(_done, over)

    def _take(self, at: float) -> None:
        self._taken += 1
        self._due(at)


def _done(future: asyncio.Future[None]) -> None:
    if not future.done():
        future.set_result(None)
