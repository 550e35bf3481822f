"""The beat of policy time, on a loop of the test's own."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, cast

from kennel.clock import SimulatedClock
from kennel.services.sagemaker_runtime.pulse import Pulse


class _Loop:
    """Runs what is due as the clock is moved."""

    def __init__(self, clock: SimulatedClock) -> None:
        self._clock = clock
        self._calls: list[tuple[float, Callable[..., None], tuple[Any, ...]]] = []

    def call_later(self, delay: float, callback: Callable[..., None], *arguments: Any) -> None:
        self._calls.append((self._clock.policy() + delay, callback, arguments))

    def advance(self, seconds: float, late: float = 0.0) -> None:
        """Time passes; each call is `late` seconds late."""
        end = self._clock.policy() + seconds
        while self._calls and min(call[0] for call in self._calls) + late <= end:
            call = min(self._calls, key=lambda call: call[0])
            self._calls.remove(call)
            self._clock.advance(max(0.0, call[0] + late - self._clock.policy()))
            call[1](*call[2])
        self._clock.advance(end - self._clock.policy())


def _pulse(start: float) -> tuple[_Loop, Pulse, list[int]]:
    clock = SimulatedClock(start)
    loop, beats = _Loop(clock), list[int]()
    pulse = Pulse(clock, 10, beats.append)
    pulse.start(cast(asyncio.AbstractEventLoop, loop))
    return loop, pulse, beats


def test_each_multiple_of_the_period_has_one_beat() -> None:
    loop, _, beats = _pulse(1003.0)
    loop.advance(40.0)
    assert beats == [1010, 1020, 1030, 1040]


def test_a_beat_that_comes_late_stands_for_its_own_moment() -> None:
    loop, _, beats = _pulse(1003.0)
    loop.advance(40.0, late=2.5)
    assert beats == [1010, 1020, 1030, 1040]


def test_beats_that_a_busy_loop_missed_are_made_up_for_but_not_hours_of_them() -> None:
    loop, _, beats = _pulse(1003.0)
    loop.advance(60.0, late=35.0)
    assert beats == [1010, 1020, 1030, 1040]
    beats.clear()
    loop.advance(100_000.0, late=90_000.0)
    assert len(beats) == 60
    assert beats[-1] - beats[0] == 590


def test_a_stopped_pulse_beats_no_more() -> None:
    loop, pulse, beats = _pulse(1003.0)
    loop.advance(10.0)
    pulse.stop()
    loop.advance(100.0)
    assert beats == [1010]
