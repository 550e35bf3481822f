"""What the report.json of a `kennel load` tells of one instance: the most that it does, or, if the
load was easily followed, only what it did."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kennel.cli.errors import UsageError
from kennel.planner.explain import MaximumRate

__all__ = ["maximum_of_report"]

_BUSY = 0.9  # of an instance's time: no more than a ninth beyond is possible
_QUEUE = 2  # requests an instance that are there at both ends of a stretch
_QUEUED = 0.1  # of a stretch's answers
_SLOW = 2  # times the usual latency
_LATE = 2.0  # seconds that a load may be late in seeing a change of capacity


@dataclass(frozen=True, slots=True)
class _Stretch:
    """Of the timeline, with a known number of instances. `queues` are the requests without an
    answer at its beginning and at its end."""

    seconds: float
    answered: int
    p50: float | None
    queues: tuple[int, int]
    instances: float

    @property
    def each(self) -> float:
        return self.answered / (self.seconds * self.instances)


def maximum_of_report(path: Path) -> MaximumRate:
    """From the stretches in which the instances were overloaded. Without any, the best rate of an
    instance in one stretch is a lower bound. Raises UsageError."""
    try:
        report: Any = json.loads(path.read_text())
        stretches = list(_stretches(report))
        model = report.get("time_in_model")
        overloaded = list(_overloaded(stretches, model))
    except OSError as error:
        raise UsageError(f"{path} can't be read: {error.strerror}.") from None
    except (AttributeError, ValueError, KeyError, TypeError, ZeroDivisionError):
        raise UsageError(f"{path} is no report.json of `kennel load`.") from None
    if not any(one.answered for one in stretches):
        raise UsageError(f"{path} has no stretch with answers and a steady number of instances.")
    if not overloaded:
        best = max(one.each for one in stretches)
        return MaximumRate(best, f"the best stretch of {path.name}", is_lower_bound=True)
    area = sum(one.seconds * one.instances for one in overloaded)
    rate = sum(one.answered for one in overloaded) / area
    return MaximumRate(rate, f"while it was overloaded in the load of {path.name}")


def _stretches(report: Mapping[str, Any]) -> Iterator[_Stretch]:
    """Those within the load in whose time the number of instances did not change."""
    changes = report["capacity"]["changes"] if report["capacity"] else [{"at": 0.0, "number": 1}]
    seen = [float(change["at"]) for change in changes[1:]]
    queue = 0
    for slot in report["timeline"]:
        at, seconds, before = float(slot["at"]), float(slot["seconds"]), queue
        queue += slot["due"] - slot["throttled"] - slot["failed"] - slot["answered"]
        if any(at - _LATE < change < at + seconds + _LATE for change in seen):
            continue
        number = [one["number"] for one in changes if one["at"] <= at] or [changes[0]["number"]]
        if number[-1] > 0:
            yield _Stretch(seconds, slot["answered"], slot["p50"], (before, queue), number[-1])


def _overloaded(
    stretches: Sequence[_Stretch], model: Mapping[str, float] | None
) -> Iterator[_Stretch]:
    """Those that the instances worked through without a pause: by the time inside the model, or
    since a queue stood from end to end that made requests slow."""
    known = [one.p50 for one in stretches if one.p50]
    usual = model["p50"] if model else min(known, default=0.0)
    for one in stretches:
        if model and one.each * model["mean"] >= _BUSY:
            yield one
            continue
        least = max(_QUEUE * one.instances, _QUEUED * one.answered)
        is_slow = one.p50 is None or one.p50 >= _SLOW * usual
        if one.answered and is_slow and min(one.queues) >= least:
            yield one
