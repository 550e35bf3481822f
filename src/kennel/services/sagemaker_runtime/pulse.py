"""A beat of policy time on the event loop: one timer for everything that is published regularly."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from kennel.clock import Clock

__all__ = ["Pulse"]

_SHORTEST = 0.05  # wall seconds between two looks at the clock, however fast policy time runs
_MOST_MISSED = 60  # beats that are made up for; what a longer pause left out stays out


class Pulse:
    """Calls `beat(at)` on the loop for each multiple of `seconds` of policy time that begins.

    A beat may come late by what the loop is busy with, or by 50 ms at a large time scale; `at` is
    the moment that it stands for.
    """

    def __init__(self, clock: Clock, seconds: int, beat: Callable[[int], None]) -> None:
        self._clock = clock
        self._seconds = seconds
        self._beat = beat
        self._last = 0  # the beat that was made last, in multiples of `seconds`
        self._stopped = False

    def start(self, loop: asyncio.AbstractEventLoop) -> None:
        """From now on, until `stop`. To be called on the loop."""
        self._last = int(self._clock.policy() // self._seconds)
        self._wait(loop)

    def stop(self) -> None:
        """No more beats; from any thread."""
        self._stopped = True

    def _wait(self, loop: asyncio.AbstractEventLoop) -> None:
        left = (self._last + 1) * self._seconds - self._clock.policy()
        delay = max(_SHORTEST, left / self._clock.scale)
        loop.call_later(delay, self._run, loop)

    def _run(self, loop: asyncio.AbstractEventLoop) -> None:
        if self._stopped:
            return
        now = int(self._clock.policy() // self._seconds)
        try:
            for number in range(max(self._last + 1, now - _MOST_MISSED + 1), now + 1):
                self._beat(number * self._seconds)
        finally:
            self._last = now
            self._wait(loop)
