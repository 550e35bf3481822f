"""What is due on the simulated clock besides requests."""

from __future__ import annotations

import heapq
from collections.abc import Callable
from enum import IntEnum
from typing import TypeAlias

__all__ = ["Agenda", "Due"]

Act: TypeAlias = "Callable[[float], None]"


class Due(IntEnum):
    """What comes first of what is due at the same time."""

    LAUNCHED = 0
    SCHEDULED = 1
    TICK = 2
    DECISION = 3
    BEAT = 4
    MARK = 5


class Agenda:
    """Acts with their times, in seconds of policy time from the beginning."""

    def __init__(self) -> None:
        self._acts: list[tuple[float, Due, int, Act]] = []
        self._number = 0

    def put(self, at: float, due: Due, act: Act) -> None:
        """`act(at)` will be called; of what is due together, what was put first."""
        self._number += 1
        heapq.heappush(self._acts, (at, due, self._number, act))

    def every(self, first: float, seconds: float, due: Due, act: Act) -> None:
        """Calls an act again and again. Its times are exact multiples."""

        def again(number: int) -> Act:
            def run(now: float) -> None:
                act(now)
                self.put(first + (number + 1) * seconds, due, again(number + 1))

            return run

        self.put(first, due, again(0))

    def run(self, until: float, before: Callable[[float], None]) -> None:
        """Does all that is due up to a time, in order; `before` hears each time first."""
        while self._acts and self._acts[0][0] <= until:
            at, _, _, act = heapq.heappop(self._acts)
            before(at)
            act(at)
        before(until)
