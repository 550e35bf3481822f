"""A target under `kennel load`, watched from outside: what really happened."""

from __future__ import annotations

import csv
import json
import shutil
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from benchmarks.naps import Work
from tests.planes import Plane

__all__ = ["Observed", "Sample", "observe", "read_samples"]

_EVERY = 0.1  # seconds between two looks at the capacity
_GRACE = 120.0


@dataclass(frozen=True, slots=True)
class Sample:
    """One line of samples.csv."""

    at: float
    latency: float
    outcome: str
    model: float | None


@dataclass(slots=True)
class Observed:
    """What came of a load. `begins` is the plane's policy time at its first request (Unix time),
    `changes` the capacity over its seconds of wall time."""

    samples: Sequence[Sample]
    begins: float
    seconds: float
    changes: list[tuple[float, int]] = field(default_factory=list)

    @property
    def latencies(self) -> list[float]:
        """Of what was answered well, sorted."""
        return sorted(sample.latency for sample in self.samples if sample.outcome == "ok")

    def percentile(self, percent: float) -> float:
        """Seconds."""
        found = self.latencies
        return found[min(len(found) - 1, int(len(found) * percent / 100))]

    def count(self, outcome: str) -> int:
        return sum(sample.outcome == outcome for sample in self.samples)

    @property
    def others(self) -> dict[str, int]:
        """Failures that are no throttles; there should be none."""
        codes = {sample.outcome for sample in self.samples} - {"ok", "TooManyRequestsException"}
        return {code: self.count(code) for code in codes}

    def capacity_seconds(self, scale: float) -> float:
        """The area under the capacity, in policy time."""
        total, began = 0.0, 0.0
        ends = [at for at, _ in self.changes[1:]] + [self.seconds]
        for (_, number), ended in zip(self.changes, ends, strict=True):
            total += number * (min(ended, self.seconds) - began)
            began = min(ended, self.seconds)
        return total * scale


def observe(
    plane: Plane, target: str, work: Work, folder: Path, capacity: Callable[[], int]
) -> Observed:
    """Puts the target under the work and looks at its capacity meanwhile."""
    shutil.rmtree(folder, ignore_errors=True)
    trace, payloads = work.write(folder)
    seen: list[tuple[float, int]] = []
    over = threading.Event()
    watcher = threading.Thread(target=_watch, args=(capacity, seen, over))
    watcher.start()
    try:
        words = ["load", target, "--trace", str(trace)]
        words += ["--payload", str(payloads), "--out", str(folder / "out")]
        words += ["--json", "--allow-errors"]
        answer = plane.command(*words, seconds=work.seconds + _GRACE)
    finally:
        over.set()
        watcher.join()
    if answer.returncode != 0:
        raise RuntimeError(f"kennel load {target} ended with {answer.returncode}: {answer.stderr}")
    began = datetime.fromisoformat(json.loads(answer.stdout)["load"]["began"]).timestamp()
    samples = read_samples(folder / "out" / "samples.csv")
    found = Observed(samples, _policy_time(plane, began), work.seconds)
    before = [number for at, number in seen if at <= began] or [seen[0][1]]
    found.changes = [(0.0, before[-1])]
    for at, number in seen:
        if at > began and number != found.changes[-1][1]:
            found.changes.append((at - began, number))
    return found


def _watch(
    capacity: Callable[[], int], seen: list[tuple[float, int]], over: threading.Event
) -> None:
    while not over.is_set():
        seen.append((time.time(), capacity()))
        over.wait(_EVERY)


def _policy_time(plane: Plane, wall: float) -> float:
    """The plane's policy time at a moment of wall time."""
    clock = json.loads(plane.command("status", "--json").stdout)["clock"]
    return float(clock["policy"] + (wall - clock["wall"]) * clock["scale"])


def read_samples(path: Path) -> list[Sample]:
    """The lines of a samples.csv."""
    with path.open() as file:
        return [
            Sample(
                float(row["at_s"]),
                float(row["latency_s"]),
                row["outcome"],
                float(row["model_s"]) if row["model_s"] else None,
            )
            for row in csv.DictReader(file)
        ]
