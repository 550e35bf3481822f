"""What a load must not do, for continuous integration: `p99>300ms`, `errors>1%`."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from operator import gt, lt

from kennel.cli.load.record import Recorder
from kennel.planner.errors import BadQuantity
from kennel.planner.quantities import parse_duration, parse_rate

__all__ = ["Failure", "parse_failure"]

_TEXT = re.compile(r"\s*([a-z]+|p\d+(?:\.\d+)?)\s*([<>])\s*(\S+)\s*")
_COMPARE = {">": gt, "<": lt}
_COUNTS: Mapping[str, str] = {"errors": "failed", "throttles": "throttles"}
_FORMS = "p99>300ms, max>2s, mean>50ms, errors>10, errors>1%, throttles>0 or rate<20/s"


@dataclass(frozen=True, slots=True)
class Failure:
    """A condition under which the command fails. `is_share`: the bound is a share of all
    requests."""

    text: str
    measure: str
    sign: str
    bound: float
    is_share: bool = False

    def holds(self, recorder: Recorder, seconds: float) -> bool:
        """Whether it came to that in a load of so many seconds. What has no value fails a bound
        on latency: nothing was answered."""
        value = self._value(recorder, seconds)
        return True if value is None else _COMPARE[self.sign](value, self.bound)

    def _value(self, recorder: Recorder, seconds: float) -> float | None:
        if self.measure in _COUNTS:
            count = getattr(recorder, _COUNTS[self.measure])
            return count / max(1, recorder.requests) if self.is_share else float(count)
        if self.measure == "rate":
            return recorder.ok / seconds
        if self.measure == "mean":
            return recorder.latencies.mean
        percent = 100.0 if self.measure == "max" else float(self.measure[1:])
        return recorder.latencies.percentile(percent)


def parse_failure(text: str) -> Failure:
    """Raises ValueError with a phrase that fits behind an option's name."""
    match = _TEXT.fullmatch(text)
    error = ValueError(f"must be a condition such as {_FORMS}, not {text!r}")
    if match is None:
        raise error
    measure, sign, bound = match.groups()
    try:
        if measure in _COUNTS:
            is_share = bound.endswith("%")
            number = float(bound.removesuffix("%"))
            return Failure(text, measure, sign, number / 100 if is_share else number, is_share)
        if measure == "rate":
            return Failure(text, measure, sign, parse_rate(bound))
        if measure in ("max", "mean") or (measure[0] == "p" and float(measure[1:]) <= 100):
            return Failure(text, measure, sign, parse_duration(bound))
    except (BadQuantity, ValueError):
        pass
    raise error
