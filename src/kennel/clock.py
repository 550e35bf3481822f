"""Real, scaled and simulated time.

Two times run side by side and are never mixed. *Wall time* is what processes and people feel:
signatures, sessions, timeouts, log timestamps. *Policy time* is what AWS's control loops count:
metric periods, alarms, cooldowns, billing of held capacity. With a scale of 60, a minute of
policy time passes in a second of wall time.
"""

from __future__ import annotations

import threading
import time
from typing import Protocol

__all__ = ["Clock", "ScaledClock", "SimulatedClock"]


class Clock(Protocol):
    """Seconds since the epoch, twice."""

    @property
    def scale(self) -> float:
        """Seconds of policy time in a second of wall time."""

    def wall(self) -> float:
        """Wall time, seconds since the epoch."""

    def policy(self) -> float:
        """Policy time, seconds since the epoch; never goes back."""


class ScaledClock:
    """Policy time that runs `scale` times as fast as wall time, from where it stood before.

    `policy_start` is the policy time that was last stored (0 for a new plane, which starts both
    times together); the clock carries on from there or from wall time, whichever is later, so a
    plane that was down for a while does not relive the past.
    """

    def __init__(self, scale: float = 1.0, policy_start: float = 0.0) -> None:
        if not 0 < scale <= 100_000:
            raise ValueError(f"time scale must be above 0 and at most 100000, not {scale}")
        self._scale = scale
        self._wall_start = time.time()
        self._monotonic_start = time.monotonic()
        self._policy_start = max(policy_start, self._wall_start)

    @property
    def scale(self) -> float:
        return self._scale

    def wall(self) -> float:
        return time.time()

    def policy(self) -> float:
        return self._policy_start + (time.monotonic() - self._monotonic_start) * self._scale


class SimulatedClock:
    """Both times stand still until `advance` moves them; for the planner and for tests."""

    def __init__(self, start: float = 1_700_000_000.0) -> None:
        self._now = start
        self._lock = threading.Lock()

    @property
    def scale(self) -> float:
        return 1.0

    def wall(self) -> float:
        return self._now

    def policy(self) -> float:
        return self._now

    def advance(self, seconds: float) -> None:
        """Moves both times forward by `seconds` (not negative)."""
        if seconds < 0:
            raise ValueError("time does not go back")
        with self._lock:
            self._now += seconds
