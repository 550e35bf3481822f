"""The live line: rewritten on a terminal, a line now and then elsewhere."""

from __future__ import annotations

import shutil
from typing import TextIO

from kennel.cli.load.order import Order
from kennel.cli.load.record import Recorder
from kennel.cli.load.session import Moment
from kennel.cli.load.wording import clock, latency

__all__ = ["Screen"]

_WINDOW = 2.0  # seconds that the line's rate and percentiles are of
_FIRST_WINDOW = 0.5
_PLAIN_EVERY = 10.0


class Screen:
    """Shows how a load goes, on standard error. `unit` is what the target has several of."""

    def __init__(self, stream: TextIO, order: Order, recorder: Recorder, unit: str) -> None:
        self._stream = stream
        self._is_terminal = stream.isatty()
        self._order = order
        self._recorder = recorder
        self._unit = unit
        self._window_began = 0.0
        self._window_ends = _FIRST_WINDOW
        self._figures = "starting"
        self._shown = ""
        self._plain_due = _PLAIN_EVERY

    def tell(self, moment: Moment) -> None:
        """Shows a moment."""
        recorder = self._recorder
        span = moment.at - self._window_began
        if moment.at >= self._window_ends:
            got = recorder.recent_ended / span
            wanted = self._order.plan.rate(moment.at)
            rate = f"{got:.1f}" + ("" if wanted is None else f" of {wanted:.1f}")
            median, slow = recorder.recent.percentile(50), recorder.recent.percentile(99)
            self._figures = f"{rate}/s  p50 {latency(median)}  p99 {latency(slow)}"
            recorder.forget_recent()
            self._window_began, self._window_ends = moment.at, moment.at + _WINDOW
        if self._is_terminal:
            self._write(self._line(moment))
        elif moment.at >= self._plain_due:
            self._plain_due += _PLAIN_EVERY
            self._stream.write(self._line(moment) + "\n")
            self._stream.flush()

    def clear(self) -> None:
        """Takes the line away."""
        if self._is_terminal:
            self._write("")

    def _line(self, moment: Moment) -> str:
        whole = clock(self._order.plan.seconds)
        recorder = self._recorder
        parts = [f"{clock(moment.at)} of {whole}", self._figures]
        if not recorder.failed:
            parts.append("0 errors")
        if recorder.throttles:
            parts.append(f"throttled {recorder.throttles}")
        parts += [f"{code} {recorder.counts[code]}" for code in sorted(recorder.others)]
        parts.append(f"in flight {moment.in_flight}")
        if moment.capacity is not None:
            unit = self._unit.removesuffix("s") if moment.capacity == 1 else self._unit
            parts.append(f"{moment.capacity} {unit}")
        return "  ".join(parts)

    def _write(self, line: str) -> None:
        line = line[: shutil.get_terminal_size().columns - 1]
        end = "" if line else "\r"
        self._stream.write(f"\r{line:<{len(self._shown)}}{end}")
        self._stream.flush()
        self._shown = line
