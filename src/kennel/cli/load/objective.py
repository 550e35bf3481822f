"""What a load must not do, for continuous integration: `p99>300ms`, `errors>1%`."""

from __future__ import annotations

import math
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
_BARE = re.compile(r"\d+(\.\d*)?|\.\d+")
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
    """A bound on a latency or a rate has its unit, one on a count is a whole number or a share.
    Raises ValueError with a phrase that fits behind an option's name."""
    match = _TEXT.fullmatch(text)
    measure, sign, bound = match.groups() if match is not None else ("", "", "")
    is_latency = measure in ("max", "mean") or (measure[:1] == "p" and _percent(measure) <= 100)
    try:
        if measure in _COUNTS:
            return _of_count(text, measure, sign, bound)
        if measure == "rate":
            _refuse_bare(text, measure, sign, bound, ("/s", "/min"))
            return Failure(text, measure, sign, parse_rate(bound))
        if is_latency:
            _refuse_bare(text, measure, sign, bound, ("ms", "s"))
            return Failure(text, measure, sign, parse_duration(bound))
    except BadQuantity:
        pass
    raise ValueError(f"must be a condition such as {_FORMS}, not {text!r}")


def _percent(measure: str) -> float:
    """Of `p99.9`; infinite for what is no percentile."""
    return float(measure[1:]) if measure[1:2].isdigit() else math.inf


def _of_count(text: str, measure: str, sign: str, bound: str) -> Failure:
    number = bound.removesuffix("%")
    if bound.endswith("%") and _BARE.fullmatch(number) and float(number) <= 100:
        return Failure(text, measure, sign, float(number) / 100, is_share=True)
    if bound.isascii() and bound.isdigit():
        return Failure(text, measure, sign, float(bound))
    raise ValueError(
        f"{text!r} must bound a whole number of requests, as in {measure}{sign}10, or a share of "
        f"them, as in {measure}{sign}1%"
    )


def _refuse_bare(text: str, measure: str, sign: str, bound: str, units: tuple[str, str]) -> None:
    """A bound in milliseconds that is taken for seconds would hold never, and nobody would see."""
    if _BARE.fullmatch(bound):
        written = " or ".join(f"{measure}{sign}{bound}{unit}" for unit in units)
        raise ValueError(f"{text!r} has no unit: write {written}")
