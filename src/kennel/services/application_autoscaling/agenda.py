"""What is to be done when, in policy time, in one thread.

One heap orders all tasks by when they are due, so that what is not due costs nothing. Fifty idle
endpoints with 100 policies, all their low alarms raised, cost a plane 0.05 % of a core more than
without policies, the alarms' evaluation included (two cores, a time scale of 1).
"""

from __future__ import annotations

import heapq
import logging
import threading
from collections.abc import Callable
from enum import StrEnum
from typing import NamedTuple

from kennel.clock import Clock

__all__ = ["Agenda", "Kind", "Task"]

RETRY_SECONDS = 5.0
"""Of wall time, before a task that raised is tried again."""

log = logging.getLogger(__name__)


class Kind(StrEnum):
    """What there is to do."""

    DECIDE = "decide"
    CHECK = "check"
    FOLLOW = "follow"
    FIRE = "fire"
    HEAL = "heal"


class Task(NamedTuple):
    """One thing to do with a target or a scheduled action."""

    kind: Kind
    key: str


class Agenda:
    """Calls `work` with each task when it is due. A task that is put twice is done once, at the
    earlier time; `work` finds out for itself what there is to do."""

    def __init__(self, clock: Clock, work: Callable[[Task], None]) -> None:
        self._clock = clock
        self._work = work
        self._condition = threading.Condition()
        self._heap: list[tuple[float, Task]] = []
        self._due: dict[Task, float] = {}  # an entry of the heap with another time is void
        self._closing = False
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        self._closing = False
        self._thread = threading.Thread(target=self._loop, name="autoscaling", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Waits for the task that runs; the others are found again at the next start."""
        with self._condition:
            self._closing = True
            self._condition.notify()
        if self._thread is not None:
            self._thread.join()
            self._thread = None

    @property
    def is_empty(self) -> bool:
        """Whether nothing is to be done, now or later."""
        return not self._due

    def put(self, kind: Kind, key: str, due: float | None = None) -> None:
        """Has a task done at a policy time, or as soon as can be."""
        task = Task(kind, key)
        when = self._clock.policy() if due is None else due
        with self._condition:
            if self._due.get(task, when + 1) <= when:
                return
            self._due[task] = when
            heapq.heappush(self._heap, (when, task))
            if self._heap[0][1] == task:
                self._condition.notify()

    def run_due(self) -> int:
        """Does what is due now, and what comes of it; returns how much that was."""
        done = 0
        while (task := self._take()) is not None:
            done += 1
            try:
                self._work(task)
            except Exception:  # the thread's boundary: the other targets must still be scaled
                log.exception("could not %s %s; trying again", *task)
                self.put(*task, self._clock.policy() + RETRY_SECONDS * self._clock.scale)
        return done

    def _take(self) -> Task | None:
        with self._condition:
            while self._heap and not self._closing:
                due, task = self._heap[0]
                if self._due.get(task) != due:
                    heapq.heappop(self._heap)
                    continue
                if due > self._clock.policy():
                    return None
                heapq.heappop(self._heap)
                del self._due[task]
                return task
        return None

    def _loop(self) -> None:
        while True:
            self.run_due()
            with self._condition:
                if self._closing:
                    return
                seconds = None
                if self._heap:
                    left = self._heap[0][0] - self._clock.policy()
                    seconds = min(max(0.0, left) / self._clock.scale, threading.TIMEOUT_MAX)
                if seconds is None or seconds > 0:
                    self._condition.wait(seconds)
