"""What is kept of a load while it runs: counts, histograms, a timeline, and every sample on disk.

Memory is bounded by the timeline's slots, not by the number of requests.
"""

from __future__ import annotations

import csv
from collections import Counter
from dataclasses import dataclass, field
from typing import TextIO

from kennel.cli.load.histogram import Histogram
from kennel.cli.load.outcome import Outcome

__all__ = ["COLUMNS", "Recorder", "Sample", "Slot"]

COLUMNS = ("at_s", "latency_s", "outcome", "variant_or_version", "sent_s", "model_s")
"""Of samples.csv. `at_s` is when the request was due, `sent_s` when it went, both in seconds from
the beginning of the load; `latency_s` counts from when it was due; `model_s` is the time inside
the model, which only Kennel tells."""

_SLOTS = 150  # of the timeline at most
_LEAST_SLOTS = 20
_IN_A_SLOT = 20  # requests: percentiles of fewer say little
_WIDTHS = (0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800)  # seconds


@dataclass(frozen=True, slots=True)
class Sample:
    """One request that is over. Times in seconds from the beginning of the load."""

    due: float
    sent: float
    ended: float
    outcome: Outcome

    @property
    def latency(self) -> float:
        """From when it was due: what a user waits who can't know that the client was late."""
        return self.ended - self.due

    @property
    def service(self) -> float:
        """From when it was really sent."""
        return self.ended - self.sent


@dataclass(slots=True)
class Slot:
    """A stretch of the timeline, by when requests were due; `ended` by when answers came."""

    due: int = 0
    ended: int = 0
    failed: int = 0
    throttled: int = 0
    latencies: Histogram = field(default_factory=Histogram)


@dataclass(slots=True)
class Recorder:
    """Takes samples. `seconds` is how long the load should last, `warm_up` how much of its
    beginning goes into the timeline and the file but not into the figures, `expected` how many
    requests there should be if that is known."""

    seconds: float
    warm_up: float = 0.0
    file: TextIO | None = None
    expected: float | None = None
    latencies: Histogram = field(default_factory=Histogram)
    services: Histogram = field(default_factory=Histogram)
    models: Histogram = field(default_factory=Histogram)
    lateness: Histogram = field(default_factory=Histogram)
    counts: Counter[str] = field(default_factory=Counter)
    messages: dict[str, str] = field(default_factory=dict)
    answered_by: Counter[str] = field(default_factory=Counter)
    throttles: int = 0
    throttle_codes: set[str] = field(default_factory=set)
    failed: int = 0
    warm_up_requests: int = 0
    recent: Histogram = field(default_factory=Histogram)
    recent_ended: int = 0
    width: float = field(init=False)
    slots: dict[int, Slot] = field(default_factory=dict)
    _writer: object = field(init=False, default=None)

    def __post_init__(self) -> None:
        self.width = _width(self.seconds, self.expected)
        if self.file is not None:
            self._writer = csv.writer(self.file, lineterminator="\n")
            self._writer.writerow(COLUMNS)

    @property
    def others(self) -> set[str]:
        """Codes of failures that are not throttles."""
        return set(self.messages) - self.throttle_codes

    def forget_recent(self) -> None:
        """Begins a new window of what is recent."""
        self.recent, self.recent_ended = Histogram(), 0

    @property
    def requests(self) -> int:
        """Those that count."""
        return sum(self.counts.values())

    @property
    def ok(self) -> int:
        return self.latencies.count

    def add(self, sample: Sample) -> None:
        """Takes a request that is over."""
        self._write(sample)
        self._place(sample)
        self.recent_ended += 1
        outcome = sample.outcome
        if outcome.is_ok:
            self.recent.add(sample.latency)
        if sample.due < self.warm_up:
            self.warm_up_requests += 1
            return
        self.counts[outcome.code] += 1
        self.lateness.add(sample.sent - sample.due)
        if not outcome.is_ok:
            self.failed += 1
            if outcome.is_throttle:
                self.throttles += 1
                self.throttle_codes.add(outcome.code)
            self.messages.setdefault(outcome.code, outcome.message)
            return
        self.latencies.add(sample.latency)
        self.services.add(sample.service)
        if outcome.model is not None:
            self.models.add(outcome.model)
        if outcome.who:
            self.answered_by[outcome.who] += 1

    def slot(self, at: float) -> Slot:
        """The stretch of the timeline that a moment is in."""
        return self.slots.setdefault(int(at / self.width), Slot())

    def _place(self, sample: Sample) -> None:
        slot = self.slot(sample.due)
        slot.due += 1
        self.slot(sample.ended).ended += sample.outcome.is_ok
        if sample.outcome.is_ok:
            slot.latencies.add(sample.latency)
        elif sample.outcome.is_throttle:
            slot.throttled += 1
        else:
            slot.failed += 1

    def _write(self, sample: Sample) -> None:
        if self._writer is None:
            return
        model = sample.outcome.model
        self._writer.writerow(  # type: ignore[attr-defined]  # csv has no public type for it
            (
                f"{sample.due:.6f}",
                f"{sample.latency:.6f}",
                sample.outcome.code,
                sample.outcome.who,
                f"{sample.sent:.6f}",
                "" if model is None else f"{model:.6f}",
            )
        )


def _width(seconds: float, expected: float | None) -> float:
    """Seconds of a slot: a round number of them."""
    least = seconds / _SLOTS
    if expected:
        least = max(least, min(_IN_A_SLOT * seconds / expected, seconds / _LEAST_SLOTS))
    for width in _WIDTHS:
        if width >= least:
            return float(width)
    return float(-(-seconds // (_SLOTS * 3600)) * 3600)
